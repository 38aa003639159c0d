import type { agentContract } from '@bulkhead/api';
import type { HandlersOf } from '@bulkhead/api/router';
import type { Services } from './services.ts';

export const cgroupHandlers = ({ hostCgroups }: Services): HandlersOf<typeof agentContract>['cgroup'] => ({
  tree: () => hostCgroups.tree(),
  inspect: ({ input }) => hostCgroups.inspect(input.path),
  watch: ({ signal }) => hostCgroups.watch(signal),
  recent: ({ input }) => hostCgroups.recent(input.path),
});
