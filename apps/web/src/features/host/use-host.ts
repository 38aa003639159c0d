'use client';
import type { HostView } from '@bulkhead/api';
import type { HostUse } from '@bulkhead/model';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useMemo, useRef, useState } from 'react';
import { type Trouble, troubleOf, useTRPC } from '../../lib/api.ts';
import { type Point, type Series, seriesOf } from '../../lib/series.ts';
import { useConnection } from '../live/live-provider.tsx';

const useRefreshMsec = 2_000;
const gapMsec = 7_000;
const keptPoints = 450;

export interface HostState {
  view: HostView | undefined;
  use: HostUse | undefined;
  /** Busy CPUs, in thousandths, between the last two answers; undefined before the second. */
  cpuMillis: number | undefined;
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
  const before = useRef<HostUse>(undefined);
  const points = useRef<{ cpu: Point[]; memory: Point[] }>({ cpu: [], memory: [] });
  const [version, setVersion] = useState(0);
  const reachable = reachability?.reachable;
  const { refetch } = list;

  // biome-ignore lint/correctness/useExhaustiveDependencies: that the agent came or went is the reason to ask again
  useEffect(() => {
    if (enabled) void refetch();
  }, [enabled, reachable, refetch]);

  useEffect(() => {
    const now = use.data;
    if (now === undefined || now.at === before.current?.at) return;
    const atMsec = Date.parse(now.at);
    const earlier = before.current;
    before.current = now;
    const elapsedMsec = earlier === undefined ? 0 : atMsec - Date.parse(earlier.at);
    const busyUsec = earlier === undefined ? 0 : Number(BigInt(now.cpuBusyUsec) - BigInt(earlier.cpuBusyUsec));
    const cpu = elapsedMsec > 0 && elapsedMsec < gapMsec && busyUsec >= 0 ? busyUsec / elapsedMsec : null;
    points.current = {
      cpu: [...points.current.cpu, { atMsec, value: cpu }].slice(-keptPoints),
      memory: [...points.current.memory, { atMsec, value: Number(now.memoryUsedBytes) }].slice(-keptPoints),
    };
    setVersion((count) => count + 1);
  }, [use.data]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: the version stands for what the ref holds
  const series = useMemo(
    () => ({ cpu: seriesOf(points.current.cpu, gapMsec), memory: seriesOf(points.current.memory, gapMsec) }),
    [version],
  );
  const away = use.error !== null;
  return {
    view: list.data?.[0],
    use: away ? undefined : use.data,
    cpuMillis: away ? undefined : (series.cpu.y.at(-1) ?? undefined),
    ...series,
    trouble: list.error === null ? undefined : troubleOf(list.error),
    retry: () => void refetch(),
  };
}
