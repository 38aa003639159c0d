'use client';
import type { HostView } from '@bulkhead/api';
import type { HostUse } from '@bulkhead/model';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useMemo } from 'react';
import { type Trouble, troubleOf, useTRPC } from '../../lib/api.ts';
import { type Series, seriesOf } from '../../lib/series.ts';
import { useConnection } from '../live/live-provider.tsx';

const useRefreshMsec = 5_000;
const chartRefreshMsec = 5_000;
const gapMsec = 17_000;

export interface HostState {
  view: HostView | undefined;
  use: HostUse | undefined;
  cpu: Series;
  memory: Series;
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
  return {
    view: list.data?.[0],
    use: away ? undefined : use.data,
    ...series,
    trouble: list.error === null ? undefined : troubleOf(list.error),
    retry: () => void refetch(),
  };
}
