import { BillingIssuer, BillingSettings, type PlanAssignment, Problem, type TenantId, type Timestamp } from '@bulkhead/model';
import { type Database, inScope, type TenantScope, type Transaction } from '../database.ts';
import { tellingRefusals } from './refusal.ts';

type AccountRow = NonNullable<Awaited<ReturnType<Transaction['billingAccount']['findUnique']>>>;

function toSettings({ address, updatedAt: _, ...row }: AccountRow): BillingSettings {
  return BillingSettings.parse({ ...row, ...(address === null ? {} : { address }) });
}

/** Throws Problem `not-found`, of an account out of scope too. */
export async function requireAccount(transaction: Transaction, tenantId: TenantId): Promise<BillingSettings> {
  const row = await transaction.billingAccount.findUnique({ where: { tenantId } });
  if (row === null)
    throw new Problem('not-found', `tenant ${tenantId} has no billing account`, {
      remedy: 'make one: bulkhead invoice account TENANT --name NAME --currency EUR',
    });
  return toSettings(row);
}

/** Accounts in scope by tenant. */
export async function listAccounts(database: Database, scope: TenantScope): Promise<BillingSettings[]> {
  const rows = await inScope(database, scope, (transaction) => transaction.billingAccount.findMany({ orderBy: { tenantId: 'asc' } }));
  return rows.map(toSettings);
}

/** A tenant's assignments in order of time. */
export async function assignmentsOf(transaction: Transaction, tenantId: TenantId): Promise<PlanAssignment[]> {
  const rows = await transaction.planAssignment.findMany({ where: { tenantId }, orderBy: { from: 'asc' } });
  return rows.map(({ planId, from, to }) => ({
    tenantId,
    planId,
    from: from.toISOString(),
    ...(to === null ? {} : { to: to.toISOString() }),
  }));
}

export async function readAccount(
  database: Database,
  scope: TenantScope,
  tenantId: TenantId,
): Promise<{ account: BillingSettings; assignments: PlanAssignment[] }> {
  return await inScope(database, scope, async (transaction) => ({
    account: await requireAccount(transaction, tenantId),
    assignments: await assignmentsOf(transaction, tenantId),
  }));
}

/**
 * Makes an account or changes it. Throws Problem `not-found` for a tenant that is not there, and `conflict` where another
 * currency would not fit the plans that are assigned, or another zone the months that were billed.
 */
export async function setAccount(database: Database, settings: BillingSettings): Promise<BillingSettings> {
  const { tenantId, address, ...rest } = settings;
  return await inScope(database, 'all', async (transaction) => {
    if ((await transaction.tenant.findUnique({ where: { id: tenantId } })) === null)
      throw new Problem('not-found', `there is no tenant ${tenantId}`);
    const before = await transaction.billingAccount.findUnique({ where: { tenantId } });
    if (before !== null && before.currency !== settings.currency && (await transaction.planAssignment.count({ where: { tenantId } })) > 0)
      throw new Problem(
        'conflict',
        `the plans of tenant ${tenantId} are in ${before.currency}: its account cannot be in ${settings.currency}`,
        {
          remedy: 'take the assignments back first, or make another tenant',
        },
      );
    const standing = { tenantId, kind: 'invoice', status: { not: 'void' } };
    if (before !== null && before.zone !== settings.zone && (await transaction.invoice.count({ where: standing })) > 0)
      throw new Problem(
        'conflict',
        `months of tenant ${tenantId} were billed in ${before.zone}: in ${settings.zone} they would overlap or leave hours out`,
      );
    const row = { ...rest, address: address ?? null, updatedAt: new Date() };
    return toSettings(await transaction.billingAccount.upsert({ where: { tenantId }, create: { tenantId, ...row }, update: row }));
  });
}

/** The one currency of all versions of a plan. */
async function currencyOfPlan(transaction: Transaction, planId: string): Promise<string> {
  const last = await transaction.pricePlanVersion.findFirst({ where: { planId }, orderBy: { version: 'desc' } });
  if (last === null) throw new Problem('not-found', `there is no plan ${planId}`);
  return (JSON.parse(last.document) as { currency: string }).currency;
}

/** Throws Problem `not-found` for an account or plan that is not there, and `conflict` where the database refuses. */
export async function assignPlan(database: Database, assignment: PlanAssignment): Promise<PlanAssignment> {
  const { tenantId, planId, from } = assignment;
  return await tellingRefusals(
    () =>
      inScope(database, 'all', async (transaction) => {
        const account = await requireAccount(transaction, tenantId);
        const currency = await currencyOfPlan(transaction, planId);
        if (currency !== account.currency)
          throw new Problem('conflict', `plan ${planId} is in ${currency}, the account of tenant ${tenantId} in ${account.currency}`);
        await transaction.planAssignment.create({ data: { tenantId, planId, from } });
        return assignment;
      }),
    `a plan is assigned to tenant ${tenantId} from ${from} already`,
  );
}

/** Takes back what begins at `at` or later, and ends what was going on then. */
export async function endAssignments(database: Database, tenantId: TenantId, at: Timestamp): Promise<void> {
  await tellingRefusals(() =>
    inScope(database, 'all', async (transaction) => {
      await requireAccount(transaction, tenantId);
      await transaction.planAssignment.deleteMany({ where: { tenantId, from: { gte: at } } });
      const going = await transaction.planAssignment.findFirst({ where: { tenantId, from: { lt: at } }, orderBy: { from: 'desc' } });
      if (going === null || (going.to !== null && going.to.toISOString() <= at)) return;
      await transaction.planAssignment.updateMany({ where: { tenantId, from: going.from }, data: { to: at } });
    }),
  );
}

/** Undefined before it was set. */
export async function readIssuer(database: Database): Promise<BillingIssuer | undefined> {
  const row = await inScope(database, 'all', (transaction) => transaction.billingIssuer.findUnique({ where: { id: 1 } }));
  if (row === null) return undefined;
  const { name, details, series } = row;
  return BillingIssuer.parse({ name, series, ...(details === null ? {} : { details }) });
}

export async function setIssuer(database: Database, { name, details, series }: BillingIssuer): Promise<void> {
  const row = { name, details: details ?? null, series, updatedAt: new Date() };
  await inScope(database, 'all', (transaction) =>
    transaction.billingIssuer.upsert({ where: { id: 1 }, create: { id: 1, ...row }, update: row }),
  );
}
