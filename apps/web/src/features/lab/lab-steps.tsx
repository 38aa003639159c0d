'use client';
import type { LabRun, LabStep } from '@bulkhead/model';
import { useTranslations } from 'next-intl';
import type { ReactNode } from 'react';
import { CopyText } from '../../components/copy-text.tsx';
import css from './labs.module.css';
import { useLabFormat } from './use-lab-format.ts';

const code = (text: ReactNode) => <code>{text}</code>;

function Step({ step }: { step: LabStep }) {
  const t = useTranslations('labs');
  const { signal } = useLabFormat();
  switch (step.type) {
    case 'created':
      return t.rich('step.created', { code, container: step.container, path: step.cgroupPath, command: step.args.join(' ') });
    case 'write':
      return <code>{step.command}</code>;
    case 'phase':
      return t('step.phase', { phase: t(`phase.${step.phase}`) });
    case 'exited': {
      const { container, exitStatus, oomKilled } = step;
      if (exitStatus.kind === 'exited') return t.rich('step.exited', { code, container, exitCode: exitStatus.code });
      if (exitStatus.kind === 'unknown') return t.rich('step.unknown', { code, container });
      return t.rich(oomKilled === true ? 'step.oomKilled' : 'step.signaled', { code, container, signal: signal(exitStatus.signal) });
    }
    case 'started':
    case 'removed':
      return t.rich(`step.${step.type}`, { code, container: step.container });
  }
}

/** What a run wrote into kernel files, as commands to copy, and below everything it did. */
export function LabSteps({ run }: { run: LabRun }) {
  const t = useTranslations('labs');
  const { seconds } = useLabFormat();
  const commands = run.steps.flatMap((step) => (step.type === 'write' ? [step.command] : []));
  return (
    <div className={css.steps}>
      <div className={css.stepsHead}>
        <h3>{t('writes')}</h3>
        {commands.length > 0 && <CopyText value={commands.join('\n')} />}
      </div>
      {commands.length === 0 ? (
        <p className={css.faint}>{t('noWrites')}</p>
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, and scrolling must work without a pointer
        <section className={css.commands} tabIndex={0} aria-label={t('writes')}>
          <pre>{commands.join('\n')}</pre>
        </section>
      )}
      <details className={css.details}>
        <summary>{t('steps', { count: run.steps.length })}</summary>
        <ol className={css.log}>
          {run.steps.map((step, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: steps are only added
            <li key={index}>
              <span className={css.at}>{seconds(step.atMsec)}</span>
              <span className={css.what}>
                <Step step={step} />
              </span>
            </li>
          ))}
        </ol>
      </details>
    </div>
  );
}
