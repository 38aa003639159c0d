'use client';
import { useTranslations } from 'next-intl';
import { useCallback } from 'react';
import { useFormat } from '../../components/measure.tsx';
import type { ListedEvent } from './use-events.ts';

const numberOf = (value: string | number | boolean | undefined): number | undefined => (typeof value === 'number' ? value : undefined);

/** Facts of an event in one line: in words where there are some, else as they are. */
export function useEventDetail(): (event: Pick<ListedEvent, 'kind' | 'detail' | 'cgroupPath'>) => string {
  const t = useTranslations('eventDetail');
  const format = useFormat();
  return useCallback(
    ({ kind, detail, cgroupPath }) => {
      const { kills, process, pid, limitOf, limit, refusals, level, usageBytes, share, stalledMsec, times } = detail;
      const parts: (string | undefined)[] = [];
      switch (kind) {
        case 'container.oom-killed':
        case 'cgroup.oom-killed': {
          const count = numberOf(kills);
          if (count === undefined) break;
          if (process === undefined) parts.push(t('killedUnknown', { kills: count }));
          else parts.push(t(count === 1 ? 'killedOne' : 'killedMany', { kills: count, process: String(process), pid: String(pid) }));
          if (limitOf === 'host') parts.push(t('ofHost'));
          else if (typeof limitOf === 'string' && limitOf !== cgroupPath) parts.push(t('ofGroup', { path: limitOf }));
          else if (typeof limit === 'number') parts.push(t('ofLimit', { limit: format.bytes(limit).text }));
          break;
        }
        case 'cgroup.pids-refused':
          parts.push(t('refused', { count: format.integer(numberOf(refusals) ?? 0) }));
          if (typeof limit === 'number') parts.push(t('ofLimit', { limit: format.integer(limit) }));
          break;
        case 'cgroup.memory-pressure':
        case 'cgroup.cpu-pressure':
        case 'cgroup.io-pressure':
        case 'cgroup.throttled': {
          if (level !== undefined) parts.push(t('level', { level: String(level) }));
          if (typeof usageBytes === 'number') parts.push(t('threshold', { used: format.bytes(usageBytes).text }));
          if (typeof share === 'number') {
            const told = { share: format.percent(share) };
            parts.push(kind === 'cgroup.throttled' ? t('periods', told) : t('share', told));
          }
          if (stalledMsec !== undefined) parts.push(t('stalled'));
          const count = numberOf(times);
          if (count !== undefined && count > 1) parts.push(t('times', { count: format.integer(count) }));
          break;
        }
        default:
      }
      const words = parts.filter((part) => part !== undefined);
      if (words.length > 0) return words.join(' · ');
      return Object.entries(detail)
        .map(([name, value]) => `${name} ${value}`)
        .join(' · ');
    },
    [t, format],
  );
}
