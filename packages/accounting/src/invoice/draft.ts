import {
  type BillingAccount,
  type BillingPeriod,
  type CreditBalance,
  type Currency,
  type DraftInvoice,
  decimalsOf,
  type EvidencePack,
  type InvoiceContent,
  type InvoiceLine,
  type PlanAssignment,
  type PlanVersion,
  toScaled,
} from '@bulkhead/model';
import { canonicalJson, type Sha256 } from '../canonical.ts';
import { sumOf, toAmount, toMinor } from '../money.ts';
import { type RateInput, rate } from '../rate/rate.ts';
import { roundDivide } from '../round.ts';
import { applyCredits } from './credit.ts';

export interface DraftInput extends RateInput {
  issuer: string;
  issuerDetails?: string | undefined;
  /** What the tenant's credits have left; `creditBalances` tells. */
  credits?: readonly CreditBalance[];
  /** Of earlier periods; `correctionsOf` tells. */
  corrections?: readonly InvoiceLine[];
  allottedBy?: InvoiceContent['allottedBy'];
  /** Absent in a preview. */
  proof?: EvidencePack['proof'];
}

/** Subtotal, tax and total: lines are rounded already, tax is rounded once. */
export function totalsOf(
  lines: readonly InvoiceLine[],
  currency: Currency,
  { taxRate, rounding }: Pick<BillingAccount, 'taxRate' | 'rounding'>,
): Pick<InvoiceContent, 'subtotal' | 'tax' | 'total'> {
  const subtotal = sumOf(lines.map(({ amount }) => toMinor(amount, currency)));
  const tax = roundDivide(subtotal * toScaled(taxRate), 10n ** 12n, rounding);
  return { subtotal: toAmount(subtotal, currency), tax: toAmount(tax, currency), total: toAmount(subtotal + tax, currency) };
}

interface TermsInput {
  account: BillingAccount;
  issuer: string;
  issuerDetails?: string | undefined;
  period: BillingPeriod;
  plans: readonly PlanVersion[];
  assignments: readonly PlanAssignment[];
  credits: readonly CreditBalance[];
  corrections: readonly InvoiceLine[];
}

const sorted = <T>(items: readonly T[]): T[] =>
  items
    .map((item) => ({ item, text: canonicalJson(item) }))
    .sort((left, right) => (left.text < right.text ? -1 : 1))
    .map(({ item }) => item);

/** Hash of all that an invoice is computed from beside its rows, whatever order it came in. */
export function hashTerms(
  { account, issuer, issuerDetails, period, plans, assignments, credits, corrections }: TermsInput,
  sha256: Sha256,
): string {
  const [inPlans, inAssignments, inCredits, inCorrections] = [sorted(plans), sorted(assignments), sorted(credits), sorted(corrections)];
  return sha256(
    canonicalJson({
      account,
      issuer,
      issuerDetails,
      period,
      plans: inPlans,
      assignments: inAssignments,
      credits: inCredits,
      corrections: inCorrections,
    }),
  );
}

/** Hash of what bounds the rows. Readings of one moment that contradict each other keep their order: the first one counts. */
export const hashProof = (proof: EvidencePack['proof'], sha256: Sha256): string => sha256(canonicalJson(proof));

/**
 * The invoice of a period as it stands: a preview at any time, and what is finalised in the end. The same input in any
 * order gives the same bytes. Throws what `rate` throws.
 */
export function draftInvoice(input: DraftInput, sha256: Sha256): DraftInvoice {
  const { account, issuer, issuerDetails, period, plans, assignments, credits = [], corrections = [], allottedBy, proof } = input;
  const { currency, lines: rated, unpriced, coveragePpm, rowsHash } = rate(input, sha256);
  const charges = [...rated, ...corrections.toSorted((left, right) => (left.key < right.key ? -1 : 1))];
  const lines = [...charges, ...applyCredits(credits, { lines: charges, period, currency })];
  return {
    status: 'draft',
    content: {
      schema: 1,
      kind: 'invoice',
      account,
      issuer,
      ...(issuerDetails === undefined ? {} : { issuerDetails }),
      period,
      currency,
      lines,
      ...totalsOf(lines, currency, account),
      unpriced,
      ...(coveragePpm === undefined ? {} : { coveragePpm }),
      ...(allottedBy === undefined ? {} : { allottedBy }),
      inputs: {
        terms: hashTerms({ account, issuer, issuerDetails, period, plans, assignments, credits, corrections }, sha256),
        rows: rowsHash,
        ...(proof === undefined ? {} : { proof: hashProof(proof, sha256) }),
      },
    },
  };
}

/** The rule of rounding in words, for the page that people read. */
export const describeRounding = (currency: Currency, { rounding }: Pick<BillingAccount, 'rounding'>): string => {
  const rule = rounding === 'half-even' ? 'half to even' : 'half away from zero';
  return `Each line is rounded once, to ${decimalsOf(currency)} decimals of ${currency}, ${rule}; the total is the sum of the rounded lines and the tax.`;
};
