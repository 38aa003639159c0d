import { describe, expect, test } from 'vitest';
import { Currency, decimalsOf } from './currency.ts';
import { toScaled } from './decimal.ts';
import { BillingAccount } from './invoice.ts';
import { type MeterPrice, PlanHistory, PlanVersion, type Tier, toFieldIssues } from './price.ts';

const plan = (changes: object = {}): object => ({
  planId: 'standard',
  version: 1,
  name: 'Standard',
  currency: 'EUR',
  effectiveFrom: '2026-01-01T00:00:00.000Z',
  prices: [],
  fees: [],
  ...changes,
});
const priced = (price: object, changes: object = {}): object => plan({ prices: [{ meter: 'cpu-used', price, ...changes }] });
const tiers = (...list: Tier[]): object => priced({ model: 'graduated', tiers: list });

/** Field and cause of everything that is wrong. */
function complaints(input: unknown): string[] {
  const parsed = PlanVersion.safeParse(input);
  return parsed.success ? [] : toFieldIssues(parsed.error).map(({ field, cause }) => `${field}: ${cause}`);
}

describe('a price plan is refused with field and cause', () => {
  test.each<[string, object, string[]]>([
    ['no currency', plan({ currency: undefined }), ['currency: a currency is missing: give its three letters, such as EUR']],
    [
      'an unknown currency',
      plan({ currency: 'EURO', minimum: { amount: '1.5' } }),
      ['currency: "EURO" is no currency of ISO 4217, such as EUR'],
    ],
    ['a negative price', priced({ model: 'per-unit', unitPrice: '-0.01' }), ['prices.0.price.unitPrice: must not be negative']],
    [
      'a price of too many decimals',
      priced({ model: 'per-unit', unitPrice: '0.0000000000001' }),
      ['prices.0.price.unitPrice: must have at most 18 digits and 12 decimals'],
    ],
    [
      'a price that is no number',
      priced({ model: 'per-unit', unitPrice: '1e3' }),
      ['prices.0.price.unitPrice: must be a decimal number such as 12.5'],
    ],
    ['a negative tier', tiers({ from: '-5', upTo: 'max', unitPrice: '1' }), ['prices.0.price.tiers.0.from: must not be negative']],
    [
      'tiers that overlap',
      tiers({ from: '0', upTo: '100', unitPrice: '2' }, { from: '90', upTo: 'max', unitPrice: '1' }),
      ['prices.0.price.tiers.1.from: overlaps: tier 1 ends at 100, and this one begins at 90'],
    ],
    [
      'a gap between tiers',
      tiers({ from: '0', upTo: '100', unitPrice: '2' }, { from: '100.000000000001', upTo: 'max', unitPrice: '1' }),
      ['prices.0.price.tiers.1.from: leaves a gap: tier 1 ends at 100, and this one begins at 100.000000000001'],
    ],
    [
      'a first tier that does not begin at 0',
      tiers({ from: '1', upTo: 'max', unitPrice: '2' }),
      ['prices.0.price.tiers.0.from: leaves a gap: the first tier must begin at 0, not at 1'],
    ],
    [
      'a last tier with an end',
      tiers({ from: '0', upTo: '10', unitPrice: '2' }),
      ['prices.0.price.tiers.0.upTo: leaves a gap: the last tier must go up to max, not to 10'],
    ],
    [
      'a tier after one without an end',
      tiers({ from: '0', upTo: 'max', unitPrice: '2' }, { from: '10', upTo: 'max', unitPrice: '1' }),
      ['prices.0.price.tiers.1.from: overlaps: tier 1 has no end, so none may follow it'],
    ],
    [
      'a tier that ends before it begins',
      tiers({ from: '0', upTo: '0', unitPrice: '2' }, { from: '0', upTo: 'max', unitPrice: '1' }),
      ["prices.0.price.tiers.0.upTo: must be more than the tier's beginning, 0"],
    ],
    ['no tiers', tiers(), ['prices.0.price.tiers: at least one tier is needed']],
    ['packages of nothing', priced({ model: 'package', size: '0.0', packagePrice: '1' }), ['prices.0.price.size: must be more than 0']],
    [
      'two prices of one meter',
      plan({ prices: [1, 2].map(() => ({ meter: 'cpu-used', price: { model: 'per-unit', unitPrice: '1' } })) }),
      ['prices.1.meter: cpu-used has a price already'],
    ],
    [
      'two fees of one name',
      plan({ fees: [1, 2].map(() => ({ id: 'base', name: 'Base', amount: '1' })) }),
      ['fees.1.id: there is a fee base already'],
    ],
    [
      'more decimals than yen have',
      plan({ currency: 'JPY', fees: [{ id: 'base', name: 'Base', amount: '0.5' }] }),
      ['fees.0.amount: JPY has 0 decimals, 0.5 has more'],
    ],
    [
      'a cap below the minimum',
      priced({ model: 'per-unit', unitPrice: '1' }, { minimum: { amount: '10' }, cap: { amount: '9.99' } }),
      ['prices.0.cap.amount: must be at least the minimum, 10'],
    ],
    ['a part of a second', plan({ effectiveFrom: '2026-01-01T00:00:00.001Z' }), ['effectiveFrom: must be a whole second']],
    ['an unknown field', plan({ discount: '1' }), [': Unrecognized key: "discount"']],
  ])('%s', (_, input, expected) => {
    expect(complaints(input)).toEqual(expected);
  });

  test('versions whose dates are out of order', () => {
    const parsed = PlanHistory.safeParse([plan(), plan({ version: 2, effectiveFrom: '2025-12-01T00:00:00.000Z' }), plan({ version: 4 })]);
    expect(parsed.success ? [] : toFieldIssues(parsed.error)).toEqual([
      {
        field: '1.effectiveFrom',
        cause: 'out of order: version 1 is in force from 2026-01-01T00:00:00.000Z, this one from 2025-12-01T00:00:00.000Z',
      },
      { field: '2.version', cause: 'must be 3, one more than the version before' },
    ]);
  });
});

