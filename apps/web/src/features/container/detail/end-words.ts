'use client';
import type { Container, PostMortem } from '@bulkhead/model';
import { endCauseOf, signalName } from '@bulkhead/model/end-cause';
import { useTranslations } from 'next-intl';
import { useFormat } from '../../../components/measure.tsx';

/** Signals by which a program ends through a fault of its own (signal(7)): ILL, TRAP, ABRT, BUS, FPE, SEGV, SYS. */
const faults: ReadonlySet<number> = new Set([4, 5, 6, 7, 8, 11, 31]);
const kill = 9;

/** Why a container ended, in plain words. */
export function useEndWords(): (container: Container, card: PostMortem | undefined) => string {
  const t = useTranslations('postMortem.cause');
  const format = useFormat();
  return (container, card) => {
    const cause = endCauseOf(container, card);
    switch (cause.kind) {
      case 'memory-limit': {
        const limit = format.bytes(cause.limitBytes).text;
        if (cause.peakBytes === undefined) return t('memoryLimitNoPeak', { limit });
        return t('memoryLimit', { limit, peak: format.bytes(cause.peakBytes).text });
      }
      case 'memory-limit-above':
        return t('memoryAbove', { path: cause.path });
      case 'memory-host':
        return t('memoryHost');
      case 'memory-unknown':
        return t('memoryUnknown');
      case 'after-oom-kill': {
        const { code, command } = cause;
        return command === undefined ? t('afterOomKillUnknown', { code }) : t('afterOomKill', { code, command });
      }
      case 'asked': {
        const { subject, signal, exitStatus } = cause;
        const who = subject.name;
        if (signal === kill) return t('askedKill', { who });
        const isKilled = exitStatus.kind === 'signaled' && exitStatus.signal === kill;
        return t(isKilled ? 'askedKilled' : 'asked', { who, signal: signalName(signal) });
      }
      case 'signal': {
        const signal = signalName(cause.signal);
        if (!faults.has(cause.signal)) return t('signal', { signal });
        return t(cause.coreDumped ? 'crashedDumped' : 'crashed', { signal });
      }
      case 'after-refused-forks':
        return t('afterRefusedForks', { code: cause.code, count: format.integer(cause.refusals) });
      case 'done':
        return t('done');
      case 'not-found':
        return t('notFound');
      case 'failed':
        return t('failed', { code: cause.code });
      case 'unknown':
        return cause.reason === undefined ? t('unknown') : t('unknownReason', { reason: cause.reason });
    }
  };
}
