'use client';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { useTRPC } from '../../lib/api.ts';
import type { UseSample } from './samples.ts';

/** Stored points of a cgroup over a window. */
export function useStoredSamples(path: string, window: { fromMsec: number; toMsec: number } | undefined) {
  const trpc = useTRPC();
  const query = useQuery({
    ...trpc.cgroup.history.queryOptions({
      path,
      from: new Date(window?.fromMsec ?? 0).toISOString(),
      to: new Date(window?.toMsec ?? 0).toISOString(),
    }),
    enabled: window !== undefined,
    placeholderData: keepPreviousData,
  });
  const samples = useMemo<UseSample[]>(
    () =>
      (query.data ?? []).map(({ at, stepSeconds: _, cpuMillisMost: __, memoryBytesMost: ___, ...use }) => ({
        atMsec: Date.parse(at),
        use,
      })),
    [query.data],
  );
  const stepMsec = (query.data ?? []).reduce((most, { stepSeconds }) => Math.max(most, stepSeconds), 60) * 1000;
  return { ...query, samples, stepMsec };
}