test('a plan with everything that can be charged is taken, and prorates by the second unless told otherwise', () => {
  const meter: MeterPrice[] = PlanVersion.parse(
    plan({
      minimum: { amount: '5.00' },
      cap: { amount: '100', proration: 'none' },
      fees: [{ id: 'base', name: 'Base fee', amount: '9.99', proration: 'day' }],
      prices: [
        { meter: 'cpu-used', price: { model: 'per-unit', unitPrice: '0.000000000001' }, included: { quantity: '10.5' } },
        {
          meter: 'memory-used',
          price: {
            model: 'volume',
            tiers: [
              { from: '0', upTo: '1.5', unitPrice: '2' },
              { from: '1.50', upTo: 'max', unitPrice: '0' },
            ],
          },
        },
        { meter: 'network-out-bytes', price: { model: 'package', size: '10', packagePrice: '3' } },
      ],
    }),
  ).prices;
  expect(meter[0]?.included?.proration).toBe('second');
});

test('currencies know the decimals of their minor unit', () => {
  expect(['EUR', 'JPY', 'KWD', 'CLF', 'CNY'].map(decimalsOf)).toEqual([2, 0, 3, 4, 2]);
  expect(Currency.safeParse('XAU').success).toBe(false);
  expect(() => decimalsOf('eur')).toThrow(/no currency/);
});

test('entered decimals are compared as numbers, not as text', () => {
  expect(toScaled('1.5') === toScaled('1.500')).toBe(true);
  expect(toScaled('10') > toScaled('9.999999999999')).toBe(true);
});

test.each([
  ['zone', { zone: 'Mars/Olympus' }],
  ['taxRate', { taxRate: '1.01' }],
  ['taxRate', { taxRate: '-0.1' }],
  ['rounding', { rounding: 'down' }],
])('an account with a wrong %s is refused', (field, change) => {
  const account = {
    tenantId: 'acme',
    name: 'Acme',
    zone: 'Asia/Kolkata',
    rounding: 'half-even',
    taxRate: '0.19',
    taxName: 'VAT',
    graceHours: 72,
  };
  expect(BillingAccount.safeParse(account).success).toBe(true);
  const parsed = BillingAccount.safeParse({ ...account, ...change });
  expect(parsed.success ? undefined : parsed.error.issues[0]?.path[0]).toBe(field);
});
