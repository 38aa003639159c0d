import type { controlContract } from '@bulkhead/api';
import type { HandlersOf } from '@bulkhead/api/router';
import { previewPlan } from '@bulkhead/billing';
import { addPlanVersion, listPlans, readPlan, withdrawPlanVersion } from '@bulkhead/db';
import { scopeOf } from '../scope.ts';
import type { Services } from '../services.ts';
import { nameOf } from './act.ts';

export function planHandlers({ database, log }: Services): HandlersOf<typeof controlContract>['plan'] {
  return {
    list: ({ caller }) => listPlans(database, scopeOf(caller), new Date()),
    inspect: ({ caller, input }) => readPlan(database, scopeOf(caller), input.planId),
    async create({ caller, input }) {
      const version = await addPlanVersion(database, input, { isNew: true, by: nameOf(caller) });
      log.info({ by: caller.subject, plan: version.planId }, 'a price plan was made');
      return version;
    },
    async addVersion({ caller, input }) {
      const version = await addPlanVersion(database, input, { isNew: false, by: nameOf(caller) });
      log.info({ by: caller.subject, plan: version.planId, version: version.version }, 'a version of a price plan was added');
      return version;
    },
    async withdraw({ caller, input }) {
      await withdrawPlanVersion(database, input.planId, input.version);
      log.info({ by: caller.subject, ...input }, 'a version of a price plan was withdrawn');
      return {};
    },
    preview: ({ input: { plan, use, zone, month = new Date().toISOString().slice(0, 7) } }) => previewPlan(plan, { use, zone, month }),
  };
}
