'use client';
import { Button, Checkbox, NativeSelect, TextInput } from '@mantine/core';
import { IconDownload } from '@tabler/icons-react';
import { useSearchParams } from 'next/navigation';
import { useTranslations } from 'next-intl';
import { type FormEvent, useState } from 'react';
import { Notice } from '../../../components/notice.tsx';
import { Section } from '../../../components/page-head.tsx';
import { TroubleNotice } from '../../../components/trouble-notice.tsx';
import { type Trouble, troubleOf, useTRPCClient } from '../../../lib/api.ts';
import { download } from '../../../lib/download.ts';
import { known } from '../../../lib/known.ts';
import css from './config.module.css';

const wordsOf = ['host', 'v1', 'v2'] as const;

/** `/a/b` is `a-b.conf`. */
const fileName = (path: string): string => `${path === '/' ? 'cgroups' : path.slice(1).replaceAll('/', '-')}.conf`;

/** The groups at a path and below it as a file. */
export function ConfigExport() {
  const t = useTranslations('cgconfig');
  const client = useTRPCClient();
  const params = useSearchParams();
  const [path, setPath] = useState(params.get('export') ?? '/');
  const [words, setWords] = useState<(typeof wordsOf)[number]>('host');
  const [all, setAll] = useState(false);
  const [busy, setBusy] = useState(false);
  const [trouble, setTrouble] = useState<Trouble>();
  const [lost, setLost] = useState<string[]>([]);

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setTrouble(undefined);
    setLost([]);
    try {
      const found = await client.cgroup.exportConfig.query({ path, all, ...(words === 'host' ? {} : { words }) });
      download(fileName(path), 'text/plain', found.text);
      setLost(found.lost);
    } catch (failure) {
      setTrouble(troubleOf(failure));
    } finally {
      setBusy(false);
    }
  };

  return (
    <Section title={t('export.title')}>
      <form className={css.bar} onSubmit={(event) => void submit(event)}>
        <TextInput
          className={css.path}
          size="xs"
          label={t('export.path')}
          description={t('export.pathWhat')}
          value={path}
          onChange={(event) => setPath(event.currentTarget.value)}
          autoComplete="off"
          spellCheck={false}
        />
        <NativeSelect
          size="xs"
          label={t('export.words')}
          value={words}
          onChange={(event) => setWords(known(wordsOf, event.currentTarget.value) ?? 'host')}
          data={wordsOf.map((value) => ({ value, label: t(`export.wordsOf.${value}`) }))}
        />
        <Checkbox
          size="xs"
          className={css.check}
          label={t('export.all')}
          checked={all}
          onChange={(event) => setAll(event.currentTarget.checked)}
        />
        <Button type="submit" size="xs" variant="default" loading={busy} leftSection={<IconDownload size={14} aria-hidden="true" />}>
          {t('export.word')}
        </Button>
      </form>
      {trouble && <TroubleNotice trouble={trouble} />}
      {lost.length > 0 && (
        <Notice state="attention" title={t('export.lost')}>
          <ul className={css.plain}>
            {lost.map((line) => (
              <li key={line}>{line}</li>
            ))}
          </ul>
        </Notice>
      )}
    </Section>
  );
}
