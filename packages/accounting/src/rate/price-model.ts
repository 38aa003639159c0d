import { enteredDecimals, type PriceModel, toScaled } from '@bulkhead/model';
import { Decimal } from '../decimal.ts';
import { divideUp, lesserOf, roundDivide } from '../round.ts';

const scale = 10n ** BigInt(enteredDecimals);

/** Part of a quantity that has one price. */
export interface Charge {
  /** In the meter's own unit. */
  quantity: bigint;
  pricingQuantity: Decimal;
  pricingUnit: string;
  unitPrice: string;
  /** What it costs, exactly: `numerator / denominator` whole units of currency. */
  numerator: bigint;
  denominator: bigint;
  /** From 1, where the price has tiers. */
  tier?: number;
  /** Of packages, in the meter's pricing units. */
  packageSize?: string;
}

/**
 * What is to be charged: the period's counter goes from `from` to `to` in this part of it, and to `total` in all of it, so
 * that tiers count per tenant and period whatever the order of rows, and over a change of plan.
 */
export interface Counted {
  from: bigint;
  to: bigint;
  total: bigint;
}

export interface PricedMeter {
  pricingUnit: string;
  unitsPerPricingUnit: bigint;
}

/** Pricing units as a whole number of the meter's own, the nearest. */
export const toUnits = (pricingUnits: string, { unitsPerPricingUnit }: PricedMeter): bigint =>
  roundDivide(toScaled(pricingUnits) * unitsPerPricingUnit, scale, 'half-even');

/** Quantities on invoices have this many decimals. */
export const quantityDecimals = 12;

export function perUnit(quantity: bigint, unitPrice: string, { pricingUnit, unitsPerPricingUnit }: PricedMeter): Charge {
  return {
    quantity,
    pricingQuantity: Decimal.ofRatio(quantity, unitsPerPricingUnit, quantityDecimals),
    pricingUnit,
    unitPrice,
    numerator: quantity * toScaled(unitPrice),
    denominator: unitsPerPricingUnit * scale,
  };
}

/** What each priced part of a quantity costs; parts of nothing are left out. */
export function chargesOf(price: PriceModel, { from, to, total }: Counted, meter: PricedMeter): Charge[] {
  const quantity = to - from;
  if (quantity === 0n) return [];
  switch (price.model) {
    case 'per-unit':
      return [perUnit(quantity, price.unitPrice, meter)];
    case 'graduated':
      return price.tiers.flatMap((tier, index) => {
        const low = toUnits(tier.from, meter);
        const high = tier.upTo === 'max' ? to : toUnits(tier.upTo, meter);
        const part = lesserOf(to, high) - (from > low ? from : low);
        return part > 0n ? [{ ...perUnit(part, tier.unitPrice, meter), tier: index + 1 }] : [];
      });
    case 'volume': {
      const reached = price.tiers.findIndex(({ upTo }) => upTo === 'max' || total <= toUnits(upTo, meter));
      const tier = price.tiers[reached];
      if (tier === undefined) throw new RangeError('the tiers have an end');
      return [{ ...perUnit(quantity, tier.unitPrice, meter), tier: reached + 1 }];
    }
    case 'package': {
      const size = toUnits(price.size, meter);
      const packages = divideUp(to, size) - divideUp(from, size);
      return [
        {
          quantity,
          pricingQuantity: new Decimal(packages, 0),
          pricingUnit: 'Packages',
          packageSize: price.size,
          unitPrice: price.packagePrice,
          numerator: packages * toScaled(price.packagePrice),
          denominator: scale,
        },
      ];
    }
  }
}

/** `10 GiB`, and of what is counted in millions the multiple: `2000000 Operations`. */
export function describePackage(size: string, { pricingUnit }: PricedMeter): string {
  const [, own = '1', name = pricingUnit] = /^(\d+) (.+)$/.exec(pricingUnit) ?? [];
  return `${Decimal.parse(size).times(Decimal.parse(own)).toShortText()} ${name}`;
}
