'use client';
import type { CgroupConfigPreview, CgroupPath, Transcript } from '@bulkhead/model';
import { Button, Checkbox, Group, Modal } from '@mantine/core';
import { useTranslations } from 'next-intl';
import { useState } from 'react';
import { Notice } from '../../../components/notice.tsx';
import { TroubleNotice } from '../../../components/trouble-notice.tsx';
import { type Trouble, troubleOf, useTRPCClient } from '../../../lib/api.ts';
import { TranscriptView } from '../../event/transcript-view.tsx';
import css from './config.module.css';
import type { ConfigDraft } from './draft.ts';
import { Steps } from './steps.tsx';

export interface Kept {
  path: CgroupPath;
  reason: string;
}

/** Groups that stay, and why. */
export function KeptNotice({ kept }: { kept: readonly Kept[] }) {
  const t = useTranslations('cgconfig');
  if (kept.length === 0) return null;
  return (
    <Notice state="attention" title={t('kept')}>
      <ul className={css.plain}>
        {kept.map(({ path, reason }) => (
          <li key={`${path} ${reason}`}>
            <code>{path}</code> {reason}
          </li>
        ))}
      </ul>
    </Notice>
  );
}

/** Says what is about to be done, does it, and shows how it was done. */
export function ImportDialog({
  draft,
  preview,
  close,
  onDone,
}: {
  draft: ConfigDraft;
  preview: CgroupConfigPreview;
  close(): void;
  onDone(): void;
}) {
  const t = useTranslations('cgconfig');
  const client = useTRPCClient();
  // What is typed meanwhile is for the next time.
  const [{ name, text }] = useState(draft);
  const [{ steps, foreign }] = useState(preview);
  const [confirmed, setConfirmed] = useState(false);
  const [busy, setBusy] = useState(false);
  const [trouble, setTrouble] = useState<Trouble>();
  const [done, setDone] = useState<{ transcript: Transcript; kept: Kept[] }>();

  const apply = async () => {
    setBusy(true);
    setTrouble(undefined);
    try {
      setDone(await client.cgroup.importConfig.mutate({ name, text, confirmed }));
      onDone();
    } catch (failure) {
      setTrouble(troubleOf(failure));
    } finally {
      setBusy(false);
    }
  };

  return (
    <Modal
      opened
      onClose={close}
      title={t('apply.title', { name })}
      size={done ? 'xl' : 'lg'}
      closeButtonProps={{ 'aria-label': t('close') }}
    >
      <div className={css.dialog}>
        {done ? (
          <>
            <Notice state="good" title={t('apply.done', { name })} />
            <KeptNotice kept={done.kept} />
            <TranscriptView transcript={done.transcript} />
            <Group justify="flex-end">
              <Button onClick={close} data-autofocus>
                {t('close')}
              </Button>
            </Group>
          </>
        ) : (
          <>
            <p>{t('apply.what', { count: steps.length })}</p>
            {steps.length > 0 && <Steps label={t('steps')} steps={steps} />}
            {foreign.length > 0 && (
              <Checkbox
                label={t('apply.foreign', { paths: foreign.map(({ path }) => path).join(', ') })}
                checked={confirmed}
                onChange={(event) => setConfirmed(event.currentTarget.checked)}
              />
            )}
            {trouble && <TroubleNotice trouble={trouble} />}
            <Group justify="flex-end">
              <Button variant="default" onClick={close} disabled={busy}>
                {t('cancel')}
              </Button>
              <Button loading={busy} disabled={foreign.length > 0 && !confirmed} onClick={() => void apply()} data-autofocus>
                {t('apply.word')}
              </Button>
            </Group>
          </>
        )}
      </div>
    </Modal>
  );
}
