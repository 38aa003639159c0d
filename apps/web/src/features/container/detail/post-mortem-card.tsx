'use client';
import type { EffectiveLimits, PostMortem } from '@bulkhead/model';
import { signalName } from '@bulkhead/model/end-cause';
import { useTranslations } from 'next-intl';
import type { ReactNode } from 'react';
import facts from '../../../components/facts.module.css';
import { Measure, NotMeasured, useFormat } from '../../../components/measure.tsx';
import { Notice } from '../../../components/notice.tsx';
import { Section } from '../../../components/page-head.tsx';
import { ClockTime } from '../../../components/time.tsx';
import { useShown } from './container-frame.tsx';
import css from './detail.module.css';
import { useEndWords } from './end-words.ts';
import { usePostMortem } from './use-post-mortem.ts';

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

/** Why a counter is not there. */
function useMissingReason(card: PostMortem): (counter: 'kernel' | 'io' | 'pressure') => string {
  const m = useTranslations('postMortem.missing');
  return (counter) => {
    if (card.reading === undefined) return m('gone');
    if (counter === 'pressure') return card.cgroupVersion === 1 ? m('version1') : m('kernel');
    return counter === 'io' ? m('io') : m('kernel');
  };
}

function Exit({ card }: { card: PostMortem }) {
  const t = useTranslations('postMortem');
  const { exitStatus } = card;
  switch (exitStatus.kind) {
    case 'exited':
      return t('exitCode', { code: exitStatus.code });
    case 'signaled':
      return t('exitSignal', { signal: signalName(exitStatus.signal), code: 128 + exitStatus.signal });
    case 'unknown':
      return t('exitUnknown', { reason: exitStatus.reason });
  }
}

function Memory({ card }: { card: PostMortem }) {
  const t = useTranslations('postMortem');
  const format = useFormat();
  const missing = useMissingReason(card);
  const { reading, victims, limits } = card;
  const { memoryOomKills: kills, memoryPeakBytes: peak } = reading ?? {};
  const limit = limits?.memoryMaxBytes;
  return (
    <>
      <Fact name={t('fact.oomKills')}>
        {kills === undefined ? <NotMeasured reason={missing('kernel')} /> : format.integer(Number(kills))}
        {victims.length > 0 && (
          <ul className={css.small}>
            {victims.map(({ pid, command }) => (
              <li key={pid}>{t('victim', { command, pid: String(pid) })}</li>
            ))}
          </ul>
        )}
      </Fact>
      <Fact name={t('fact.peak')}>
        {peak === undefined ? (
          <NotMeasured reason={missing('kernel')} />
        ) : typeof limit === 'number' ? (
          t('peakOf', { peak: format.bytes(BigInt(peak)).text, limit: format.bytes(limit).text })
        ) : (
          <Measure quantity={format.bytes(BigInt(peak))} />
        )}
      </Fact>
    </>
  );
}

function Throttled({ card }: { card: PostMortem }) {
  const t = useTranslations('postMortem');
  const format = useFormat();
  const missing = useMissingReason(card);
  const { cpuThrottledUsec: usec, cpuPeriods: periods, cpuThrottledPeriods: throttled } = card.reading ?? {};
  if (usec === undefined || periods === undefined || throttled === undefined) return <NotMeasured reason={missing('kernel')} />;
  // Without a single period in its life there was no quota.
  if (periods === '0') return <span className={facts.soft}>{t('noQuota')}</span>;
  return t('throttledFor', { time: format.duration(BigInt(usec)).text, share: format.percent(Number(throttled) / Number(periods)) });
}

function Pressure({ card }: { card: PostMortem }) {
  const t = useTranslations('postMortem');
  const format = useFormat();
  const missing = useMissingReason(card);
  const { pressure } = card;
  if (pressure === undefined) return <NotMeasured reason={missing('pressure')} />;
  const told = (['cpu', 'memory', 'io'] as const).flatMap((resource) => {
    const total = pressure[resource];
    return total === undefined
      ? []
      : [t('pressureOf', { resource: t(`resource.${resource}`), time: format.duration(total.someUsec).text })];
  });
  return told.join(' · ');
}

function Refusals({ card }: { card: PostMortem }) {
  const missing = useMissingReason(card);
  const format = useFormat();
  return card.pidsRefusals === undefined ? <NotMeasured reason={missing('kernel')} /> : format.integer(card.pidsRefusals);
}

