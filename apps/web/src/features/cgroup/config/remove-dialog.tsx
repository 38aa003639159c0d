'use client';
import type { CgroupConfigEntry, Transcript } from '@bulkhead/model';
import { Button, Group, Modal } from '@mantine/core';
import { useTranslations } from 'next-intl';
import { useState } from 'react';
import { Notice } from '../../../components/notice.tsx';
import { TroubleNotice } from '../../../components/trouble-notice.tsx';
import { type Trouble, troubleOf, useTRPCClient } from '../../../lib/api.ts';
import { TranscriptView } from '../../event/transcript-view.tsx';
import css from './config.module.css';
import { type Kept, KeptNotice } from './import-dialog.tsx';

/** Forgets a configuration, and tells what of it went and what stays. */
export function RemoveDialog({ config, close, onDone }: { config: CgroupConfigEntry; close(): void; onDone(): void }) {
  const t = useTranslations('cgconfig');
  const client = useTRPCClient();
  const [{ name, made }] = useState(config);
  const [busy, setBusy] = useState(false);
  const [trouble, setTrouble] = useState<Trouble>();
  const [done, setDone] = useState<{ removed: { path: string }[]; kept: Kept[]; transcript: Transcript }>();

  const remove = async () => {
    setBusy(true);
    setTrouble(undefined);
    try {
      setDone(await client.cgroup.removeConfig.mutate({ name }));
    } catch (failure) {
      setTrouble(troubleOf(failure));
    } finally {
      setBusy(false);
    }
  };
  const leave = () => {
    close();
    if (done !== undefined) onDone();
  };

  return (
    <Modal
      opened
      onClose={leave}
      title={t('remove.title', { name })}
      size={done ? 'xl' : 'md'}
      closeButtonProps={{ 'aria-label': t('close') }}
    >
      <div className={css.dialog}>
        {done ? (
          <>
            <Notice state="good" title={t('remove.done', { name, count: done.removed.length })} />
            <KeptNotice kept={done.kept} />
            <TranscriptView transcript={done.transcript} />
            <Group justify="flex-end">
              <Button onClick={leave} data-autofocus>
                {t('close')}
              </Button>
            </Group>
          </>
        ) : (
          <>
            <p>{t('remove.what')}</p>
            {made.length > 0 && <code>{made.map(({ path }) => path).join(' ')}</code>}
            {trouble && <TroubleNotice trouble={trouble} />}
            <Group justify="flex-end">
              <Button variant="default" onClick={leave} disabled={busy} data-autofocus>
                {t('cancel')}
              </Button>
              <Button color="red.8" loading={busy} onClick={() => void remove()}>
                {t('remove.word')}
              </Button>
            </Group>
          </>
        )}
      </div>
    </Modal>
  );
}
