import type { MeterId } from '@bulkhead/model';
import { controlOf } from '../../client/clients.ts';
import { print, printJson } from '../../output/print.ts';
import { formatTable } from '../../output/table.ts';
import { toTimestamp } from '../../output/timestamp.ts';

/** `credit ls` */
export async function listCredits(stateDirectory: string, { json, tenant }: { json?: boolean; tenant: string }): Promise<void> {
  const view = await controlOf(stateDirectory).credit.list.query({ tenantId: tenant });
  if (json === true) {
    printJson(view);
    return;
  }
  const rows = view.balances.map(({ creditId, reason, grantedAt, expiresAt, meters, balance }) => [
    creditId,
    `${balance} ${view.currency}`,
    grantedAt,
    expiresAt ?? 'never',
    meters?.join(' ') ?? 'any',
    reason,
  ]);
  print(formatTable(['CREDIT', 'LEFT', 'GRANTED', 'EXPIRES', 'METERS', 'REASON'], rows));
}

export interface GrantOptions {
  tenant: string;
  reason: string;
  from?: string;
  expires?: string;
  meter?: string[];
  json?: boolean;
}

/** `credit grant` */
export async function grantCredit(stateDirectory: string, amount: string, options: GrantOptions): Promise<void> {
  const { tenant, reason, from, expires, meter, json } = options;
  const control = controlOf(stateDirectory);
  const { account } = await control.account.get.query({ tenantId: tenant });
  const entry = await control.credit.grant.mutate({
    tenantId: tenant,
    amount,
    currency: account.currency,
    reason,
    ...(from === undefined ? {} : { from: toTimestamp('--from', from) }),
    ...(expires === undefined ? {} : { expiresAt: toTimestamp('--expires', expires) }),
    // The control plane's schema says which meters there are.
    ...(meter === undefined ? {} : { meters: meter as MeterId[] }),
  });
  if (json === true) printJson(entry);
  else print(`tenant ${tenant} has a credit of ${amount} ${account.currency}\n`);
}
