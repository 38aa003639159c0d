'use client';
import type { Container, ContainerDetail } from '@bulkhead/model';
import { useQuery } from '@tanstack/react-query';
import { useEffect } from 'react';
import { type Trouble, troubleOf, useTRPC } from '../../../lib/api.ts';
import { useConnection, useContainer } from '../../live/live-provider.tsx';

export interface ContainerState {
  /** As the agent, or where it is gone the database, tells it. */
  container: Container | undefined;
  detail: ContainerDetail | undefined;
  /** Nothing of it is left on the host. */
  gone: boolean;
  trouble: Trouble | undefined;
  retry(): void;
}

const pastLimit = 500;
/** What was removed a moment ago is on its way into the database. */
const pastTries = 10;

/** One container by id or name: live while it is there, from the database afterwards. */
export function useContainerState(reference: string): ContainerState {
  const trpc = useTRPC();
  const { data: detail, error, refetch } = useQuery(trpc.container.inspect.queryOptions({ container: reference }));
  const live = useContainer(detail?.id ?? reference);
  const { reachability } = useConnection();
  const missing = error !== null && troubleOf(error).problem === 'not-found';
  const isMeant = (container: Container) => container.id === reference || container.name === reference;
  const past = useQuery({
    ...trpc.container.past.queryOptions({ limit: pastLimit }),
    enabled: missing,
    refetchInterval: ({ state }) => (state.dataUpdateCount < pastTries && state.data?.some(isMeant) !== true ? 1000 : false),
  });
  const remembered = past.data?.find(isMeant);
  const reachable = reachability?.reachable;

  // Each change is told live; the rest of what is known is asked for again.
  // biome-ignore lint/correctness/useExhaustiveDependencies: a change of either is the reason to ask again
  useEffect(() => {
    if (reachable !== false) void refetch();
  }, [live, reachable, refetch]);

  const gone = missing && live === undefined;
  const container = gone ? remembered : (live ?? detail);
  const failure = gone ? (past.error ?? (past.isSuccess && remembered === undefined ? error : null)) : detail === undefined ? error : null;
  return {
    container,
    detail: gone ? undefined : detail,
    gone: gone && remembered !== undefined,
    trouble: failure === null ? undefined : troubleOf(failure),
    retry: () => void refetch(),
  };
}
