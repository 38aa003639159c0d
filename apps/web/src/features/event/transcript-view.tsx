'use client';
import type { Transcript } from '@bulkhead/model';
import { useTranslations } from 'next-intl';
import { CopyText } from '../../components/copy-text.tsx';
import { Measure, NotMeasured, useFormat } from '../../components/measure.tsx';
import css from './transcript.module.css';

/** What was done to the host, call by call, and the shell commands that would do the same. */
export function TranscriptView({ transcript }: { transcript: Transcript }) {
  const t = useTranslations('transcript');
  const format = useFormat();
  const nsec = (value: number) => {
    const quantity = format.duration(value / 1000);
    return { text: quantity.text, exact: `${format.integer(value)} ns` };
  };
  const commands = transcript.commands.join('\n');
  const failed = transcript.steps.filter((step) => step.error !== undefined).length;
  return (
    <div className={css.transcript}>
      {transcript.commands.length > 0 && (
        <section>
          <header className={css.head}>
            <h3>{t('commands')}</h3>
            <CopyText value={commands} />
          </header>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, and scrolling must work without a pointer */}
          <section className={css.commands} tabIndex={0} aria-label={t('commands')}>
            <pre>{commands}</pre>
          </section>
        </section>
      )}
      <section>
        <header className={css.head}>
          <h3>{t('steps')}</h3>
          <span className={css.sum}>
            {t('summary', { count: transcript.steps.length, failed })} · <Measure quantity={nsec(transcript.durationNsec)} />
          </span>
        </header>
        {transcript.steps.length === 0 ? (
          <p className={css.sum}>{t('noSteps')}</p>
        ) : (
          /* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, and scrolling must work without a pointer */
          <section className={css.steps} tabIndex={0} aria-label={t('steps')}>
            <table>
              <thead>
                <tr>
                  <th scope="col">{t('actor')}</th>
                  <th scope="col">{t('call')}</th>
                  <th scope="col">{t('result')}</th>
                  <th scope="col" className={css.number}>
                    {t('duration')}
                  </th>
                </tr>
              </thead>
              <tbody>
                {transcript.steps.map((step, index) => (
                  // biome-ignore lint/suspicious/noArrayIndexKey: a transcript never changes
                  <tr key={index} data-failed={step.error !== undefined}>
                    <td>{t(`actors.${step.actor}`)}</td>
                    <td className={css.call}>
                      <span className={css.syscall}>{step.syscall}</span>({step.args})
                      {step.repeated !== undefined && <span className={css.sum}> ×{step.repeated}</span>}
                    </td>
                    <td className={css.result}>{step.error ?? t('ok')}</td>
                    <td className={css.number}>
                      {/* A call that does not come back, execve above all, leaves nobody to stop the clock. */}
                      {step.durationNsec === 0 ? <NotMeasured reason={t('noDuration')} /> : <Measure quantity={nsec(step.durationNsec)} />}
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </section>
        )}
        {transcript.dropped > 0 && <p className={css.sum}>{t('dropped', { count: transcript.dropped })}</p>}
      </section>
    </div>
  );
}
