'use client';
import type { HostEvent } from '@bulkhead/model';
import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query';
import { useEffect, useMemo, useState } from 'react';
import { useTRPCClient } from '../../lib/api.ts';
import { useConnection, useLiveStore } from '../live/live-provider.tsx';

export type ListedEvent = Omit<HostEvent, 'transcript'> & { hasTranscript: boolean };

const pageSize = 100;

export interface EventFilter {
  container?: string | undefined;
  kind?: string | undefined;
}

const listed = ({ transcript, ...event }: HostEvent): ListedEvent => ({ ...event, hasTranscript: transcript !== undefined });

/** Stored events page by page, and above them those that come. */
export function useEvents(filter: EventFilter) {
  const store = useLiveStore();
  const { connection } = useConnection();
  const { container, kind } = filter;
  const [fresh, setFresh] = useState<readonly ListedEvent[]>([]);
  const client = useTRPCClient();
  const query = useInfiniteQuery({
    queryKey: ['events', container, kind],
    queryFn: ({ pageParam, signal }) =>
      client.event.list.query(
        {
          limit: pageSize,
          ...(container === undefined ? {} : { container }),
          ...(kind === undefined ? {} : { kind }),
          ...(pageParam === undefined ? {} : { before: pageParam }),
        },
        { signal },
      ),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => (page.length < pageSize ? undefined : page.at(-1)?.id),
    placeholderData: keepPreviousData,
  });
  const { refetch } = query;

  useEffect(() => {
    setFresh([]);
    return store.onEvent((event) => {
      if (kind !== undefined && event.kind !== kind) return;
      if (container !== undefined && event.containerId !== container && event.containerName !== container) return;
      setFresh((before) => [listed(event), ...before].slice(0, 1000));
    });
  }, [store, container, kind]);

  // What happened while this tab was cut off is in the database.
  useEffect(() => {
    if (connection === 'open') void refetch();
  }, [connection, refetch]);

  const events = useMemo(() => {
    if (query.data === undefined) return undefined;
    const byId = new Map<string, ListedEvent>();
    for (const event of [...query.data.pages.flat(), ...fresh]) byId.set(event.id, event);
    // UUIDv7: order by id is order in time.
    return [...byId.values()].sort((a, b) => (a.id < b.id ? 1 : -1));
  }, [query.data, fresh]);
  const freshIds = useMemo(() => new Set(fresh.map((event) => event.id)), [fresh]);
  return { ...query, events, isFresh: (id: string) => freshIds.has(id) };
}
