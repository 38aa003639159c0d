import {
  AccountView,
  Amount,
  BillingIssuer,
  BillingSettings,
  CreditEntry,
  CreditView,
  Currency,
  DraftView,
  ExampleUse,
  FileView,
  Invoice,
  InvoiceContent,
  InvoiceFormat,
  InvoiceLanguage,
  InvoiceSummary,
  MeterId,
  Month,
  PlanAssignment,
  PlanId,
  PlanProposal,
  PlanSummary,
  PlanVersion,
  TenantId,
  Timestamp,
  TimeZone,
  WholeSecond,
} from '@bulkhead/model';
import { z } from 'zod';
import { mutation, query } from './contract.ts';

const Nothing = z.object({}).default({});
const InvoiceNumber = z.string().min(1).max(40);
const Reason = z.string().trim().min(1).max(500);
const OfTenant = z.object({ tenantId: TenantId });
const OfMonth = OfTenant.extend({ month: Month });

/** Prices. Members see the plans that their tenants are charged by. */
export const planContract = {
  list: query({ permission: 'billing:read', scope: 'tenant', input: Nothing, output: z.array(PlanSummary) }),
  /** All versions, oldest first. */
  inspect: query({ permission: 'billing:read', scope: 'tenant', input: z.object({ planId: PlanId }), output: z.array(PlanVersion) }),
  /** Version 1. It may have been in force before today: what was used since is charged by it where it is assigned. */
  create: mutation({ permission: 'billing:write', scope: 'host', input: PlanProposal, output: PlanVersion }),
  /** The next version, in force from a moment to come. */
  addVersion: mutation({ permission: 'billing:write', scope: 'host', input: PlanProposal, output: PlanVersion }),
  /** Takes the last version back, which is not in force yet. */
  withdraw: mutation({
    permission: 'billing:write',
    scope: 'host',
    input: z.object({ planId: PlanId, version: z.number().int().positive() }),
    output: z.object({}),
  }),
  /** A worked example: what these quantities would cost in a whole month. Nothing is stored. */
  preview: query({
    permission: 'billing:write',
    scope: 'host',
    input: z.object({
      plan: PlanProposal,
      use: z.array(ExampleUse).max(100),
      /** This one where absent. */
      month: Month.optional(),
      zone: TimeZone.default('UTC'),
    }),
    output: InvoiceContent.pick({ currency: true, lines: true, subtotal: true, unpriced: true }),
  }),
};

/** Who pays by which rules, and who issues. */
export const accountContract = {
  list: query({ permission: 'billing:read', scope: 'tenant', input: Nothing, output: z.array(BillingSettings) }),
  get: query({ permission: 'billing:read', scope: 'tenant', input: OfTenant, output: AccountView }),
  /** Makes it, or changes what later invoices say. The currency changes only where no invoice is in the old one. */
  set: mutation({ permission: 'billing:write', scope: 'host', input: BillingSettings, output: BillingSettings }),
  /** Charges a tenant by a plan from a moment on, until the next assignment. Periods that were billed stay as they are. */
  assign: mutation({
    permission: 'billing:write',
    scope: 'host',
    input: OfTenant.extend({ planId: PlanId, from: WholeSecond }),
    output: PlanAssignment,
  }),
  /** Ends the assignment that has no end, or takes one back that begins at that moment or later. */
  unassign: mutation({ permission: 'billing:write', scope: 'host', input: OfTenant.extend({ at: WholeSecond }), output: AccountView }),
  issuer: query({ permission: 'billing:write', scope: 'host', input: Nothing, output: BillingIssuer.optional() }),
  setIssuer: mutation({ permission: 'billing:write', scope: 'host', input: BillingIssuer, output: BillingIssuer }),
};

export const creditContract = {
  list: query({ permission: 'billing:read', scope: 'tenant', input: OfTenant, output: CreditView }),
  grant: mutation({
    permission: 'billing:write',
    scope: 'host',
    input: OfTenant.extend({
      amount: Amount,
      currency: Currency,
      /** Pays for charges of periods that end after this; from now on where absent. */
      from: Timestamp.optional(),
      expiresAt: Timestamp.optional(),
      meters: z.array(MeterId).min(1).optional(),
      reason: Reason,
    }),
    output: CreditEntry,
  }),
};

export const invoiceContract = {
  /** What a month costs as things stand, at any time. Nothing is stored. */
  draft: query({ permission: 'billing:read', scope: 'tenant', input: OfMonth, output: DraftView }),
  /**
   * Gives the draft a number and stores it for good, with all that it was made of. Not before the month has ended; while
   * something stands against it (late readings, a silent host), only by an override that names its reason.
   */
  finalise: mutation({
    permission: 'billing:write',
    scope: 'host',
    input: OfMonth.extend({ override: z.object({ reason: Reason }).optional() }),
    output: Invoice,
  }),
  pay: mutation({
    permission: 'billing:write',
    scope: 'host',
    input: z.object({ number: InvoiceNumber, payment: z.string().trim().min(1).max(200) }),
    output: Invoice,
  }),
  /** It keeps its number; credits that it used come back, and its month can be billed again. */
  void: mutation({
    permission: 'billing:write',
    scope: 'host',
    input: z.object({ number: InvoiceNumber, reason: Reason }),
    output: Invoice,
  }),
  /** Gives back some lines of an invoice, or all that is left, with their tax. */
  creditNote: mutation({
    permission: 'billing:write',
    scope: 'host',
    input: z.object({
      number: InvoiceNumber,
      reason: Reason,
      given: z.union([
        z.literal('all'),
        z
          .array(z.object({ key: z.string().min(1).max(300), amount: Amount }))
          .min(1)
          .max(1000),
      ]),
    }),
    output: Invoice,
  }),
  /** Newest first. */
  list: query({
    permission: 'billing:read',
    scope: 'tenant',
    input: z.object({ tenantId: TenantId.optional(), limit: z.number().int().min(1).max(1000).default(200) }).default({ limit: 200 }),
    output: z.array(InvoiceSummary),
  }),
  inspect: query({ permission: 'billing:read', scope: 'tenant', input: z.object({ number: InvoiceNumber }), output: Invoice }),
  /** A rendering of the stored invoice: the same bytes each time. */
  export: query({
    permission: 'billing:read',
    scope: 'tenant',
    input: z.object({ number: InvoiceNumber, format: InvoiceFormat, language: InvoiceLanguage.optional() }),
    output: FileView,
  }),
  /** A PDF of the draft, marked as one. */
  exportDraft: query({
    permission: 'billing:read',
    scope: 'tenant',
    input: OfMonth.extend({ language: InvoiceLanguage.optional() }),
    output: FileView,
  }),
  /** Everything that the invoice was made of, as one archive that can be checked without an instance. */
  evidence: query({ permission: 'billing:read', scope: 'tenant', input: z.object({ number: InvoiceNumber }), output: FileView }),
};
