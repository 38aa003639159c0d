import { creditBalances } from '@bulkhead/accounting';
import { assignmentsOf, creditEntriesOf, requireAccount, standingInvoices, type Transaction, versionsOf } from '@bulkhead/db';
import type { BillingPeriod, BillingSettings, CreditBalance, IssuedInvoice, PlanAssignment, PlanVersion, TenantId } from '@bulkhead/model';

/** How long after the end of its period what comes late is still made up for: readings are not kept for ever. */
const correctedForMsec = 100 * 86_400_000;

/** What an invoice of a period is made of beside what was used. */
export interface BillingState {
  account: BillingSettings;
  /** Those in force in the period, and the versions of their plans that were in force before its end. */
  assignments: PlanAssignment[];
  plans: PlanVersion[];
  /** With something left. */
  credits: CreditBalance[];
  /** Invoices that stand, of earlier periods, not too long ago. */
  earlier: IssuedInvoice[];
  /** All invoices that stand since then, those that bear corrections of the earlier ones among them. */
  standing: IssuedInvoice[];
}

/** Of these assignments those that are in force within a period: each ends where it says, or where the next one begins. */
export function assignmentsWithin(assignments: readonly PlanAssignment[], { start, end }: BillingPeriod): PlanAssignment[] {
  return assignments.filter(({ from, to }, index) => {
    const next = assignments[index + 1]?.from;
    const ends = [to, next].filter((at) => at !== undefined).sort()[0];
    return from < end && (ends === undefined || ends > start);
  });
}

/** Throws Problem `not-found` where the tenant has no account, or is out of scope. */
export async function readState(
  transaction: Transaction,
  tenantId: TenantId,
  period: (zone: string) => BillingPeriod,
): Promise<BillingState> {
  const account = await requireAccount(transaction, tenantId);
  const { start, end } = period(account.zone);
  const assignments = await assignmentsOf(transaction, tenantId);
  const standing = await standingInvoices(transaction, tenantId, new Date(Date.parse(start) - correctedForMsec).toISOString());
  const planIds = [...new Set(assignments.map(({ planId }) => planId))];
  const versions = await versionsOf(transaction, planIds);
  const entries = await creditEntriesOf(transaction, tenantId);
  return {
    account,
    assignments,
    plans: versions.filter(({ effectiveFrom }) => effectiveFrom < end),
    credits: creditBalances(entries, tenantId, account.currency).filter(({ balance }) => /[1-9]/.test(balance)),
    earlier: standing.filter(({ content }) => content.period.end <= start),
    standing,
  };
}

/** Terms of one period out of a tenant's: what rating is given. */
export function termsOf(
  { assignments, plans }: Pick<BillingState, 'assignments' | 'plans'>,
  period: BillingPeriod,
): { period: BillingPeriod; assignments: PlanAssignment[]; plans: PlanVersion[] } {
  const within = assignmentsWithin(assignments, period);
  const planIds = new Set(within.map(({ planId }) => planId));
  return {
    period,
    assignments: within,
    plans: plans.filter(({ planId, effectiveFrom }) => planIds.has(planId) && effectiveFrom < period.end),
  };
}
