'use client';
import type { CgroupUse } from '@bulkhead/model';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { useTRPC } from '../../lib/api.ts';
import { useConnection, useHostLive } from '../live/live-provider.tsx';
import type { UseSample } from './samples.ts';
import { keptMsec, mergeSamples } from './samples.ts';

/**
 * The last 15 minutes of a cgroup, second by second: what the agent remembers and what came since. The version grows with
 * every sample, at most once in `everyMsec`.
 */
export function useCgroupSamples(path: string | undefined, everyMsec = 1_000): { samples: readonly UseSample[]; version: number } {
  const trpc = useTRPC();
  const { tree } = useHostLive();
  const { reachability } = useConnection();
  const kept = useRef<{ path: string | undefined; samples: UseSample[] }>({ path: undefined, samples: [] });
  if (kept.current.path !== path) kept.current = { path, samples: [] };
  const [version, setVersion] = useState(0);
  const recent = useQuery({
    ...trpc.cgroup.recent.queryOptions({ path: path ?? '/' }),
    enabled: path !== undefined && reachability?.reachable === true,
    staleTime: 10_000,
    refetchOnWindowFocus: false,
  });

  useEffect(() => {
    if (recent.data === undefined) return;
    const told = recent.data.map(({ at, use }) => ({ atMsec: Date.parse(at), use }));
    kept.current.samples = mergeSamples(told, kept.current.samples);
    setVersion((count) => count + 1);
  }, [recent.data]);

  useEffect(() => {
    if (path === undefined) return;
    let shownAtMsec = 0;
    return tree.onRound(({ atMsec }) => {
      const use: CgroupUse | undefined = tree.use(path);
      const { samples } = kept.current;
      if (use === undefined || atMsec <= (samples.at(-1)?.atMsec ?? 0)) return;
      samples.push({ atMsec, use });
      while ((samples[0]?.atMsec ?? atMsec) < atMsec - keptMsec) samples.shift();
      if (atMsec - shownAtMsec < everyMsec) return;
      shownAtMsec = atMsec;
      setVersion((count) => count + 1);
    });
  }, [tree, path, everyMsec]);

  return { samples: kept.current.samples, version };
}
