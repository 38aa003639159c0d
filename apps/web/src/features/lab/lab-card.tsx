'use client';
import type { Lab, LabKind, LabRun } from '@bulkhead/model';
import { Button, TextInput } from '@mantine/core';
import { IconPlayerPlay, IconPlayerStop } from '@tabler/icons-react';
import { useTranslations } from 'next-intl';
import { type FormEvent, useState } from 'react';
import { Notice } from '../../components/notice.tsx';
import { StateMark } from '../../components/state-mark.tsx';
import { asSentence, TroubleNotice } from '../../components/trouble-notice.tsx';
import { type Trouble, troubleOf, useTRPCClient } from '../../lib/api.ts';
import { LabChart, SplitBar } from './lab-chart.tsx';
import { LabSteps } from './lab-steps.tsx';
import { LabVerdict } from './lab-verdict.tsx';
import { LabWords } from './lab-words.tsx';
import css from './labs.module.css';
import { outcomeState } from './outcome.ts';

function RunState({ run }: { run: LabRun }) {
  const t = useTranslations('labs');
  if (run.state === 'running') return <StateMark state="attention">{t('state.running')}</StateMark>;
  if (run.state === 'cleaning') return <StateMark state="attention">{t('state.cleaning')}</StateMark>;
  const outcome = run.outcome ?? 'broken';
  return <StateMark state={outcomeState[outcome]}>{t(`outcome.${outcome}`)}</StateMark>;
}

/** One lab: what it teaches, its button, and its last run with chart, writes and verdict. */
export function LabCard({ lab, run, busyWith }: { lab: Lab; run: LabRun | undefined; busyWith: LabKind | undefined }) {
  const t = useTranslations('labs');
  const client = useTRPCClient();
  const { kind, use, seconds: bounds, missing } = lab;
  const [seconds, setSeconds] = useState(String(bounds.preset));
  const [asking, setAsking] = useState(false);
  const [trouble, setTrouble] = useState<Trouble>();
  const isRunning = run !== undefined && run.state !== 'ended';

  const ask = async (act: () => Promise<unknown>) => {
    setAsking(true);
    setTrouble(undefined);
    try {
      await act();
    } catch (failure) {
      setTrouble(troubleOf(failure));
    } finally {
      setAsking(false);
    }
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (isRunning) void ask(() => client.lab.stop.mutate({ run: run.id }));
    else void ask(() => client.lab.start.mutate({ lab: kind, seconds: Number(seconds) }));
  };

  return (
    <article
      className={css.lab}
      id={kind}
      data-lab={kind}
      data-state={run?.state}
      data-outcome={run?.outcome}
      aria-labelledby={`${kind}-name`}
    >
      <header className={css.head}>
        <h2 className={css.name} id={`${kind}-name`}>
          {t(`kind.${kind}`)} <span className={css.use}>{t(`use.${use}`)}</span>
        </h2>
        {run !== undefined && <RunState run={run} />}
      </header>
      <p>{t(`teaches.${kind}`)}</p>
      <LabWords words={lab.words} />
      {missing !== undefined ? (
        <Notice state="unknown" title={t('missing')}>
          <p>{asSentence(missing.message)}</p>
          {missing.remedy !== undefined && <p>{asSentence(missing.remedy)}</p>}
        </Notice>
      ) : (
        <form className={css.controls} onSubmit={submit}>
          {isRunning ? (
            <Button
              type="submit"
              size="xs"
              variant="default"
              loading={asking}
              leftSection={<IconPlayerStop size={14} aria-hidden="true" />}
            >
              {t('stop')}
            </Button>
          ) : (
            <Button
              type="submit"
              size="xs"
              disabled={busyWith !== undefined}
              loading={asking}
              leftSection={<IconPlayerPlay size={14} aria-hidden="true" />}
            >
              {t('run')}
            </Button>
          )}
          <TextInput
            className={css.seconds ?? ''}
            size="xs"
            type="number"
            min={bounds.least}
            max={bounds.greatest}
            required
            aria-label={`${t('seconds')} (${bounds.least}–${bounds.greatest})`}
            value={seconds}
            onChange={(event) => setSeconds(event.currentTarget.value)}
            disabled={isRunning}
            rightSection="s"
          />
          {busyWith !== undefined && !isRunning && <span className={css.faint}>{t('busy', { lab: t(`kind.${busyWith}`) })}</span>}
        </form>
      )}
      {trouble !== undefined && <TroubleNotice trouble={trouble} />}
      {run !== undefined && (
        <>
          {kind === 'shares' && <SplitBar run={run} />}
          <LabChart run={run} />
          {run.problem !== undefined && (
            <Notice state="bad" title={t('outcome.broken')}>
              <p>{asSentence(run.problem.message)}</p>
              {run.problem.remedy !== undefined && <p>{asSentence(run.problem.remedy)}</p>}
            </Notice>
          )}
          <LabVerdict run={run} />
          <LabSteps run={run} />
        </>
      )}
    </article>
  );
}
