import { type Caller, type controlContract, mayTouch } from '@bulkhead/api';
import type { HandlersOf } from '@bulkhead/api/router';
import { gapsOfTenant, listConservation, reportUsage, watermarksOf } from '@bulkhead/db';
import { Problem } from '@bulkhead/model';
import { scopeOf } from './scope.ts';
import type { Services } from './services.ts';
import { bringUpToDate } from './up-to-date.ts';

/** A period begins before it ends, and is no longer than some years: every hour of it may have to be looked at. */
const longestMsec = 5 * 366 * 86_400_000;

function toWindow({ from, to }: { from: string; to: string }): { start: string; end: string } {
  const msec = Date.parse(to) - Date.parse(from);
  if (msec <= 0) throw new Problem('invalid', `to: ${to} is not after ${from}`);
  if (msec > longestMsec) throw new Problem('invalid', 'to: a period is five years long at most');
  return { start: from, end: to };
}

/** A tenant that the caller may not touch has nothing, as one that does not exist. */
const isTheirs = (caller: Caller, tenantId: string): boolean => mayTouch(caller, tenantId);

export function ledgerHandlers(services: Services): HandlersOf<typeof controlContract>['ledger'] {
  const { database } = services;
  return {
    async report({ caller, input }) {
      const window = toWindow(input);
      if (!isTheirs(caller, input.tenantId)) return [];
      if (window.end >= new Date().toISOString()) await bringUpToDate(services);
      return await reportUsage(database, scopeOf(caller), { tenantId: input.tenantId, ...window });
    },
    async conservation({ caller, input }) {
      const window = toWindow(input);
      if (input.tenantId !== undefined && !isTheirs(caller, input.tenantId)) return [];
      return await listConservation(database, scopeOf(caller), { tenantId: input.tenantId, ...window });
    },
    async gaps({ caller, input }) {
      const window = toWindow(input);
      return isTheirs(caller, input.tenantId) ? await gapsOfTenant(database, scopeOf(caller), { tenantId: input.tenantId, ...window }) : [];
    },
    watermarks: ({ input }) => watermarksOf(database, toWindow(input)),
  };
}
