import type { controlContract } from '@bulkhead/api';
import type { HandlersOf } from '@bulkhead/api/router';
import { readCgroupHistory } from '@bulkhead/db';
import { problemOf } from './agent-client.ts';
import { scopeOf } from './scope.ts';
import type { Services } from './services.ts';

/** The tree comes from the agent in the caller's name, its history from the database. */
export function cgroupHandlers({ agent, cgroups, config, database }: Services): HandlersOf<typeof controlContract>['cgroup'] {
  const forward = async <T>(answer: Promise<T>): Promise<T> => {
    try {
      return await answer;
    } catch (failure) {
      throw problemOf(failure);
    }
  };
  return {
    tree: ({ caller, input, signal }) => forward(agent.cgroup.tree.query(input, { context: { caller }, signal })),
    inspect: ({ caller, input, signal }) => forward(agent.cgroup.inspect.query(input, { context: { caller }, signal })),
    recent: ({ caller, input, signal }) => forward(agent.cgroup.recent.query(input, { context: { caller }, signal })),
    watch: ({ signal }) => cgroups.watch(signal),
    history: ({ caller, input }) => readCgroupHistory(database, scopeOf(caller), { hostId: config.hostId, ...input }),
  };
}
