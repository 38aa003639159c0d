import fc from 'fast-check';
import { inputOf, row, version } from './bill.ts';

/** Use and price plans of every kind, drawn at random. */
export const meters = ['cpu-used', 'memory-used', 'memory-peak', 'network-out-bytes'] as const;
export const uses = fc.uniqueArray(
  fc.record({
    meter: fc.constantFrom(...meters),
    quantity: fc.bigInt({ min: 0n, max: 10n ** 15n }),
    hour: fc.nat(743),
    container: fc.nat(5),
    flags: fc.subarray(['reset', 'spread', 'unmeasured'] as const),
  }),
  { maxLength: 60, selector: ({ meter, hour, container }) => `${meter} ${hour} ${container}` },
);
const decimalText = (most: number) =>
  fc.tuple(fc.nat(most), fc.nat(999_999)).map(([whole, part]) => `${whole}.${String(part).padStart(6, '0')}`);
export const tierList = fc
  .tuple(fc.uniqueArray(fc.integer({ min: 1, max: 300_000 }), { maxLength: 4 }), fc.array(decimalText(20), { minLength: 5, maxLength: 5 }))
  .map(([bounds, prices]) => {
    const ends = [...bounds.toSorted((left, right) => left - right).map(String), 'max'];
    return ends.map((upTo, index) => ({ from: index === 0 ? '0' : (ends[index - 1] as string), upTo, unitPrice: prices[index] as string }));
  });
export const models = fc.oneof(
  decimalText(20).map((unitPrice) => ({ model: 'per-unit', unitPrice }) as const),
  tierList.map((list) => ({ model: 'graduated', tiers: list }) as const),
  tierList.map((list) => ({ model: 'volume', tiers: list }) as const),
  fc.record({ model: fc.constant('package' as const), size: fc.integer({ min: 1, max: 100 }).map(String), packagePrice: decimalText(20) }),
);
const prorations = fc.constantFrom('second', 'day', 'none');
const priceList = fc.tuple(models, models, models, models).chain((list) =>
  fc.record({
    prices: fc.tuple(
      ...meters.map((meter, index) =>
        fc.record(
          {
            meter: fc.constant(meter),
            price: fc.constant(list[index]),
            included: fc.record({ quantity: decimalText(1000), proration: prorations }),
            minimum: fc.record({ amount: fc.nat(50).map(String), proration: prorations }),
            cap: fc.record({ amount: fc.integer({ min: 50, max: 5000 }).map(String), proration: prorations }),
          },
          { requiredKeys: ['meter', 'price'] },
        ),
      ),
    ),
    fees: fc.constantFrom([], [{ id: 'base', name: 'Base fee', amount: '9.99', proration: 'second' }]),
  }),
);
export const inputs = fc
  .record({ list: uses, plan: priceList, other: priceList, changeDay: fc.option(fc.integer({ min: 2, max: 30 }), { nil: undefined }) })
  .map(({ list, plan, other, changeDay }) => ({
    ...inputOf([], list.map(row)),
    plans: [
      version(plan),
      ...(changeDay === undefined
        ? []
        : [version({ ...other, version: 2, effectiveFrom: `2026-03-${String(changeDay).padStart(2, '0')}T00:00:00.000Z` })]),
    ],
  }));
