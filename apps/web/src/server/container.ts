import type { controlContract } from '@bulkhead/api';
import type { HandlersOf } from '@bulkhead/api/router';
import { findPostMortem, listPastContainers, readHistory } from '@bulkhead/db';
import { Problem } from '@bulkhead/model';
import { problemOf } from './agent-client.ts';
import { relayOutput } from './relay.ts';
import { scopeOf } from './scope.ts';
import type { Services } from './services.ts';

/** Verbs on containers go on to the agent in the caller's name; history comes from the database, live data from this process. */
export function containerHandlers({ agent, database, live }: Services): HandlersOf<typeof controlContract>['container'] {
  const forward = async <T>(answer: Promise<T>): Promise<T> => {
    try {
      return await answer;
    } catch (failure) {
      throw problemOf(failure);
    }
  };
  const verbs = agent.container;
  return {
    list: ({ caller, input, signal }) => forward(verbs.list.query(input, { context: { caller }, signal })),
    inspect: ({ caller, input, signal }) => forward(verbs.inspect.query(input, { context: { caller }, signal })),
    create: ({ caller, input }) => forward(verbs.create.mutate(input, { context: { caller } })),
    start: ({ caller, input }) => forward(verbs.start.mutate(input, { context: { caller } })),
    run: ({ caller, input, signal }) => forward(verbs.run.mutate(input, { context: { caller }, signal })),
    update: ({ caller, input }) => forward(verbs.update.mutate(input, { context: { caller } })),
    kill: ({ caller, input }) => forward(verbs.kill.mutate(input, { context: { caller } })),
    stop: ({ caller, input }) => forward(verbs.stop.mutate(input, { context: { caller } })),
    delete: ({ caller, input }) => forward(verbs.delete.mutate(input, { context: { caller } })),
    wait: ({ caller, input, signal }) => forward(verbs.wait.query(input, { context: { caller }, signal })),
    async postMortem({ caller, input, signal }) {
      try {
        return await verbs.postMortem.query(input, { context: { caller }, signal });
      } catch (failure) {
        const problem = problemOf(failure);
        // What the host has no more, or cannot tell now, is remembered here.
        const mayBeKnown = problem instanceof Problem && (problem.code === 'not-found' || problem.code === 'unavailable');
        const found = mayBeKnown ? await findPostMortem(database, scopeOf(caller), input.container) : undefined;
        if (found === undefined) throw problem;
        const { container, deleted, postMortem } = found;
        return { container, gone: deleted, ...(postMortem === undefined ? {} : { postMortem }) };
      }
    },
    processes: ({ caller, input, signal }) => forward(verbs.processes.query(input, { context: { caller }, signal })),
    logs: ({ caller, input, signal }) =>
      relayOutput(caller.subject.id, signal, (handlers) => verbs.logs.subscribe(input, { ...handlers, context: { caller } })),
    exec: ({ caller, input }) => forward(verbs.exec.mutate(input, { context: { caller } })),
    output: ({ caller, input, signal }) =>
      relayOutput(caller.subject.id, signal, (handlers) => verbs.output.subscribe(input, { ...handlers, context: { caller } })),
    input: ({ caller, input }) => forward(verbs.input.mutate(input, { context: { caller } })),
    resize: ({ caller, input }) => forward(verbs.resize.mutate(input, { context: { caller } })),
    watch: ({ caller, input, signal }) => live.watchContainers(caller, input.tenantId, signal),
    recent: ({ caller, input, signal }) => forward(verbs.recent.query(input, { context: { caller }, signal })),
    samples: ({ caller, signal }) => live.watchSamples(caller, signal),
    async history({ caller, input }) {
      const points = await readHistory(database, scopeOf(caller), input);
      if (points === undefined) throw new Problem('not-found', `there is no history of a container ${input.containerId}`);
      return points;
    },
    trends: ({ caller, input }) => live.trends(caller, input.containers),
    past: ({ caller, input }) => listPastContainers(database, scopeOf(caller), input.limit),
  };
}
