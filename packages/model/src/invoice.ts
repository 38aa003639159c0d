import { z } from 'zod';
import { Currency } from './currency.ts';
import { Amount, DecimalText, EnteredDecimal, Quantity } from './decimal.ts';
import { MeterBasis, MeterId } from './meter.ts';
import { PlanId, WholeSecond } from './price.ts';
import { TenantId, Timestamp } from './primitives.ts';

/** What happens to half a minor unit: to the even neighbour, or away from zero. */
export const RoundingRule = z.enum(['half-even', 'half-up']);
export type RoundingRule = z.infer<typeof RoundingRule>;

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

/** IANA name. It serves for the bounds of periods and days alone; everything else is UTC. */
export const TimeZone = z.string().max(64).refine(isTimeZone, 'must be a time zone such as Europe/Berlin');
export type TimeZone = z.infer<typeof TimeZone>;

/** Who pays, and by which rules. */
export const BillingAccount = z.strictObject({
  tenantId: TenantId,
  name: z.string().trim().min(1).max(200),
  /** Where it is and its tax number, as printed. */
  address: z.string().trim().min(1).max(500).optional(),
  zone: TimeZone,
  rounding: RoundingRule,
  /** Share of the taxable amount: 0.19 is 19 %. */
  taxRate: EnteredDecimal.refine((rate) => /^(?:0(?:\.\d+)?|1(?:\.0+)?)$/.test(rate), 'must be from 0 to 1'),
  /** As the invoice calls it: VAT, GST. */
  taxName: z.string().trim().min(1).max(40),
  /** How long late readings are waited for after the period's end. */
  graceHours: z
    .number()
    .int()
    .min(0)
    .max(24 * 90),
});
export type BillingAccount = z.infer<typeof BillingAccount>;

/** [start, end) in UTC: a month of the tenant's zone. */
export const BillingPeriod = z.strictObject({
  start: WholeSecond,
  end: WholeSecond,
  zone: TimeZone,
  /** 2026-03 */
  month: z.string().regex(/^\d{4}-\d{2}$/),
});
export type BillingPeriod = z.infer<typeof BillingPeriod>;

export const ChargePeriod = z.strictObject({ start: Timestamp, end: Timestamp });
export type ChargePeriod = z.infer<typeof ChargePeriod>;

/**
 * - `usage`, `included`: a meter's quantity at a price, and the part of it that costs nothing
 * - `fee`: a flat fee
 * - `minimum`: what is missing to the agreed least; `cap`: what is beyond the agreed most, negative
 * - `credit`: negative
 * - `correction`: the difference to what an earlier invoice charged for its period
 */
export const InvoiceLineKind = z.enum(['usage', 'included', 'fee', 'minimum', 'cap', 'credit', 'correction']);
export type InvoiceLineKind = z.infer<typeof InvoiceLineKind>;

export const InvoiceLine = z.strictObject({
  /** Unique within the invoice, and the same whenever the period is rated again. */
  key: z.string().min(1).max(300),
  kind: InvoiceLineKind,
  /** English; screens and pages write their own from the other fields. */
  description: z.string().min(1).max(500),
  chargePeriod: ChargePeriod,
  planId: PlanId.optional(),
  planVersion: z.number().int().positive().optional(),
  meter: MeterId.optional(),
  basis: MeterBasis.optional(),
  /** From 1, where the price has tiers. */
  tier: z.number().int().positive().optional(),
  /** In the meter's own unit, exact. */
  quantity: Quantity.optional(),
  /** The same in pricing units, to 12 decimals; what it is multiplied with `unitPrice` may differ from `amount` by rounding alone. */
  pricingQuantity: DecimalText.optional(),
  pricingUnit: z.string().optional(),
  /** Of packages, how many of the meter's pricing units each holds. */
  packageSize: EnteredDecimal.optional(),
  unitPrice: EnteredDecimal.optional(),
  /** Rounded, once, by the invoice's rule, from the exact quantity. */
  amount: Amount,
  /** Some of the quantity is flagged `estimate`, `spread` or `unmeasured`. */
  uncertain: z.boolean().optional(),
  creditId: z.uuid().optional(),
  /** Number of the invoice that a correction or a credit note's line refers to. */
  refersTo: z.string().optional(),
});
export type InvoiceLine = z.infer<typeof InvoiceLine>;

