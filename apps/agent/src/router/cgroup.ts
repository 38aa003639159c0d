import type { agentContract, CgroupChange } from '@bulkhead/api';
import type { HandlersOf } from '@bulkhead/api/router';
import type { Services } from './services.ts';

export const cgroupHandlers = ({ hostCgroups }: Services): HandlersOf<typeof agentContract>['cgroup'] => ({
  tree: () => hostCgroups.tree(),
  inspect: ({ input }) => hostCgroups.inspect(input.path),
  async *watch({ signal }) {
    const snapshot = (): CgroupChange => ({ type: 'snapshot', ...hostCgroups.tree() });
    yield* hostCgroups.live.subscribe<CgroupChange>({
      signal,
      first: [snapshot()],
      select: (change) => change,
      overflow: () => [snapshot()],
    });
  },
  recent: ({ input }) => hostCgroups.recent(input.path),
});
