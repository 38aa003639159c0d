import { randomUUID } from 'node:crypto';
import { toMinor } from '@bulkhead/accounting';
import type { controlContract } from '@bulkhead/api';
import type { HandlersOf } from '@bulkhead/api/router';
import {
  assignPlan,
  endAssignments,
  grantCredit,
  listAccounts,
  readAccount,
  readCredits,
  readIssuer,
  setAccount,
  setIssuer,
} from '@bulkhead/db';
import { Problem } from '@bulkhead/model';
import { scopeOf } from '../scope.ts';
import type { Services } from '../services.ts';
import { nameOf } from './act.ts';

export function accountHandlers({ database, log }: Services): HandlersOf<typeof controlContract>['account'] {
  return {
    list: ({ caller }) => listAccounts(database, scopeOf(caller)),
    get: ({ caller, input }) => readAccount(database, scopeOf(caller), input.tenantId),
    async set({ caller, input }) {
      const account = await setAccount(database, input);
      log.info({ by: caller.subject, account }, 'a billing account was set');
      return account;
    },
    async assign({ caller, input }) {
      const assignment = await assignPlan(database, input);
      log.info({ by: caller.subject, assignment }, 'a plan was assigned');
      return assignment;
    },
    async unassign({ caller, input }) {
      await endAssignments(database, input.tenantId, input.at);
      log.info({ by: caller.subject, ...input }, 'assignments of plans were ended');
      return await readAccount(database, 'all', input.tenantId);
    },
    issuer: () => readIssuer(database),
    async setIssuer({ caller, input }) {
      await setIssuer(database, input);
      log.info({ by: caller.subject, issuer: input }, 'who issues invoices was set');
      return input;
    },
  };
}

export function creditHandlers({ database, log }: Services): HandlersOf<typeof controlContract>['credit'] {
  return {
    list: ({ caller, input }) => readCredits(database, scopeOf(caller), input.tenantId),
    async grant({ caller, input }) {
      const { from, ...credit } = input;
      const { amount, currency, tenantId } = credit;
      if (toMinor(amount, currency) <= 0n) throw new Problem('invalid', `amount: ${amount} is no credit: it must be more than 0`);
      const { account } = await readAccount(database, 'all', tenantId);
      if (account.currency !== currency)
        throw new Problem('invalid', `currency: the account of tenant ${tenantId} is in ${account.currency}, the credit in ${currency}`);
      const entry = { kind: 'grant', creditId: randomUUID(), at: from ?? new Date().toISOString(), ...credit } as const;
      await grantCredit(database, entry, nameOf(caller));
      log.info({ by: caller.subject, entry }, 'a credit was granted');
      return entry;
    },
  };
}