/** Limits in words; those that are not there are left out. */
function useLimitWords(): (limits: EffectiveLimits, withoutToo: boolean) => string[] {
  const t = useTranslations('postMortem');
  const l = useTranslations('limits');
  const format = useFormat();
  return ({ memoryMaxBytes, cpuMaxMillis, cpuWeight, pidsMax }, withoutToo) => {
    const one = (limit: number | 'max' | undefined, what: string, text: (limit: number) => string): string[] => {
      if (limit === undefined) return [];
      return limit === 'max' ? (withoutToo ? [t('without', { what })] : []) : [text(limit)];
    };
    return [
      ...one(memoryMaxBytes, l('memory'), (limit) => t('memoryLimit', { limit: format.bytes(limit).text })),
      ...one(cpuMaxMillis, l('cpu'), (limit) => t('cpuLimit', { limit: format.cores(limit).text })),
      ...one(pidsMax, l('pids'), (limit) => t('pidsLimit', { limit: format.integer(limit) })),
      ...(cpuWeight === undefined ? [] : [t('weight', { weight: format.integer(cpuWeight) })]),
    ];
  };
}

function Limits({ card }: { card: PostMortem }) {
  const t = useTranslations('postMortem');
  const words = useLimitWords();
  const { limits, limitChanges } = card;
  return (
    <>
      <Fact name={t('fact.limits')}>
        {limits === undefined ? <NotMeasured reason={t('missing.limits')} /> : words(limits, false).join(' · ') || t('noLimits')}
      </Fact>
      <Fact name={t('fact.setBy')}>
        <ul className={css.small}>
          {limitChanges.map((change) => (
            <li key={change.at}>
              {change.subject?.name ?? t('somebody')}, <ClockTime at={change.at} />
              {`: ${words(change.limits, true).join(' · ') || t('noLimits')}`}
            </li>
          ))}
        </ul>
      </Fact>
    </>
  );
}

function Use({ card }: { card: PostMortem }) {
  const t = useTranslations('postMortem');
  const format = useFormat();
  const missing = useMissingReason(card);
  const { cpuUsageUsec: cpu, ioReadBytes: read, ioWriteBytes: written } = card.reading ?? {};
  const bytes = (value: string | undefined) =>
    value === undefined ? <NotMeasured reason={missing('io')} /> : <Measure quantity={format.bytes(BigInt(value))} />;
  return (
    <>
      <Fact name={t('fact.cpuTime')}>
        {cpu === undefined ? <NotMeasured reason={missing('kernel')} /> : <Measure quantity={format.duration(BigInt(cpu))} />}
      </Fact>
      <Fact name={t('fact.read')}>{bytes(read)}</Fact>
      <Fact name={t('fact.written')}>{bytes(written)}</Fact>
    </>
  );
}

function Ran({ card }: { card: PostMortem }) {
  const m = useTranslations('postMortem.missing');
  const format = useFormat();
  const { startedAt, finishedAt } = card;
  if (startedAt === undefined || finishedAt === undefined) return <NotMeasured reason={m('notStarted')} />;
  return <Measure quantity={format.duration(Math.max(0, Date.parse(finishedAt) - Date.parse(startedAt)) * 1000)} />;
}

/** What is known of a container that ended: why, in plain words, and what it had used by then. */
export function PostMortemCard() {
  const t = useTranslations('postMortem');
  const words = useEndWords();
  const { container, gone } = useShown();
  const card = usePostMortem();
  if (!gone && container.status !== 'stopped') return null;
  if (card === undefined)
    return (
      <Section title={t('title')}>
        <p className={css.cause}>{words(container, undefined)}</p>
        <p className={facts.soft}>{t('waiting')}</p>
      </Section>
    );
  if (card === null)
    return container.exitStatus === undefined || container.exitStatus.kind === 'unknown' ? (
      <Notice state="unknown" title={t('none.title')}>
        {t('none.what')}
      </Notice>
    ) : (
      <Section title={t('title')}>
        <p className={css.cause}>{words(container, undefined)}</p>
        <p className={facts.soft}>{t('none.what')}</p>
      </Section>
    );
  return (
    <div data-post-mortem={card.containerId}>
      <Section title={t('title')} aside={t.rich('sealed', { time: () => <ClockTime at={card.sealedAt} /> })}>
        <p className={css.cause}>{words(container, card)}</p>
        {!card.isWhole && <p className={facts.soft}>{t('partial')}</p>}
        <div className={facts.columns}>
          <dl className={facts.list}>
            <Fact name={t('fact.exit')}>
              <Exit card={card} />
            </Fact>
            <Fact name={t('fact.ran')}>
              <Ran card={card} />
            </Fact>
            <Memory card={card} />
          </dl>
          <dl className={facts.list}>
            <Use card={card} />
            <Fact name={t('fact.throttled')}>
              <Throttled card={card} />
            </Fact>
          </dl>
          <dl className={facts.list}>
            <Fact name={t('fact.refusals')}>
              <Refusals card={card} />
            </Fact>
            <Fact name={t('fact.pressure')}>
              <Pressure card={card} />
            </Fact>
            <Limits card={card} />
          </dl>
        </div>
      </Section>
    </div>
  );
}
