'use client';
import type { PostMortem } from '@bulkhead/model';
import { useQuery } from '@tanstack/react-query';
import { useTRPC } from '../../../lib/api.ts';
import { useShown } from './container-frame.tsx';

/** The card follows the end by a moment, in which the disk confirms it. */
const againMsec = 500;
const waitedMsec = 15_000;

/** What is known of the end of the shown container; `undefined` while it is asked for, `null` where nothing was kept. */
export function usePostMortem(): PostMortem | null | undefined {
  const { container, gone } = useShown();
  const trpc = useTRPC();
  const hasEnded = gone || container.status === 'stopped';
  const endedMsec = container.finishedAt === undefined ? 0 : Date.parse(container.finishedAt);
  const mayCome = (): boolean => !gone && Date.now() - endedMsec < waitedMsec;
  const { data } = useQuery({
    ...trpc.container.postMortem.queryOptions({ container: container.id }),
    enabled: hasEnded,
    refetchInterval: ({ state }) => (state.data?.postMortem === undefined && mayCome() ? againMsec : false),
  });
  if (data === undefined) return undefined;
  return data.postMortem ?? (mayCome() ? undefined : null);
}
