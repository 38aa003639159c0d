import { type BillingAccount, type Currency, type InvoiceLine, meterIds, Problem, type UnpricedUse, type UsageRow } from '@bulkhead/model';
import type { Sha256 } from '../canonical.ts';
import { Decimal } from '../decimal.ts';
import { lesserOf } from '../round.ts';
import { boundLines, keyOf, meterLines, planLine, prorate, type RatedLine, type Terms } from './meter-lines.ts';
import { quantityDecimals } from './price-model.ts';
import { Prorations } from './proration.ts';
import { addRows } from './row-totals.ts';
import { currencyOf, type PlanInput, planSegments } from './segments.ts';

export interface RateInput extends PlanInput {
  account: BillingAccount;
  /** Rows of this tenant in this period. In any order; one that comes again is a no-op. */
  rows: readonly UsageRow[];
}

/** What a tenant's use of a period costs, before credits and tax. */
export interface Rating {
  currency: Currency;
  /** In their one order: by segment, meter, tier. */
  lines: InvoiceLine[];
  unpriced: UnpricedUse[];
  coveragePpm: number | undefined;
  rowsHash: string;
}

/** Flat fees of a segment. One that is not prorated is charged once a period, by the first segment that has it. */
function feeLines(index: number, terms: Terms): RatedLine[] {
  const segment = terms.segments[index];
  if (segment === undefined) return [];
  return segment.plan.fees.flatMap((fee) => {
    const isCharged =
      fee.proration === 'none' && terms.segments.slice(0, index).some(({ plan }) => plan.fees.some(({ id }) => id === fee.id));
    const share = terms.prorations.share(index, fee.proration);
    if (isCharged || share.part === 0n) return [];
    const part = share.part === share.whole ? '' : `, ${share.part} of ${share.whole} ${fee.proration}s`;
    const facts = {
      key: keyOf(segment, 'fee', fee.id),
      kind: 'fee',
      description: `${fee.name}${part}`,
      pricingQuantity: Decimal.ofRatio(share.part, share.whole, quantityDecimals).toShortText(),
      // A period is a month.
      pricingUnit: 'Months',
      unitPrice: fee.amount,
    } as const;
    return [planLine(segment, terms, facts, prorate(fee.amount, share, terms))];
  });
}

/**
 * Prices the rows of one tenant and period. The order and repetition of rows change not one byte of the outcome. Throws
 * Problem `invalid` or `conflict` for rows and plans that contradict each other, and where no plan is in force.
 */
export function rate({ account, period, assignments, plans, rows }: RateInput, sha256: Sha256): Rating {
  const other = assignments.find(({ tenantId }) => tenantId !== account.tenantId);
  if (other !== undefined) throw new Problem('invalid', `a plan of ${other.tenantId} is among those of ${account.tenantId}`);
  const segments = planSegments({ period, assignments, plans });
  const currency = currencyOf(segments, period);
  const terms: Terms = { period, segments, prorations: new Prorations(period, segments), currency, rounding: account.rounding };
  const totals = addRows(rows, { tenantId: account.tenantId, period, segments }, sha256);

  const nothing = { quantity: 0n, uncertain: false };
  const ofMeters = meterIds.map((id) => meterLines(id, totals.uses.get(id) ?? segments.map(() => nothing), terms));
  let before = 0n;
  const lines = segments.flatMap((segment, index) => {
    const charges = [...ofMeters.flatMap((bySegment) => bySegment[index] ?? []), ...feeLines(index, terms)];
    const charged = charges.reduce((sum, { minor }) => sum + minor, 0n);
    const all = [...charges, ...boundLines(segment.plan, { segment, index, charged, before }, terms)];
    before = all.reduce((sum, { minor }) => sum + minor, before);
    return all.map(({ line }) => line);
  });

  const unpriced = [...totals.uses].flatMap(([meter, uses]) => {
    const quantity = uses.reduce((sum, use, index) => {
      const isPriced = segments[index]?.plan.prices.some((price) => price.meter === meter) ?? false;
      return isPriced ? sum : sum + use.quantity;
    }, 0n);
    return quantity > 0n ? [{ meter, quantity: String(quantity) }] : [];
  });
  const { durationMsec, unmeasuredMsec } = totals;
  // Both are rounded to milliseconds, each on its own.
  const measuredMsec = durationMsec - lesserOf(unmeasuredMsec, durationMsec);
  const coveragePpm = durationMsec === 0n ? undefined : Number((measuredMsec * 1_000_000n) / durationMsec);
  return { currency, lines, unpriced, coveragePpm, rowsHash: totals.hash };
}
