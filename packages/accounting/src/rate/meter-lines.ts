import {
  type BillingPeriod,
  type Currency,
  decimalsOf,
  type InvoiceLine,
  type MeterId,
  type MeterPrice,
  meterOf,
  type RoundingRule,
  toScaled,
} from '@bulkhead/model';
import { type Minor, toAmount } from '../money.ts';
import { lesserOf, roundDivide } from '../round.ts';
import { describeMeter } from './describe.ts';
import { type Charge, chargesOf, describePackage, perUnit, toUnits } from './price-model.ts';
import type { Prorations, Share } from './proration.ts';
import type { PlanSegment } from './segments.ts';

export interface Terms {
  period: BillingPeriod;
  segments: readonly PlanSegment[];
  prorations: Prorations;
  currency: Currency;
  rounding: RoundingRule;
}

/** What was used of one meter in one segment. */
export interface SegmentUse {
  quantity: bigint;
  uncertain: boolean;
}

/** A line with its amount still as a number. */
export interface RatedLine {
  line: InvoiceLine;
  minor: Minor;
}

/** `text` whole units of currency, times a share, in the minor unit; rounded once. */
export function prorate(text: string, { part, whole }: Share, { currency, rounding }: Terms): Minor {
  return roundDivide(toScaled(text) * part * 10n ** BigInt(decimalsOf(currency)), whole * 10n ** 12n, rounding);
}

export const keyOf = (segment: PlanSegment, ...parts: readonly string[]): string =>
  [segment.start, `${segment.plan.planId}@${segment.plan.version}`, ...parts].join('/');

export function planLine(
  segment: PlanSegment,
  terms: Terms,
  line: Omit<InvoiceLine, 'amount' | 'chargePeriod' | 'planId' | 'planVersion'>,
  minor: Minor,
): RatedLine {
  const { start, end, plan } = segment;
  return {
    minor,
    line: {
      ...line,
      chargePeriod: { start, end },
      planId: plan.planId,
      planVersion: plan.version,
      amount: toAmount(minor, terms.currency),
    },
  };
}

/**
 * What is missing to a minimum, or beyond a cap, of what was charged in this segment. One that is not prorated holds for
 * the whole period, so what earlier segments charged counts too.
 */
export function boundLines(
  bounds: Pick<MeterPrice, 'minimum' | 'cap'>,
  { segment, index, meter, charged, before }: { segment: PlanSegment; index: number; meter?: MeterId; charged: Minor; before: Minor },
  terms: Terms,
): RatedLine[] {
  const { minimum, cap } = bounds;
  const lines: RatedLine[] = [];
  const of = meter === undefined ? '' : ` of ${describeMeter(meter)}`;
  const facts = meter === undefined ? {} : { meter, basis: meterOf(meter).basis };
  const scope = meter === undefined ? 'plan' : meter;
  const limitOf = ({ amount, proration }: NonNullable<MeterPrice['cap']>): { limit: Minor; sum: Minor } => ({
    limit: prorate(amount, terms.prorations.share(index, proration), terms),
    sum: proration === 'none' ? before + charged : charged,
  });
  if (minimum !== undefined) {
    const { limit, sum } = limitOf(minimum);
    if (sum < limit)
      lines.push(
        planLine(
          segment,
          terms,
          { key: keyOf(segment, scope, 'minimum'), kind: 'minimum', description: `Up to the agreed minimum${of}`, ...facts },
          limit - sum,
        ),
      );
  }
  if (cap !== undefined) {
    const { limit, sum } = limitOf(cap);
    // Never gives back what an earlier segment charged.
    const over = lesserOf(sum - limit, charged);
    if (over > 0n)
      lines.push(
        planLine(
          segment,
          terms,
          { key: keyOf(segment, scope, 'cap'), kind: 'cap', description: `Beyond the agreed most${of}`, ...facts },
          -over,
        ),
      );
  }
  return lines;
}

const toMinorOf = ({ numerator, denominator }: Charge, { currency, rounding }: Terms): Minor =>
  roundDivide(numerator * 10n ** BigInt(decimalsOf(currency)), denominator, rounding);

/**
 * Lines of one meter over a period, by segment. Allowance first, then tiers, then minimum and cap.
 *
 * @param uses of each segment
 */
export function meterLines(meterId: MeterId, uses: readonly SegmentUse[], terms: Terms): RatedLine[][] {
  const meter = meterOf(meterId);
  const prices = terms.segments.map(({ plan }) => plan.prices.find(({ meter: priced }) => priced === meterId));
  let includedSoFar = 0n;
  const free = uses.map(({ quantity }, index) => {
    const included = prices[index]?.included;
    if (included === undefined) return 0n;
    const { part, whole } = terms.prorations.share(index, included.proration);
    const share = roundDivide(toUnits(included.quantity, meter) * part, whole, 'half-even');
    const left = included.proration === 'none' ? share - includedSoFar : share;
    const taken = left <= 0n ? 0n : lesserOf(quantity, left);
    includedSoFar += taken;
    return taken;
  });
  // Use without a price is in no tier.
  const billable = uses.map(({ quantity }, index) => (prices[index] === undefined ? 0n : quantity - (free[index] ?? 0n)));
  const total = billable.reduce((sum, quantity) => sum + quantity, 0n);
  let counter = 0n;
  let before = 0n;
  return terms.segments.map((segment, index) => {
    const price = prices[index];
    const use = uses[index];
    if (price === undefined || use === undefined) return [];
    const lineOf = (charge: Charge, kind: 'usage' | 'included'): RatedLine => {
      const { plan } = segment;
      const pricingQuantity = charge.pricingQuantity.toShortText();
      const size = charge.packageSize === undefined ? '' : ` of ${describePackage(charge.packageSize, meter)}`;
      const tier = charge.tier === undefined ? '' : `, tier ${charge.tier}`;
      const what = kind === 'included' ? 'included' : `at ${charge.unitPrice} ${plan.currency}${tier}`;
      return planLine(
        segment,
        terms,
        {
          key: keyOf(segment, meterId, kind === 'included' ? kind : charge.tier === undefined ? 'usage' : `tier-${charge.tier}`),
          kind,
          description: `${describeMeter(meterId)}: ${pricingQuantity} x ${charge.pricingUnit}${size} ${what}`,
          meter: meterId,
          basis: meter.basis,
          ...(charge.tier === undefined ? {} : { tier: charge.tier }),
          quantity: String(charge.quantity),
          pricingQuantity,
          pricingUnit: charge.pricingUnit,
          ...(charge.packageSize === undefined ? {} : { packageSize: charge.packageSize }),
          unitPrice: charge.unitPrice,
          ...(use.uncertain ? { uncertain: true } : {}),
        },
        kind === 'included' ? 0n : toMinorOf(charge, terms),
      );
    };
    const [taken, from] = [free[index] ?? 0n, counter];
    counter += billable[index] ?? 0n;
    const lines = [
      ...(taken > 0n ? [lineOf(perUnit(taken, '0', meter), 'included')] : []),
      ...chargesOf(price.price, { from, to: counter, total }, meter).map((charge) => lineOf(charge, 'usage')),
    ];
    const charged = lines.reduce((sum, { minor }) => sum + minor, 0n);
    const bounds = boundLines(price, { segment, index, meter: meterId, charged, before }, terms);
    const all = [...lines, ...bounds];
    before = all.reduce((sum, { minor }) => sum + minor, before);
    return all;
  });
}
