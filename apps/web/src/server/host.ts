import type { controlContract } from '@bulkhead/api';
import type { HandlersOf } from '@bulkhead/api/router';
import { problemOf } from './agent-client.ts';
import type { Services } from './services.ts';
import { reportStorage } from './storage.ts';

export function hostHandlers({ agent, config, database, live, log, meter }: Services): HandlersOf<typeof controlContract>['host'] {
  return {
    async list({ caller, signal }) {
      const { lastSeenAt } = live;
      try {
        const info = await agent.host.info.query({}, { context: { caller }, signal });
        return [{ ...info, reachable: true, lastSeenAt: new Date().toISOString() }];
      } catch (failure) {
        const problem = problemOf(failure);
        if (problem.code !== 'unavailable') throw problem;
        log.info({ hostId: live.hostId, problem: problem.message }, 'the host is listed as unreachable');
        return [{ hostId: live.hostId, reachable: false, ...(lastSeenAt === undefined ? {} : { lastSeenAt }) }];
      }
    },
    async use({ caller, signal }) {
      try {
        return await agent.host.use.query({}, { context: { caller }, signal });
      } catch (failure) {
        throw problemOf(failure);
      }
    },
    async doctor({ caller, signal }) {
      try {
        return await agent.host.doctor.query({}, { context: { caller }, signal });
      } catch (failure) {
        throw problemOf(failure);
      }
    },
    storage: ({ caller, signal }) => reportStorage({ agent, config, database, log }, caller, signal),
    recent: () => meter.points(),
    watch: ({ signal }) => live.watchReachability(signal),
  };
}
