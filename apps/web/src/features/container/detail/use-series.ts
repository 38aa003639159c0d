'use client';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useEffect, useMemo, useRef, useState } from 'react';
import { liveMsec } from '../../../components/use-chart-window.ts';
import { useTRPC, useTRPCClient } from '../../../lib/api.ts';
import { historyStepMsec, joinSeries, type Point, type Series, seriesOf } from '../../../lib/series.ts';
import { useConnection, useLiveStore, useSamples } from '../../live/live-provider.tsx';
import { meanUse, type Use } from '../../live/live-store.ts';

/** Samples come once a second; after this long one was missed. */
const liveGapMsec = 5_000;

export interface ContainerSeries {
  cpu: Series;
  memory: Series;
}

const empty: ContainerSeries = { cpu: { x: [], y: [] }, memory: { x: [], y: [] } };

const pick = (uses: readonly Use[], field: 'cpuMillis' | 'memoryBytes'): Point[] =>
  uses.map((use) => ({ atMsec: use.atMsec, value: use[field] ?? null }));

/**
 * The last 15 minutes, second by second: what the agent remembers, what came since, and where the agent has forgotten
 * (it was started anew) the coarser steps that the control plane kept.
 */
export function useLiveSeries(containerId: string, enabled: boolean): ContainerSeries {
  const trpc = useTRPC();
  const client = useTRPCClient();
  const store = useLiveStore();
  const { reachability } = useConnection();
  const reachable = reachability?.reachable === true;
  useSamples();
  const uses = useRef<Use[]>([]);
  const [version, setVersion] = useState(0);
  const trend = useQuery({ ...trpc.container.trends.queryOptions({ containers: [containerId] }), enabled, staleTime: 60_000 });

  useEffect(() => {
    if (!enabled || !reachable) return;
    let left = false;
    client.container.recent
      .query({ container: containerId })
      .then((samples) => {
        if (left) return;
        const readings = samples.map((sample) => ({ atMsec: Date.parse(sample.at), reading: sample.reading }));
        const told = readings.map((reading, index) => meanUse(readings[index - 1], reading));
        const byTime = new Map([...uses.current, ...told].map((use) => [use.atMsec, use]));
        // The first of a run has no CPU of its own; where it was already known it keeps it.
        for (const use of uses.current) if (use.cpuMillis !== undefined) byTime.set(use.atMsec, use);
        uses.current = [...byTime.values()].sort((a, b) => a.atMsec - b.atMsec);
        setVersion((count) => count + 1);
      })
      .catch(() => undefined);
    return () => {
      left = true;
    };
  }, [client, containerId, enabled, reachable]);

  useEffect(() => {
    if (!enabled) return;
    return store.onRound((round) => {
      if (!round.samples.some((sample) => sample.containerId === containerId)) return;
      const use = store.latestUse(containerId);
      if (use === undefined || use.atMsec <= (uses.current.at(-1)?.atMsec ?? 0)) return;
      const oldest = use.atMsec - liveMsec - 60_000;
      uses.current = [...uses.current.filter((kept) => kept.atMsec >= oldest), use];
      setVersion((count) => count + 1);
    });
  }, [store, containerId, enabled]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: the version stands for what the ref holds
  return useMemo(() => {
    const kept = trend.data?.[0];
    const stepMsec = (kept?.stepSeconds ?? 1) * 1000;
    const coarse = (values: readonly (number | null)[]): Series => {
      const endMsec = Date.parse(kept?.endAt ?? '');
      const points = values.map((value, index) => ({ atMsec: endMsec - (values.length - 1 - index) * stepMsec - stepMsec / 2, value }));
      return seriesOf(points.slice(points.findIndex((point) => point.value !== null)), stepMsec * 2);
    };
    const fine = {
      cpu: seriesOf(pick(uses.current, 'cpuMillis'), liveGapMsec),
      memory: seriesOf(pick(uses.current, 'memoryBytes'), liveGapMsec),
    };
    if (kept === undefined) return fine;
    const measured = (values: readonly (number | null)[]) => (values.some((value) => value !== null) ? coarse(values) : empty.cpu);
    return {
      cpu: joinSeries(measured(kept.cpuMillis), fine.cpu, stepMsec * 2),
      memory: joinSeries(measured(kept.memoryBytes), fine.memory, stepMsec * 2),
    };
  }, [version, trend.data]);
}

/** Stored minutes of a window. */
export function useStoredSeries(containerId: string, window: { fromMsec: number; toMsec: number } | undefined) {
  const trpc = useTRPC();
  const query = useQuery({
    ...trpc.container.history.queryOptions({
      containerId,
      from: new Date(window?.fromMsec ?? 0).toISOString(),
      to: new Date(window?.toMsec ?? 0).toISOString(),
    }),
    enabled: window !== undefined,
    placeholderData: keepPreviousData,
  });
  const spanMsec = window === undefined ? 0 : window.toMsec - window.fromMsec;
  const series = useMemo<ContainerSeries>(() => {
    if (query.data === undefined) return empty;
    const gapMsec = historyStepMsec(spanMsec) * 2.5;
    const points = (field: 'cpuMillis' | 'memoryBytes') =>
      query.data.map((point) => ({ atMsec: Date.parse(point.at), value: point[field] ?? null }));
    return { cpu: seriesOf(points('cpuMillis'), gapMsec), memory: seriesOf(points('memoryBytes'), gapMsec) };
  }, [query.data, spanMsec]);
  return { ...query, series };
}