/** SHA-256 in lower-case hexadecimal. */
export const Sha256Hex = z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 hexadecimal digits');
export type Sha256Hex = z.infer<typeof Sha256Hex>;

/** Hashes of what an invoice was made of: with the invoice they are chained, and an evidence pack is held to them. */
export const InvoiceInputs = z.strictObject({
  /** Account, period, plan versions and assignments, credits, corrections. */
  terms: Sha256Hex,
  rows: Sha256Hex,
  /** Bounding readings, ownership, gaps, conservation; absent in a preview. */
  proof: Sha256Hex.optional(),
});
export type InvoiceInputs = z.infer<typeof InvoiceInputs>;

/** Meters that were used and that no price plan in force charged. */
export const UnpricedUse = z.strictObject({ meter: MeterId, quantity: Quantity });
export type UnpricedUse = z.infer<typeof UnpricedUse>;

/** Why an invoice was finalised though its period was not closed. */
export const ClosingOverride = z.strictObject({
  by: z.string().trim().min(1).max(256),
  reason: z.string().trim().min(1).max(500),
  at: Timestamp,
  /** What stood against it, a line each. */
  overridden: z.array(z.string()).min(1),
});
export type ClosingOverride = z.infer<typeof ClosingOverride>;

/** Everything an invoice or a credit note says. PDF, CSV and FOCUS are renderings of it. */
export const InvoiceContent = z.strictObject({
  schema: z.literal(1),
  kind: z.enum(['invoice', 'credit-note']),
  account: BillingAccount,
  issuer: z.string().trim().min(1).max(200),
  /** Address and tax number of who issues it, as printed. */
  issuerDetails: z.string().trim().min(1).max(500).optional(),
  period: BillingPeriod,
  currency: Currency,
  lines: z.array(InvoiceLine),
  /** Sum of the lines. */
  subtotal: Amount,
  tax: Amount,
  /** subtotal + tax */
  total: Amount,
  unpriced: z.array(UnpricedUse),
  /** Share of the time of gauges over which they were measured, in millionths, rounded down; absent where there was none. */
  coveragePpm: z.number().int().min(0).max(1_000_000).optional(),
  /** Method by which what nobody owned was shared out, where it was. */
  allottedBy: z.enum(['proportional', 'even']).optional(),
  inputs: InvoiceInputs,
  override: ClosingOverride.optional(),
});
export type InvoiceContent = z.infer<typeof InvoiceContent>;

/** Invoices of one series are numbered without a gap. */
export const InvoiceSeries = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9-]{0,19}$/, 'must be 1 to 20 letters, digits and hyphens');
export type InvoiceSeries = z.infer<typeof InvoiceSeries>;

const Issued = {
  /** `series-000042` */
  number: z.string(),
  series: InvoiceSeries,
  /** Without a gap within the series. */
  sequence: z.number().int().positive(),
  finalisedAt: Timestamp,
  /** Hash of the invoice before it in the series; null for the first. */
  previousHash: Sha256Hex.nullable(),
  /** Of number, time, previous hash and content. */
  hash: Sha256Hex,
  content: InvoiceContent,
};

export const FinalisedInvoice = z.strictObject({ status: z.literal('finalised'), ...Issued });
export type FinalisedInvoice = z.infer<typeof FinalisedInvoice>;

/** `paid` and `void` say what became of it; what it says never changes after `finalised`. */
export const Invoice = z.discriminatedUnion('status', [
  z.strictObject({ status: z.literal('draft'), content: InvoiceContent }),
  FinalisedInvoice,
  z.strictObject({ status: z.literal('paid'), ...Issued, paidAt: Timestamp, payment: z.string().trim().min(1).max(200) }),
  z.strictObject({ status: z.literal('void'), ...Issued, voidedAt: Timestamp, reason: z.string().trim().min(1).max(500) }),
]);
export type Invoice = z.infer<typeof Invoice>;
export type DraftInvoice = Extract<Invoice, { status: 'draft' }>;
export type IssuedInvoice = Exclude<Invoice, { status: 'draft' }>;
