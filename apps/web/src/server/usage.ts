import { type controlContract, mayTouch } from '@bulkhead/api';
import type { HandlersOf } from '@bulkhead/api/router';
import { summariseUsage } from '@bulkhead/db';
import { scopeOf } from './scope.ts';
import type { Services } from './services.ts';
import { bringUpToDate } from './up-to-date.ts';

export function usageHandlers(services: Services): HandlersOf<typeof controlContract>['usage'] {
  const { database } = services;
  return {
    async summarise({ caller, input }) {
      if (input.tenantId !== undefined && !mayTouch(caller, input.tenantId)) return [];
      const now = new Date().toISOString();
      const wantsNow = input.to === undefined || input.to >= now;
      const current = wantsNow ? await bringUpToDate(services) : true;
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
