import type { agentContract } from '@bulkhead/api';
import type { HandlersOf } from '@bulkhead/api/router';
import { cgroupConfigHandlers } from './cgroup-config.ts';
import type { Services } from './services.ts';

export const cgroupHandlers = (services: Services): HandlersOf<typeof agentContract>['cgroup'] => {
  const { hostCgroups, cgroupVerbs } = services;
  return {
    tree: () => hostCgroups.tree(),
    inspect: ({ input }) => hostCgroups.inspect(input.path),
    watch: ({ signal }) => hostCgroups.watch(signal),
    recent: ({ input }) => hostCgroups.recent(input.path),
    controllers: () => cgroupVerbs.controllers(),
    settings: ({ input }) => cgroupVerbs.settings(input.path),
    processes: ({ input }) => cgroupVerbs.processes(input.path, input.below),
    plan: ({ caller, input }) => cgroupVerbs.plan(caller, input),
    set: ({ caller, input }) => cgroupVerbs.set(caller, input),
    create: ({ caller, input }) => cgroupVerbs.create(caller, input),
    remove: ({ caller, input }) => cgroupVerbs.remove(caller, input),
    move: ({ caller, input }) => cgroupVerbs.move(caller, input),
    freeze: ({ caller, input }) => cgroupVerbs.freeze(caller, input),
    thaw: ({ caller, input }) => cgroupVerbs.thaw(caller, input),
    kill: ({ caller, input }) => cgroupVerbs.kill(caller, input),
    ...cgroupConfigHandlers(services),
  };
};
