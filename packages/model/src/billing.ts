import { z } from 'zod';
import { CreditBalance, CreditEntry } from './credit.ts';
import { Currency } from './currency.ts';
import { Amount, EnteredDecimal } from './decimal.ts';
import { BillingAccount, InvoiceContent, InvoiceSeries } from './invoice.ts';
import { MeterId } from './meter.ts';
import { PlanAssignment, PlanVersion } from './price.ts';
import { TenantId, Timestamp } from './primitives.ts';

/** Languages that invoices are printed in. */
export const InvoiceLanguage = z.enum(['en', 'zh']);
export type InvoiceLanguage = z.infer<typeof InvoiceLanguage>;

/** A tenant's billing account with what its invoices do not say. */
export const BillingSettings = BillingAccount.extend({
  /** Plans in another currency cannot be assigned. */
  currency: Currency,
  /** Of its PDFs, where none is asked for. */
  language: InvoiceLanguage,
});
export type BillingSettings = z.infer<typeof BillingSettings>;

/** Who issues the invoices of an instance. */
export const BillingIssuer = z.strictObject({
  name: z.string().trim().min(1).max(200),
  /** Address and tax number, as printed. */
  details: z.string().trim().min(1).max(500).optional(),
  /** Series that new invoices are numbered in. */
  series: InvoiceSeries,
});
export type BillingIssuer = z.infer<typeof BillingIssuer>;

/** A month of a time zone, `2026-03`. */
export const Month = z.string().regex(/^\d{4}-(?:0[1-9]|1[0-2])$/, 'must be a month such as 2026-03');
export type Month = z.infer<typeof Month>;

/** A plan as lists show it. */
export const PlanSummary = z.strictObject({
  planId: PlanVersion.shape.planId,
  name: z.string(),
  currency: Currency,
  versions: z.number().int().positive(),
  /** The one in force now; absent before the first is. */
  inForce: z.number().int().positive().optional(),
  /** Of those in scope, how many tenants are charged by it now. */
  tenants: z.number().int().nonnegative(),
});
export type PlanSummary = z.infer<typeof PlanSummary>;

/** An account with its plans, in order of time. */
export const AccountView = z.strictObject({ account: BillingSettings, assignments: z.array(PlanAssignment) });
export type AccountView = z.infer<typeof AccountView>;

/** A tenant's credits: what each has left, and the ledger that says so. */
export const CreditView = z.strictObject({ currency: Currency, balances: z.array(CreditBalance), entries: z.array(CreditEntry) });
export type CreditView = z.infer<typeof CreditView>;

/** How far a period is from being billed. */
export const ClosingView = z.strictObject({
  state: z.enum(['open', 'provisional', 'closed']),
  closesAt: Timestamp,
  /** What stands against finalising, a line each. */
  blockers: z.array(z.string()),
});
export type ClosingView = z.infer<typeof ClosingView>;

/** What a period costs as things stand. */
export const DraftView = z.strictObject({ content: InvoiceContent, closing: ClosingView });
export type DraftView = z.infer<typeof DraftView>;

/** An issued invoice or credit note as lists show it. */
export const InvoiceSummary = z.strictObject({
  number: z.string(),
  tenantId: TenantId,
  kind: InvoiceContent.shape.kind,
  month: Month,
  status: z.enum(['finalised', 'paid', 'void']),
  currency: Currency,
  total: Amount,
  finalisedAt: Timestamp,
  refersTo: z.string().optional(),
});
export type InvoiceSummary = z.infer<typeof InvoiceSummary>;

/** A quantity for the worked example of a plan, in the meter's pricing units. */
export const ExampleUse = z.strictObject({ meter: MeterId, quantity: EnteredDecimal });
export type ExampleUse = z.infer<typeof ExampleUse>;

/** Renderings of an invoice. */
export const InvoiceFormat = z.enum(['pdf', 'csv', 'json', 'focus']);
export type InvoiceFormat = z.infer<typeof InvoiceFormat>;

/** A file on the wire. */
export const FileView = z.strictObject({
  /** Suggested; letters, digits, dots and hyphens. */
  name: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9.-]{0,99}$/),
  mediaType: z.string(),
  base64: z.base64(),
});
export type FileView = z.infer<typeof FileView>;
