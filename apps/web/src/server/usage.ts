import { type Caller, type controlContract, mayTouch } from '@bulkhead/api';
import type { HandlersOf } from '@bulkhead/api/router';
import { summariseUsage, waitForSeq } from '@bulkhead/db';
import { problemOf } from './agent-client.ts';
import { scopeOf } from './scope.ts';
import type { Services } from './services.ts';

const storedWithinMsec = 15_000;
const meter: Caller = { subject: { kind: 'service', id: 'web', name: 'dashboard' }, role: 'administrator', tenants: 'all' };

export function usageHandlers({ agent, config, database, log }: Services): HandlersOf<typeof controlContract>['usage'] {
  /** Makes what was used until this moment durable; answers false where the agent is away and only what is stored can be told. */
  const bringUpToDate = async (): Promise<boolean> => {
    let lastSeq: number;
    try {
      ({ lastSeq } = await agent.journal.flush.mutate({}, { context: { caller: meter } }));
    } catch (failure) {
      const problem = problemOf(failure);
      if (problem.code !== 'unavailable') throw problem;
      log.warn({ problem: problem.message }, 'use is told as stored: the agent is away');
      return false;
    }
    await waitForSeq(database, config.hostId, lastSeq, storedWithinMsec);
    return true;
  };
  return {
    async summarise({ caller, input }) {
      if (input.tenantId !== undefined && !mayTouch(caller, input.tenantId)) return [];
      const now = new Date().toISOString();
      const wantsNow = input.to === undefined || input.to >= now;
      const current = wantsNow ? await bringUpToDate() : true;
      const summaries = await summariseUsage(database, scopeOf(caller), input);
      if (current) return summaries;
      return summaries.map((summary) => {
        const lastAt = summary.containers
          .map((line) => line.lastAt)
          .sort()
          .at(-1);
        return lastAt === undefined || lastAt > summary.to ? summary : { ...summary, to: lastAt };
      });
    },
  };
}
