import { creditBalances } from '@bulkhead/accounting';
import { CreditEntry, type CreditGrant, type Currency, type TenantId } from '@bulkhead/model';
import { type Database, inScope, type TenantScope, type Transaction } from '../database.ts';
import { requireAccount } from './account.ts';
import { tellingRefusals } from './refusal.ts';

/** A tenant's entries in order of time. */
export async function creditEntriesOf(transaction: Transaction, tenantId: TenantId): Promise<CreditEntry[]> {
  const rows = await transaction.creditLedger.findMany({
    where: { tenantId },
    orderBy: [{ at: 'asc' }, { creditId: 'asc' }, { kind: 'asc' }, { reference: 'asc' }],
  });
  return rows.map(({ entry }) => CreditEntry.parse(entry));
}

/** Adds entries of one tenant. */
export async function addCreditEntries(
  transaction: Transaction,
  tenantId: TenantId,
  entries: readonly CreditEntry[],
  by: string,
): Promise<void> {
  const rows = entries.map((entry) => ({
    tenantId,
    creditId: entry.creditId,
    kind: entry.kind,
    reference: 'invoiceNumber' in entry ? entry.invoiceNumber : '',
    at: entry.at,
    entry,
    by,
  }));
  if (rows.length > 0) await transaction.creditLedger.createMany({ data: rows });
}

/** Throws Problem `not-found` where the tenant has no account. */
export async function readCredits(
  database: Database,
  scope: TenantScope,
  tenantId: TenantId,
): Promise<{ currency: Currency; balances: ReturnType<typeof creditBalances>; entries: CreditEntry[] }> {
  return await inScope(database, scope, async (transaction) => {
    const { currency } = await requireAccount(transaction, tenantId);
    const entries = await creditEntriesOf(transaction, tenantId);
    return { currency, balances: creditBalances(entries, tenantId, currency), entries };
  });
}

export async function grantCredit(database: Database, grant: CreditGrant, by: string): Promise<void> {
  await tellingRefusals(() =>
    inScope(database, 'all', async (transaction) => {
      await requireAccount(transaction, grant.tenantId);
      await addCreditEntries(transaction, grant.tenantId, [grant], by);
    }),
  );
}
