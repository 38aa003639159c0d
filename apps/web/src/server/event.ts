import type { controlContract } from '@bulkhead/api';
import type { HandlersOf } from '@bulkhead/api/router';
import { findEvent, listEvents } from '@bulkhead/db';
import { type HostEvent, Problem } from '@bulkhead/model';
import { scopeOf } from './scope.ts';
import type { Services } from './services.ts';

const withoutTranscript = ({ transcript, ...event }: HostEvent) => ({ ...event, hasTranscript: transcript !== undefined });

/** Stored events, and before them those that only this process has heard of yet. */
export function eventHandlers({ database, live }: Services): HandlersOf<typeof controlContract>['event'] {
  return {
    async list({ caller, input }) {
      const stored = await listEvents(database, scopeOf(caller), input);
      const known = new Set(stored.map((event) => event.id));
      const fresh = live
        .recentEvents(caller)
        .filter((event) => !known.has(event.id))
        .filter((event) => input.kind === undefined || event.kind === input.kind)
        .filter((event) => input.before === undefined || event.id < input.before)
        .filter((event) => input.cgroup === undefined || event.cgroupPath === input.cgroup)
        .filter((event) => input.container === undefined || [event.containerId, event.containerName].includes(input.container))
        .map(withoutTranscript);
      // UUIDv7: order by id is order in time.
      return [...fresh, ...stored].sort((a, b) => (a.id < b.id ? 1 : -1)).slice(0, input.limit);
    },
    async inspect({ caller, input }) {
      const event =
        live.recentEvents(caller).find((candidate) => candidate.id === input.id) ?? (await findEvent(database, scopeOf(caller), input.id));
      if (event === undefined) throw new Problem('not-found', `there is no event ${input.id}`);
      return event;
    },
    watch: ({ caller, signal }) => live.watchEvents(caller, signal),
  };
}
