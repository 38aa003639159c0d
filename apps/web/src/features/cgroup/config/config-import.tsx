'use client';
import { longestCgroupConfig } from '@bulkhead/model/cgroup-config-size';
import { Button, FileButton, TextInput } from '@mantine/core';
import { IconFile, IconPlayerPlay } from '@tabler/icons-react';
import { useTranslations } from 'next-intl';
import { useState } from 'react';
import { Section } from '../../../components/page-head.tsx';
import { TroubleNotice } from '../../../components/trouble-notice.tsx';
import { troubleOf } from '../../../lib/api.ts';
import css from './config.module.css';
import { ConfigEditor } from './config-editor.tsx';
import { ConfigPreview } from './config-preview.tsx';
import type { ConfigDraft } from './draft.ts';
import { ImportDialog } from './import-dialog.tsx';
import { usePreview } from './use-preview.ts';

/** Two groups that share a CPU 20 to 80: the smallest file that does something. */
const example = `group lesscpu {
	cpu {
		cpu.shares = 200;
	}
}
group morecpu {
	cpu {
		cpu.shares = 800;
	}
}
`;

/** A text, what it would do on both versions while it is typed, and the button that does it. */
export function ConfigImport({
  draft,
  revision,
  onDraft,
  onDone,
}: {
  draft: ConfigDraft;
  /** Counts what was applied or removed. */
  revision: number;
  onDraft(draft: ConfigDraft): void;
  onDone(): void;
}) {
  const t = useTranslations('cgconfig');
  const { preview, error, isBehind } = usePreview(draft, revision);
  const [confirming, setConfirming] = useState(false);
  const [fileTrouble, setFileTrouble] = useState<string>();
  const { name, text } = draft;
  const isTooLong = new TextEncoder().encode(text).length > longestCgroupConfig;

  const open = async (file: File | null) => {
    setFileTrouble(undefined);
    if (file === null) return;
    if (file.size > longestCgroupConfig) {
      setFileTrouble(t('tooLong', { name: file.name }));
      return;
    }
    try {
      const content = new TextDecoder('utf-8', { fatal: true }).decode(await file.arrayBuffer());
      onDraft({ name: file.name.replace(/\.conf$/, ''), text: content });
    } catch {
      setFileTrouble(t('notText', { name: file.name }));
    }
  };

  return (
    <Section title={t('import.title')}>
      <div className={css.bar}>
        <TextInput
          className={css.name}
          size="xs"
          label={t('import.name')}
          description={t('import.nameWhat')}
          value={name}
          onChange={(event) => onDraft({ ...draft, name: event.currentTarget.value })}
          autoComplete="off"
          spellCheck={false}
        />
        <FileButton onChange={(file) => void open(file)} accept=".conf,text/plain">
          {(props) => (
            <Button {...props} size="xs" variant="default" leftSection={<IconFile size={14} aria-hidden="true" />}>
              {t('import.open')}
            </Button>
          )}
        </FileButton>
        <Button size="xs" variant="default" onClick={() => onDraft({ name: 'cgconfig', text: example })}>
          {t('import.example')}
        </Button>
        <Button
          size="xs"
          className={css.apply}
          leftSection={<IconPlayerPlay size={14} aria-hidden="true" />}
          disabled={
            isTooLong || isBehind || text.trim() === '' || preview === undefined || preview.faults.length > 0 || preview.refusals.length > 0
          }
          onClick={() => setConfirming(true)}
        >
          {t('import.apply')}
        </Button>
      </div>
      {fileTrouble !== undefined && <p className={css.bad}>{fileTrouble}</p>}
      <ConfigEditor text={text} faults={preview?.faults ?? []} onText={(next) => onDraft({ ...draft, text: next })} />
      {error && <TroubleNotice trouble={troubleOf(error)} />}
      {text.trim() !== '' && preview !== undefined && <ConfigPreview preview={preview} />}
      {confirming && preview !== undefined && (
        <ImportDialog draft={draft} preview={preview} close={() => setConfirming(false)} onDone={onDone} />
      )}
    </Section>
  );
}
