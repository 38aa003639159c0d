import type { controlContract } from '@bulkhead/api';
import type { HandlersOf } from '@bulkhead/api/router';
import { problemOf } from './agent-client.ts';
import { relayLabs } from './relay.ts';
import type { Services } from './services.ts';

/** Labs are the agent's; all is asked of it in the caller's name. */
export function labHandlers({ agent }: Services): HandlersOf<typeof controlContract>['lab'] {
  const forward = async <T>(answer: Promise<T>): Promise<T> => {
    try {
      return await answer;
    } catch (failure) {
      throw problemOf(failure);
    }
  };
  return {
    list: ({ caller, input, signal }) => forward(agent.lab.list.query(input, { context: { caller }, signal })),
    start: ({ caller, input }) => forward(agent.lab.start.mutate(input, { context: { caller } })),
    stop: ({ caller, input }) => forward(agent.lab.stop.mutate(input, { context: { caller } })),
    watch: ({ caller, input, signal }) =>
      relayLabs(caller.subject.id, signal, (handlers) => agent.lab.watch.subscribe(input, { ...handlers, context: { caller } })),
  };
}
