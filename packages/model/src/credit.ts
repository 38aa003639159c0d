import { z } from 'zod';
import { Currency } from './currency.ts';
import { Amount } from './decimal.ts';
import { MeterId } from './meter.ts';
import { TenantId, Timestamp } from './primitives.ts';

/** A credit's entries are only ever added to; what is left of it is their sum, and never less than nothing. */
export const CreditEntry = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('grant'),
    creditId: z.uuid(),
    tenantId: TenantId,
    at: Timestamp,
    currency: Currency,
    amount: Amount,
    /** Pays for charges of periods that begin before this moment. */
    expiresAt: Timestamp.optional(),
    /** Pays for these meters alone; absent: for anything but tax. */
    meters: z.array(MeterId).min(1).optional(),
    reason: z.string().trim().min(1).max(500),
  }),
  z.strictObject({ kind: z.literal('use'), creditId: z.uuid(), at: Timestamp, amount: Amount, invoiceNumber: z.string() }),
  /** Gives back what an invoice used that was voided. */
  z.strictObject({ kind: z.literal('refund'), creditId: z.uuid(), at: Timestamp, amount: Amount, invoiceNumber: z.string() }),
  z.strictObject({ kind: z.literal('expire'), creditId: z.uuid(), at: Timestamp, amount: Amount }),
]);
export type CreditEntry = z.infer<typeof CreditEntry>;
export type CreditGrant = Extract<CreditEntry, { kind: 'grant' }>;

/** What a credit has left. */
export const CreditBalance = z.strictObject({
  creditId: z.uuid(),
  grantedAt: Timestamp,
  expiresAt: Timestamp.optional(),
  meters: z.array(MeterId).min(1).optional(),
  reason: z.string(),
  balance: Amount,
});
export type CreditBalance = z.infer<typeof CreditBalance>;
