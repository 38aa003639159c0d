'use client';
import type { HostView } from '@bulkhead/api';
import type { HostUse } from '@bulkhead/model';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useMemo, useRef } from 'react';
import { type Trouble, troubleOf, useTRPC } from '../../lib/api.ts';
import { type Series, seriesOf } from '../../lib/series.ts';
import { useConnection } from '../live/live-provider.tsx';
import { cpuBetween } from './ranking.ts';

const useRefreshMsec = 5_000;
const chartRefreshMsec = 5_000;
const gapMsec = 17_000;

export interface HostState {
  view: HostView | undefined;
  use: HostUse | undefined;
  cpu: Series;
  memory: Series;
  /** CPU in use of each of our processes, in thousandths, by pid. */
  cpuOf: ReadonlyMap<number, number>;
  trouble: Trouble | undefined;
  retry(): void;
}

/** The host and its use, asked for again and again while somebody looks. */
export function useHost(enabled: boolean): HostState {
  const trpc = useTRPC();
  const { reachability } = useConnection();
  const list = useQuery({ ...trpc.host.list.queryOptions({}), enabled, refetchInterval: 30_000 });
  const use = useQuery({ ...trpc.host.use.queryOptions({}), enabled, refetchInterval: useRefreshMsec, retry: false });
  const recent = useQuery({ ...trpc.host.recent.queryOptions({}), enabled, refetchInterval: chartRefreshMsec });
  const reachable = reachability?.reachable;
  const { refetch } = list;

  // biome-ignore lint/correctness/useExhaustiveDependencies: that the agent came or went is the reason to ask again
  useEffect(() => {
    if (enabled) void refetch();
  }, [enabled, reachable, refetch]);

  const series = useMemo(() => {
    const points = (field: 'cpuMillis' | 'memoryUsedBytes') =>
      (recent.data ?? []).map((point) => ({ atMsec: Date.parse(point.at), value: point[field] ?? null }));
    return { cpu: seriesOf(points('cpuMillis'), gapMsec), memory: seriesOf(points('memoryUsedBytes'), gapMsec) };
  }, [recent.data]);
  const away = use.error !== null;
  const totals = useRef<{ at: string; before: Map<number, { atMsec: number; cpuUsec: bigint }>; cpuOf: Map<number, number> }>({
    at: '',
    before: new Map(),
    cpuOf: new Map(),
  });
  if (use.data !== undefined && use.data.at !== totals.current.at) {
    const { before } = totals.current;
    const now = new Map(use.data.processes.map(({ pid, cpuUsec }) => [pid, { atMsec: Date.parse(use.data.at), cpuUsec: BigInt(cpuUsec) }]));
    const cpuOf = new Map(
      [...now].flatMap(([pid, total]) => {
        const millis = cpuBetween(before.get(pid), total);
        return millis === undefined ? [] : [[pid, millis] as const];
      }),
    );
    totals.current = { at: use.data.at, before: now, cpuOf };
  }
  return {
    view: list.data?.[0],
    use: away ? undefined : use.data,
    ...series,
    cpuOf: away ? new Map() : totals.current.cpuOf,
    trouble: list.error === null ? undefined : troubleOf(list.error),
    retry: () => void refetch(),
  };
}
