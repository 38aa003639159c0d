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
    controllers: ({ caller, input, signal }) => forward(agent.cgroup.controllers.query(input, { context: { caller }, signal })),
    settings: ({ caller, input, signal }) => forward(agent.cgroup.settings.query(input, { context: { caller }, signal })),
    processes: ({ caller, input, signal }) => forward(agent.cgroup.processes.query(input, { context: { caller }, signal })),
    plan: ({ caller, input, signal }) => forward(agent.cgroup.plan.query(input, { context: { caller }, signal })),
    set: ({ caller, input }) => forward(agent.cgroup.set.mutate(input, { context: { caller } })),
    create: ({ caller, input }) => forward(agent.cgroup.create.mutate(input, { context: { caller } })),
    remove: ({ caller, input }) => forward(agent.cgroup.remove.mutate(input, { context: { caller } })),
    move: ({ caller, input }) => forward(agent.cgroup.move.mutate(input, { context: { caller } })),
    freeze: ({ caller, input }) => forward(agent.cgroup.freeze.mutate(input, { context: { caller } })),
    thaw: ({ caller, input }) => forward(agent.cgroup.thaw.mutate(input, { context: { caller } })),
    kill: ({ caller, input }) => forward(agent.cgroup.kill.mutate(input, { context: { caller } })),
    previewConfig: ({ caller, input, signal }) => forward(agent.cgroup.previewConfig.mutate(input, { context: { caller }, signal })),
    importConfig: ({ caller, input }) => forward(agent.cgroup.importConfig.mutate(input, { context: { caller } })),
    exportConfig: ({ caller, input, signal }) => forward(agent.cgroup.exportConfig.query(input, { context: { caller }, signal })),
    makeFromTemplate: ({ caller, input }) => forward(agent.cgroup.makeFromTemplate.mutate(input, { context: { caller } })),
    listConfigs: ({ caller, input, signal }) => forward(agent.cgroup.listConfigs.query(input, { context: { caller }, signal })),
    removeConfig: ({ caller, input }) => forward(agent.cgroup.removeConfig.mutate(input, { context: { caller } })),
    history: ({ caller, input }) => readCgroupHistory(database, scopeOf(caller), { hostId: config.hostId, ...input }),
  };
}
