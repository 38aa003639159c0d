import { z } from 'zod';
import { CreditBalance } from './credit.ts';
import { Quantity } from './decimal.ts';
import { FinalisedInvoice, InvoiceLine } from './invoice.ts';
import { Gap, Holding, LedgerReading, Ownership, UsageRow } from './ledger.ts';
import { MeterId } from './meter.ts';
import { PlanAssignment, PlanVersion } from './price.ts';
import { HostId, TenantId, Timestamp } from './primitives.ts';

/**
 * The ledger held against a counter that the kernel keeps by itself: of a tenant against its parent cgroup, which
 * includes its dead children; of a host against the root cgroup.
 */
export const Conservation = z.strictObject({
  hostId: HostId,
  /** Absent: of the whole host. */
  tenantId: TenantId.optional(),
  meter: MeterId,
  /** Readings after `start` and not after `end`. */
  start: Timestamp,
  end: Timestamp,
  /** Growth of the parent's counter. */
  counter: Quantity,
  /** What accounts for it, by name: the ledger, measured groups of others, kernel and root. */
  explained: z.array(z.strictObject({ name: z.string().min(1).max(200), quantity: Quantity })),
  /** `counter` less all that is explained: negative where more was recorded than the kernel counted. */
  unexplained: z.string().regex(/^(?:0|-?[1-9]\d{0,39})$/),
  /** Size of the unexplained part in millionths of the counter, rounded up; null where the counter stood still and the rest did not. */
  unexplainedPpm: z.number().int().nonnegative().nullable(),
  tolerancePpm: z.number().int().nonnegative(),
  /** What may be unexplained however small the counter is: reading a tree takes a moment, and each counter is rounded. Absent: nothing. */
  allowance: Quantity.optional(),
  holds: z.boolean(),
});
export type Conservation = z.infer<typeof Conservation>;

/** Everything from which an invoice can be computed again without us. `verifyEvidence` of packages/accounting does. */
export const EvidencePack = z.strictObject({
  schema: z.literal(1),
  /** As it was finalised, whatever became of it. */
  invoice: FinalisedInvoice,
  terms: z.strictObject({
    plans: z.array(PlanVersion),
    assignments: z.array(PlanAssignment),
    /** Before this invoice used any of them. */
    credits: z.array(CreditBalance),
    /** Lines that correct earlier invoices, as they entered this one. */
    corrections: z.array(InvoiceLine),
  }),
  rows: z.array(UsageRow),
  proof: z.strictObject({
    /** The readings that bound each row of each meter. */
    readings: z.array(LedgerReading),
    holdings: z.array(Holding),
    ownerships: z.array(Ownership),
    /** Moments at which rows were divided beside each hour and each change of owner. */
    cuts: z.array(Timestamp),
    gaps: z.array(Gap),
    conservation: z.array(Conservation),
  }),
});
export type EvidencePack = z.infer<typeof EvidencePack>;
