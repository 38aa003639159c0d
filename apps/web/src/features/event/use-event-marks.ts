'use client';
import type { EventKind } from '@bulkhead/model';
import { useQuery } from '@tanstack/react-query';
import { useTranslations } from 'next-intl';
import { useEffect, useMemo, useState } from 'react';
import { useFormat } from '../../components/measure.tsx';
import type { ChartMark } from '../../components/time-chart.tsx';
import { useTRPC } from '../../lib/api.ts';
import { formatClock } from '../../lib/format.ts';
import { useLiveStore } from '../live/live-provider.tsx';
import { eventState, eventWords } from './event-words.ts';
import { useEventDetail } from './use-event-detail.ts';
import type { ListedEvent } from './use-events.ts';

const most = 200;
const refreshMsec = 30_000;

/** What stands beside the line in the chart, of the kinds that belong there. */
const words = {
  'container.started': 'start',
  'container.exited': 'end',
  'container.oom-killed': 'oom',
  'cgroup.oom-killed': 'oom',
  'cgroup.pids-refused': 'refused',
  'cgroup.memory-pressure': 'memory',
  'cgroup.cpu-pressure': 'cpu',
  'cgroup.io-pressure': 'io',
  'cgroup.throttled': 'throttled',
  'cgroup.frozen': 'frozen',
  'cgroup.thawed': 'thawed',
  'container.updated': 'limits',
  'cgroup.set': 'limits',
  'cgroup.moved': 'moved',
  'cgroup.killed': 'killed',
} as const satisfies Partial<Record<EventKind, string>>;
type Marked = keyof typeof words;
const isMarked = (kind: EventKind): kind is Marked => kind in words;

/** Events of a container or of a cgroup as marks in its charts, as they come. */
export function useEventMarks(of: { container: string } | { cgroup: string }): ChartMark[] {
  const t = useTranslations('chart.mark');
  const w = useTranslations('eventKind');
  const detailOf = useEventDetail();
  const { locale } = useFormat();
  const trpc = useTRPC();
  const store = useLiveStore();
  const container = 'container' in of ? of.container : undefined;
  const cgroup = 'cgroup' in of ? of.cgroup : undefined;
  const { data } = useQuery({ ...trpc.event.list.queryOptions({ ...of, limit: most }), refetchInterval: refreshMsec });
  const [fresh, setFresh] = useState<readonly Omit<ListedEvent, 'hasTranscript'>[]>([]);

  useEffect(() => {
    setFresh([]);
    return store.onEvent((event) => {
      const isMeant = container !== undefined ? event.containerId === container : event.cgroupPath === cgroup;
      if (isMeant && isMarked(event.kind)) setFresh((before) => [event, ...before].slice(0, most));
    });
  }, [store, container, cgroup]);

  return useMemo(() => {
    const byId = new Map([...(data ?? []), ...fresh].map((event) => [event.id, event]));
    return [...byId.values()].flatMap((event) => {
      const { kind, at } = event;
      if (!isMarked(kind)) return [];
      const atMsec = Date.parse(at);
      const detail = detailOf(event);
      const title = `${formatClock(locale, atMsec, Date.now())}  ${w(eventWords[kind])}${detail === '' ? '' : ` · ${detail}`}`;
      return [{ atMsec, label: t(words[kind]), title, state: eventState(kind) === 'good' ? ('unknown' as const) : eventState(kind) }];
    });
  }, [data, fresh, t, w, detailOf, locale]);
}
