import { canonicalJson } from '@bulkhead/accounting';
import { PlanHistory, type PlanId, type PlanProposal, type PlanSummary, PlanVersion, Problem } from '@bulkhead/model';
import { type Database, inScope, type TenantScope, type Transaction } from '../database.ts';
import { tellingRefusals } from './refusal.ts';

/** Every version of these plans that the scope sees, in order. */
export async function versionsOf(transaction: Transaction, planIds: readonly PlanId[]): Promise<PlanVersion[]> {
  const rows = await transaction.pricePlanVersion.findMany({
    where: { planId: { in: [...planIds] } },
    orderBy: [{ planId: 'asc' }, { version: 'asc' }],
  });
  return rows.map(({ document }) => PlanVersion.parse(JSON.parse(document)));
}

/** A plan's versions, oldest first. Throws Problem `not-found`, of a plan out of scope too. */
export async function readPlan(database: Database, scope: TenantScope, planId: PlanId): Promise<PlanVersion[]> {
  const versions = await inScope(database, scope, (transaction) => versionsOf(transaction, [planId]));
  if (versions.length === 0) throw new Problem('not-found', `there is no plan ${planId}`);
  return versions;
}

/** Plans in scope by id, as they are at a moment. */
export async function listPlans(database: Database, scope: TenantScope, now: Date): Promise<PlanSummary[]> {
  const { versions, going } = await inScope(database, scope, async (transaction) => {
    const plans = await transaction.pricePlan.findMany({ select: { id: true } });
    const assignments = await transaction.planAssignment.findMany({ where: { from: { lte: now } }, orderBy: { from: 'asc' } });
    return {
      versions: await versionsOf(
        transaction,
        plans.map(({ id }) => id),
      ),
      going: assignments,
    };
  });
  // The last one that began is the tenant's, unless it has ended.
  const current = new Map(going.map(({ tenantId, planId, to }) => [tenantId, to === null || to > now ? planId : undefined]));
  return [...Map.groupBy(versions, ({ planId }) => planId)].map(([planId, own]) => {
    const inForce = own.findLast(({ effectiveFrom }) => effectiveFrom <= now.toISOString());
    const { name, currency } = inForce ?? (own[0] as PlanVersion);
    return {
      planId,
      name,
      currency,
      versions: own.length,
      ...(inForce === undefined ? {} : { inForce: inForce.version }),
      tenants: [...current.values()].filter((id) => id === planId).length,
    };
  });
}

/**
 * Adds version 1 of a new plan, or the next one of a plan that is there.
 *
 * Throws Problem `conflict` where the plan is there (or is not), and where prices of the past would change; `invalid`
 * where the versions would contradict each other.
 */
export async function addPlanVersion(
  database: Database,
  proposal: PlanProposal,
  { isNew, by }: { isNew: boolean; by: string },
): Promise<PlanVersion> {
  const { planId } = proposal;
  return await tellingRefusals(
    () =>
      inScope(database, 'all', async (transaction) => {
        if (isNew) await transaction.pricePlan.create({ data: { id: planId } });
        const before = isNew ? [] : await versionsOf(transaction, [planId]);
        if (!isNew && before.length === 0) throw new Problem('not-found', `there is no plan ${planId}`);
        const added = PlanVersion.parse({ ...proposal, version: before.length + 1 });
        const history = PlanHistory.safeParse([...before, added]);
        if (!history.success) throw new Problem('invalid', history.error.issues.map(({ message }) => message).join('; '));
        const other = before.find(({ currency }) => currency !== added.currency);
        if (other !== undefined)
          throw new Problem('invalid', `plan ${planId} is in ${other.currency}: prices in ${added.currency} are another plan`);
        const { version, effectiveFrom } = added;
        await transaction.pricePlanVersion.create({
          data: { planId, version, effectiveFrom, document: canonicalJson(added), createdBy: by },
        });
        return added;
      }),
    `there is a plan ${planId} already`,
  );
}

/** Takes back the last version, which is not in force yet; the plan goes with its first one. */
export async function withdrawPlanVersion(database: Database, planId: PlanId, version: number): Promise<void> {
  await tellingRefusals(() =>
    inScope(database, 'all', async (transaction) => {
      const { count } = await transaction.pricePlanVersion.deleteMany({ where: { planId, version } });
      if (count === 0) throw new Problem('not-found', `plan ${planId} has no version ${version}`);
      if (version === 1) await transaction.pricePlan.delete({ where: { id: planId } });
    }),
  );
}
