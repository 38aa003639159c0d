'use client';
import type { Container, Transcript } from '@bulkhead/model';
import { signalNumbers } from '@bulkhead/model/exit-code';
import { Button, Group, Modal, NativeSelect, TextInput } from '@mantine/core';
import { useTranslations } from 'next-intl';
import { type FormEvent, useState } from 'react';
import { Notice } from '../../components/notice.tsx';
import { TroubleNotice } from '../../components/trouble-notice.tsx';
import { type ApiClient, type Trouble, troubleOf, useTRPCClient } from '../../lib/api.ts';
import { TranscriptView } from '../event/transcript-view.tsx';
import css from './action-dialog.module.css';
import type { ContainerAction } from './actions.ts';

const stopSeconds = { default: 10, most: 3600 } as const;

interface Answers {
  signal: number;
  timeoutSeconds: number;
}

async function act(client: ApiClient, action: ContainerAction, container: Container, answers: Answers): Promise<Transcript> {
  const { id } = container;
  switch (action) {
    case 'start':
      return (await client.container.start.mutate({ container: id })).transcript;
    case 'stop':
      return (await client.container.stop.mutate({ container: id, timeoutSeconds: answers.timeoutSeconds })).transcript;
    case 'kill':
      return (await client.container.kill.mutate({ container: id, signal: answers.signal })).transcript;
    case 'delete':
      return (await client.container.delete.mutate({ container: id, force: container.status === 'running' })).transcript;
  }
}

/** Says what will be done, does it, and shows how it was done. */
export function ActionDialog({
  container,
  action,
  close,
  onDone,
}: {
  container: Container;
  action: ContainerAction;
  close(): void;
  onDone?: (() => void) | undefined;
}) {
  const t = useTranslations('action');
  const client = useTRPCClient();
  // What is live may end while the dialog is open; it goes on speaking of what was chosen.
  const [subject] = useState(container);
  const [answers, setAnswers] = useState<Answers>({ signal: signalNumbers.TERM, timeoutSeconds: stopSeconds.default });
  const [typed, setTyped] = useState('');
  const [busy, setBusy] = useState(false);
  const [trouble, setTrouble] = useState<Trouble>();
  const [transcript, setTranscript] = useState<Transcript>();
  const destroys = action === 'delete';
  const mayGo = !destroys || typed === subject.name;

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setTrouble(undefined);
    try {
      setTranscript(await act(client, action, subject, answers));
    } catch (failure) {
      setTrouble(troubleOf(failure));
    } finally {
      setBusy(false);
    }
  };
  const leave = () => {
    close();
    if (transcript !== undefined) onDone?.();
  };

  return (
    <Modal
      opened
      onClose={leave}
      title={t(`${action}.title`, { name: subject.name })}
      size={transcript ? 'xl' : 'md'}
      closeButtonProps={{ 'aria-label': t('close') }}
    >
      {transcript ? (
        <div className={css.form}>
          <Notice state="good" title={t(`${action}.done`, { name: subject.name })} />
          <TranscriptView transcript={transcript} />
          <Group justify="flex-end">
            <Button onClick={leave} data-autofocus>
              {t('close')}
            </Button>
          </Group>
        </div>
      ) : (
        <form className={css.form} onSubmit={submit}>
          <p>{destroys && subject.status === 'running' ? t('delete.whatRunning') : t(`${action}.what`)}</p>
          {trouble && <TroubleNotice trouble={trouble} />}
          {action === 'kill' && (
            <NativeSelect
              label={t('kill.signal')}
              value={String(answers.signal)}
              onChange={(event) => setAnswers({ ...answers, signal: Number(event.currentTarget.value) })}
              data={Object.entries(signalNumbers).map(([name, number]) => ({ value: String(number), label: `SIG${name} (${number})` }))}
            />
          )}
          {action === 'stop' && (
            <TextInput
              type="number"
              min={0}
              max={stopSeconds.most}
              label={t('stop.timeout')}
              description={t('stop.timeoutWhat')}
              value={answers.timeoutSeconds}
              onChange={(event) => setAnswers({ ...answers, timeoutSeconds: event.currentTarget.valueAsNumber || 0 })}
            />
          )}
          {destroys && (
            <TextInput
              label={t.rich('delete.typeName', { name: subject.name, code: (text) => <code>{text}</code> })}
              value={typed}
              onChange={(event) => setTyped(event.currentTarget.value)}
              autoComplete="off"
              spellCheck={false}
              data-autofocus
            />
          )}
          <Group justify="flex-end">
            <Button variant="default" onClick={leave} disabled={busy}>
              {t('cancel')}
            </Button>
            <Button type="submit" loading={busy} disabled={!mayGo} {...(destroys || action === 'kill' ? { color: 'red.8' } : {})}>
              {t(`${action}.word`)}
            </Button>
          </Group>
        </form>
      )}
    </Modal>
  );
}
