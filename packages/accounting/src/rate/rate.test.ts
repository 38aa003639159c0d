import { createHash } from 'node:crypto';
import { type BillingAccount, type MeterId, type MeterPrice, PlanAssignment, PlanVersion, type UsageRow } from '@bulkhead/model';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonicalJson } from '../canonical.ts';
import { Decimal } from '../decimal.ts';
import { toMinor } from '../money.ts';
import { monthOf } from './period.ts';
import { type RateInput, rate } from './rate.ts';
import { cutsOf, planSegments } from './segments.ts';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const hostId = '0198a000-0000-7000-8000-000000000001';
const account: BillingAccount = {
  tenantId: 'acme',
  name: 'Acme',
  zone: 'UTC',
  rounding: 'half-even',
  taxRate: '0',
  taxName: 'VAT',
  graceHours: 72,
};
const march = monthOf('2026-03', 'UTC');
const coreHour = 3_600_000_000n;
const gib = 1n << 30n;

const priceOf = (meter: MeterId, price: MeterPrice['price'], more: object = {}): object => ({ meter, price, ...more });
const version = (changes: object): PlanVersion =>
  PlanVersion.parse({
    planId: 'standard',
    version: 1,
    name: 'Standard',
    currency: 'EUR',
    effectiveFrom: '2026-01-01T00:00:00.000Z',
    prices: [],
    fees: [],
    ...changes,
  });
const assigned = (changes: object = {}): PlanAssignment =>
  PlanAssignment.parse({ tenantId: 'acme', planId: 'standard', from: '2026-01-01T00:00:00.000Z', ...changes });

interface Use {
  meter?: MeterId;
  quantity: bigint;
  /** Hours since the period's start. */
  hour?: number;
  container?: number;
  flags?: UsageRow['flags'];
}
function row({ meter = 'cpu-used', quantity, hour = 0, container = 1, flags = [] }: Use): UsageRow {
  const start = Date.parse(march.start) + hour * 3_600_000;
  return {
    tenantId: 'acme',
    resource: { hostId, kind: 'container', id: String(container).padStart(16, '0'), name: `c${container}` },
    meter,
    start: new Date(start).toISOString(),
    end: new Date(start + 3_600_000).toISOString(),
    quantity: String(quantity),
    durationMsec: '3600000',
    unmeasuredMsec: '0',
    flags,
  };
}

const inputOf = (prices: readonly object[], rows: readonly UsageRow[], changes: Partial<RateInput> = {}): RateInput => ({
  account,
  period: march,
  plans: [version({ prices })],
  assignments: [assigned()],
  rows,
  ...changes,
});
const linesOf = (input: RateInput) => rate(input, sha256).lines;
const brief = (input: RateInput) =>
  linesOf(input).map(({ kind, pricingQuantity, unitPrice, amount }) => [kind, pricingQuantity, unitPrice, amount]);
const tiers = [
  { from: '0', upTo: '10', unitPrice: '1.00' },
  { from: '10', upTo: '100', unitPrice: '0.50' },
  { from: '100', upTo: 'max', unitPrice: '0.10' },
] as const;

describe('price models, by hand', () => {
  test('1.5 cores for an hour are 1.5 core-hours', () => {
    const input = inputOf([priceOf('cpu-used', { model: 'per-unit', unitPrice: '0.04' })], [row({ quantity: 5_400_000_000n })]);
    expect(brief(input)).toEqual([['usage', '1.5', '0.04', '0.06']]);
    expect(linesOf(input)[0]).toMatchObject({
      description: 'CPU time used: 1.5 x Core-Hours at 0.04 EUR',
      basis: 'used',
      quantity: '5400000000',
      pricingUnit: 'Core-Hours',
      planId: 'standard',
      planVersion: 1,
      chargePeriod: { start: march.start, end: march.end },
    });
  });

  test('a line is rounded once, from the exact quantity, half to even or half up', () => {
    const prices = [priceOf('cpu-used', { model: 'per-unit', unitPrice: '0.01' })];
    const rows = [row({ quantity: coreHour / 4n }), row({ quantity: coreHour / 4n, hour: 1 })];
    expect(brief(inputOf(prices, rows))).toEqual([['usage', '0.5', '0.01', '0.00']]);
    expect(brief(inputOf(prices, rows, { account: { ...account, rounding: 'half-up' } }))).toEqual([['usage', '0.5', '0.01', '0.01']]);
  });

  test('graduated: 10 at 1.00, 90 at 0.50, 20 at 0.10', () => {
    const input = inputOf([priceOf('cpu-used', { model: 'graduated', tiers: [...tiers] })], [row({ quantity: 120n * coreHour })]);
    expect(brief(input)).toEqual([
      ['usage', '10', '1.00', '10.00'],
      ['usage', '90', '0.50', '45.00'],
      ['usage', '20', '0.10', '2.00'],
    ]);
  });

  test('volume: the tier that is reached gives the price of all; its end still belongs to it', () => {
    const at = (hours: bigint) =>
      brief(inputOf([priceOf('cpu-used', { model: 'volume', tiers: [...tiers] })], [row({ quantity: hours * coreHour })]));
    expect(at(120n)).toEqual([['usage', '120', '0.10', '12.00']]);
    expect(at(100n)).toEqual([['usage', '100', '0.50', '50.00']]);
  });

  test('package: 10 GiB and one byte are two packages of 10 GiB', () => {
    const input = inputOf(
      [priceOf('network-out-bytes', { model: 'package', size: '10', packagePrice: '2.50' })],
      [row({ meter: 'network-out-bytes', quantity: 10n * gib + 1n })],
    );
    expect(brief(input)).toEqual([['usage', '2', '2.50', '5.00']]);
    expect(linesOf(input)[0]).toMatchObject({ pricingUnit: '10 GiB', quantity: String(10n * gib + 1n) });
  });

  test('operations are counted in millions, and packages of them in their multiples', () => {
    const input = (price: MeterPrice['price']) =>
      inputOf([priceOf('io-read-operations', price)], [row({ meter: 'io-read-operations', quantity: 2_500_000n })]);
    expect(brief(input({ model: 'per-unit', unitPrice: '0.40' }))).toEqual([['usage', '2.5', '0.40', '1.00']]);
    expect(linesOf(input({ model: 'package', size: '2', packagePrice: '1' }))[0]).toMatchObject({
      pricingUnit: '2000000 Operations',
      amount: '2.00',
    });
  });

  test('included: what is free stands on the bill, and tiers count after it', () => {
    const input = inputOf(
      [priceOf('cpu-used', { model: 'graduated', tiers: [...tiers] }, { included: { quantity: '15' } })],
      [row({ quantity: 30n * coreHour })],
    );
    expect(brief(input)).toEqual([
      ['included', '15', '0', '0.00'],
      ['usage', '10', '1.00', '10.00'],
      ['usage', '5', '0.50', '2.50'],
    ]);
  });

  test('minimum and cap, of a meter and of the plan', () => {
    const input = inputOf([], [row({ quantity: 3n * coreHour }), row({ meter: 'memory-used', quantity: 50n * gib * 3600n })], {
      plans: [
        version({
          prices: [
            priceOf('cpu-used', { model: 'per-unit', unitPrice: '1' }, { minimum: { amount: '5.00' } }),
            priceOf('memory-used', { model: 'per-unit', unitPrice: '1' }, { cap: { amount: '20.00' } }),
          ],
          fees: [{ id: 'base', name: 'Base fee', amount: '7.00' }],
          cap: { amount: '30.00' },
        }),
      ],
    });
    expect(linesOf(input).map(({ kind, description, amount }) => [kind, description, amount])).toEqual([
      ['usage', 'CPU time used: 3 x Core-Hours at 1 EUR', '3.00'],
      ['minimum', 'Up to the agreed minimum of CPU time used', '2.00'],
      ['usage', 'Memory used: 50 x GiB-Hours at 1 EUR', '50.00'],
      ['cap', 'Beyond the agreed most of Memory used', '-30.00'],
      ['fee', 'Base fee', '7.00'],
      ['cap', 'Beyond the agreed most', '-2.00'],
    ]);
  });

  test('peaks are the most of each container, added over containers and not over hours', () => {
    const peak = (container: number, hour: number, mib: bigint) => row({ meter: 'memory-peak', container, hour, quantity: mib << 20n });
    const input = inputOf(
      [priceOf('memory-peak', { model: 'per-unit', unitPrice: '1' })],
      [peak(1, 0, 512n), peak(1, 1, 1024n), peak(1, 2, 256n), peak(2, 0, 512n)],
    );
    expect(brief(input)).toEqual([['usage', '1.5', '1', '1.50']]);
  });

  test.each([
    ['JPY', '123', '246'],
    ['KWD', '0.123', '0.246'],
  ])('%s is rounded to its own minor unit', (currency, unitPrice, amount) => {
    const plans = [version({ currency, prices: [priceOf('cpu-used', { model: 'per-unit', unitPrice })] })];
    expect(linesOf(inputOf([], [row({ quantity: 2n * coreHour })], { plans }))[0]?.amount).toBe(amount);
  });

  test('use without a price is told, not charged', () => {
    const input = inputOf([], [row({ quantity: 7n })]);
    expect(rate(input, sha256)).toMatchObject({ lines: [], unpriced: [{ meter: 'cpu-used', quantity: '7' }] });
  });

  test('without any use there are fees and minimums and nothing else', () => {
    const plans = [
      version({
        prices: [priceOf('cpu-used', { model: 'graduated', tiers: [...tiers] }, { included: { quantity: '5' } })],
        fees: [{ id: 'base', name: 'Base fee', amount: '7.00' }],
        minimum: { amount: '10.00' },
      }),
    ];
    expect(linesOf(inputOf([], [], { plans })).map(({ kind, amount }) => [kind, amount])).toEqual([
      ['fee', '7.00'],
      ['minimum', '3.00'],
    ]);
    expect(rate(inputOf([], []), sha256)).toMatchObject({ lines: [], unpriced: [], coveragePpm: undefined });
  });

  test('coverage counts the time of gauges that was not measured, and lines say that they are uncertain', () => {
    const rows = [
      { ...row({ meter: 'memory-used', quantity: 1n, flags: ['unmeasured'] }), unmeasuredMsec: '3600' },
      row({ meter: 'memory-used', quantity: 1n, hour: 1 }),
    ];
    const rating = rate(inputOf([priceOf('memory-used', { model: 'per-unit', unitPrice: '1' })], rows), sha256);
    expect(rating.coveragePpm).toBe(999_500);
    expect(rating.lines[0]?.uncertain).toBe(true);
  });
});

describe('periods', () => {
  const hours = (month: string, zone: string): number => {
    const { start, end } = monthOf(month, zone);
    return (Date.parse(end) - Date.parse(start)) / 3_600_000;
  };
  test('months with a clock change have 743 and 745 hours, a leap February 696', () => {
    expect(hours('2026-03', 'Europe/Berlin')).toBe(743);
    expect(hours('2026-10', 'Europe/Berlin')).toBe(745);
    expect(hours('2028-02', 'Europe/Berlin')).toBe(696);
    expect(hours('2026-02', 'UTC')).toBe(672);
    expect(monthOf('2026-03', 'Asia/Kolkata').start).toBe('2026-02-28T18:30:00.000Z');
    // Midnight of 1 October did not come to pass there: the clock went from 24:00 to 01:00.
    expect(monthOf('2017-10', 'America/Asuncion').start).toBe('2017-10-01T04:00:00.000Z');
  });

  test('a flat fee of a month with a clock change is the whole fee, and by halves it is by seconds', () => {
    const berlin = monthOf('2026-03', 'Europe/Berlin');
    const fees = [{ id: 'base', name: 'Base fee', amount: '74.30' }];
    const input = { ...inputOf([], []), period: berlin, account: { ...account, zone: 'Europe/Berlin' } };
    expect(linesOf({ ...input, plans: [version({ fees })] }).map(({ amount }) => amount)).toEqual(['74.30']);
    const ends = new Date(Date.parse(berlin.start) + 100 * 3_600_000).toISOString();
    expect(
      linesOf({ ...input, plans: [version({ fees })], assignments: [assigned({ to: ends })] }).map(({ amount, description }) => [
        amount,
        description,
      ]),
    ).toEqual([['10.00', 'Base fee, 360000 of 2674800 seconds']]);
  });

  test('by days each day is charged once, to the version that was first in force on it, also on the day of 23 hours', () => {
    const berlin = monthOf('2026-03', 'Europe/Berlin');
    const fees = [{ id: 'base', name: 'Base fee', amount: '31.00', proration: 'day' }];
    const plans = [
      version({ fees }),
      version({ version: 2, effectiveFrom: '2026-03-29T12:00:00.000Z', fees: [{ ...fees[0], amount: '62.00' }] }),
    ];
    const lines = linesOf({ ...inputOf([], []), period: berlin, account: { ...account, zone: 'Europe/Berlin' }, plans });
    expect(lines.map(({ amount, description }) => [amount, description])).toEqual([
      ['29.00', 'Base fee, 29 of 31 days'],
      ['4.00', 'Base fee, 2 of 31 days'],
    ]);
  });

  test('a fee that is not prorated is charged once, over a change of versions too', () => {
    const fees = [{ id: 'base', name: 'Base fee', amount: '9.00', proration: 'none' }];
    const plans = [version({ fees }), version({ version: 2, effectiveFrom: '2026-03-10T00:00:00.000Z', fees })];
    expect(linesOf(inputOf([], [], { plans })).map(({ amount }) => amount)).toEqual(['9.00']);
  });
});

describe('a change of plan in mid-month', () => {
  const change = '2026-03-11T00:00:00.000Z';
  const hourOfChange = 240;
  const both = (price: MeterPrice['price'], more: object = {}) => [
    version({ prices: [priceOf('cpu-used', price, more)] }),
    version({ version: 2, effectiveFrom: change, prices: [priceOf('cpu-used', price, more)] }),
  ];
  const rows = [row({ quantity: 8n * coreHour }), row({ quantity: 112n * coreHour, hour: hourOfChange })];

  test('tiers go on where they were', () => {
    expect(brief(inputOf([], rows, { plans: both({ model: 'graduated', tiers: [...tiers] }) }))).toEqual([
      ['usage', '8', '1.00', '8.00'],
      ['usage', '2', '1.00', '2.00'],
      ['usage', '90', '0.50', '45.00'],
      ['usage', '20', '0.10', '2.00'],
    ]);
    expect(brief(inputOf([], rows, { plans: both({ model: 'volume', tiers: [...tiers] }) }))).toEqual([
      ['usage', '8', '0.10', '0.80'],
      ['usage', '112', '0.10', '11.20'],
    ]);
    expect(brief(inputOf([], rows, { plans: both({ model: 'package', size: '100', packagePrice: '3' }) }))).toEqual([
      ['usage', '1', '3', '3.00'],
      ['usage', '1', '3', '3.00'],
    ]);
  });

  test('an allowance is cut by the seconds each version was in force; one that is not prorated is one for both', () => {
    const perUnit = { model: 'per-unit', unitPrice: '1' } as const;
    expect(brief(inputOf([], rows, { plans: both(perUnit, { included: { quantity: '31' } }) }))).toEqual([
      ['included', '8', '0', '0.00'],
      ['included', '21', '0', '0.00'],
      ['usage', '91', '1', '91.00'],
    ]);
    expect(brief(inputOf([], rows, { plans: both(perUnit, { included: { quantity: '31', proration: 'none' } }) }))).toEqual([
      ['included', '8', '0', '0.00'],
      ['included', '23', '0', '0.00'],
      ['usage', '89', '1', '89.00'],
    ]);
  });

  test('a minimum or cap that is not prorated holds for the whole period', () => {
    const perUnit = { model: 'per-unit', unitPrice: '1' } as const;
    const amounts = (more: object) => linesOf(inputOf([], rows, { plans: both(perUnit, more) })).map(({ kind, amount }) => [kind, amount]);
    expect(amounts({ cap: { amount: '50', proration: 'none' } })).toEqual([
      ['usage', '8.00'],
      ['usage', '112.00'],
      ['cap', '-70.00'],
    ]);
    expect(amounts({ minimum: { amount: '10', proration: 'none' } })).toEqual([
      ['usage', '8.00'],
      ['minimum', '2.00'],
      ['usage', '112.00'],
    ]);
  });

  test('a row that spans the change is refused, and cutsOf tells where to cut', () => {
    const plans = [version({}), version({ version: 2, effectiveFrom: '2026-03-11T00:30:00.000Z' })];
    const input = inputOf([], [row({ quantity: 1n, hour: hourOfChange })], { plans });
    expect(() => rate(input, sha256)).toThrow(/spans a change of prices/);
    expect(cutsOf(march, planSegments(input))).toEqual([march.start, march.end, '2026-03-11T00:30:00.000Z']);
  });

  test('another plan takes over at its assignment, and time without a plan is told as unpriced', () => {
    const plans = [
      version({ prices: [priceOf('cpu-used', { model: 'per-unit', unitPrice: '1' })] }),
      version({ planId: 'large', prices: [priceOf('cpu-used', { model: 'per-unit', unitPrice: '3' })] }),
    ];
    const assignments = [assigned({ to: '2026-03-05T00:00:00.000Z' }), assigned({ planId: 'large', from: change })];
    const gap = row({ quantity: 5n, hour: 120 });
    const rating = rate(inputOf([], [...rows, gap], { plans, assignments }), sha256);
    expect(rating.lines.map(({ planId, amount }) => [planId, amount])).toEqual([
      ['standard', '8.00'],
      ['large', '336.00'],
    ]);
    expect(rating.unpriced).toEqual([{ meter: 'cpu-used', quantity: '5' }]);
  });
});

describe('what contradicts itself is refused', () => {
  const perUnit = [priceOf('cpu-used', { model: 'per-unit', unitPrice: '1' })];
  test.each<[string, RateInput, RegExp]>([
    ["somebody else's row", inputOf(perUnit, [{ ...row({ quantity: 1n }), tenantId: 'beta' }]), /a row of beta is among those of acme/],
    ["nobody's row", inputOf(perUnit, [{ ...row({ quantity: 1n }), tenantId: null }]), /a row of nobody/],
    ['a row outside the period', inputOf(perUnit, [row({ quantity: 1n, hour: -1 })]), /outside of 2026-03/],
    [
      'a row told twice with other values',
      inputOf(perUnit, [row({ quantity: 1n }), row({ quantity: 2n })]),
      /told twice with different values/,
    ],
    [
      'two currencies',
      inputOf([], [], { plans: [version({}), version({ version: 2, currency: 'USD', effectiveFrom: '2026-03-09T00:00:00.000Z' })] }),
      /EUR and USD/,
    ],
    [
      'two plans at once',
      inputOf([], [], { assignments: [assigned({ to: '2026-04-01T00:00:00.000Z' }), assigned({ from: '2026-03-09T00:00:00.000Z' })] }),
      /has two plans at 2026-03-09/,
    ],
    [
      'a plan that is not there',
      inputOf([], [], { assignments: [assigned({ planId: 'other' })] }),
      /plan other of tenant acme is not there/,
    ],
    ['no plan at all', inputOf([], [], { assignments: [] }), /no price plan is in force in 2026-03/],
    [
      'versions out of order',
      inputOf([], [], { plans: [version({}), version({ version: 2, effectiveFrom: '2025-03-09T00:00:00.000Z' })] }),
      /before version 1 is/,
    ],
  ])('%s', (_, input, expected) => {
    expect(() => rate(input, sha256)).toThrow(expected);
  });

  test('a currency may change with a period', () => {
    const plans = [version({}), version({ version: 2, currency: 'USD', effectiveFrom: march.end })];
    expect(rate(inputOf([], [], { plans }), sha256).currency).toBe('EUR');
  });
});

const meters = ['cpu-used', 'memory-used', 'memory-peak', 'network-out-bytes'] as const;
const uses = fc.uniqueArray(
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
const tierList = fc
  .tuple(fc.uniqueArray(fc.integer({ min: 1, max: 300_000 }), { maxLength: 4 }), fc.array(decimalText(20), { minLength: 5, maxLength: 5 }))
  .map(([bounds, prices]) => {
    const ends = [...bounds.toSorted((left, right) => left - right).map(String), 'max'];
    return ends.map((upTo, index) => ({ from: index === 0 ? '0' : (ends[index - 1] as string), upTo, unitPrice: prices[index] as string }));
  });
const models = fc.oneof(
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
const inputs = fc
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

describe('properties', () => {
  test('rows that come shuffled and twice give the same bytes', () => {
    fc.assert(
      fc.property(
        inputs.chain((input) =>
          fc.tuple(fc.constant(input), fc.shuffledSubarray([...input.rows, ...input.rows], { minLength: input.rows.length * 2 })),
        ),
        ([input, delivered]) => {
          expect(canonicalJson(rate({ ...input, rows: delivered, plans: input.plans.toReversed() }, sha256))).toBe(
            canonicalJson(rate(input, sha256)),
          );
        },
      ),
      { numRuns: 150 },
    );
  });

  test('any other quantity in any row is another hash', () => {
    fc.assert(
      fc.property(inputs, fc.nat(), (input, pick) => {
        fc.pre(input.rows.length > 0);
        const position = pick % input.rows.length;
        const rows = input.rows.map((one, index) => (index === position ? { ...one, quantity: String(BigInt(one.quantity) + 1n) } : one));
        expect(rate({ ...input, rows }, sha256).rowsHash).not.toBe(rate(input, sha256).rowsHash);
      }),
      { numRuns: 100 },
    );
  });

  test('all that was used is on the lines or told as unpriced, to the last unit', () => {
    fc.assert(
      fc.property(inputs, (input) => {
        const { lines } = rate(input, sha256);
        for (const meter of meters.filter((id) => id !== 'memory-peak')) {
          const used = input.rows.filter((one) => one.meter === meter).reduce((sum, { quantity }) => sum + BigInt(quantity), 0n);
          const billed = lines.filter((line) => line.meter === meter).reduce((sum, { quantity = '0' }) => sum + BigInt(quantity), 0n);
          expect(billed).toBe(used);
        }
      }),
      { numRuns: 150 },
    );
  });

  test('each amount is its quantity times its price, within half a minor unit and the twelfth decimal', () => {
    fc.assert(
      fc.property(inputs, (input) => {
        for (const { kind, pricingQuantity, unitPrice, amount } of rate(input, sha256).lines) {
          if (kind !== 'usage' || pricingQuantity === undefined || unitPrice === undefined) continue;
          const product = Decimal.parse(pricingQuantity).times(Decimal.parse(unitPrice));
          const off = product.minus(Decimal.parse(amount));
          const bound = Decimal.parse('0.005').plus(Decimal.parse('0.000000000001').times(Decimal.parse(unitPrice)));
          expect(off.compare(bound) <= 0 && off.plus(bound).compare(Decimal.zero) >= 0).toBe(true);
        }
      }),
      { numRuns: 150 },
    );
  });

  test('graduated tiers cost what each unit costs, counted one by one', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 40 }), { minLength: 1, maxLength: 6 }), (list) => {
        const rows = list.map((hours, hour) => row({ quantity: BigInt(hours) * coreHour, hour }));
        const lines = linesOf(inputOf([priceOf('cpu-used', { model: 'graduated', tiers: [...tiers] })], rows));
        let cents = 0;
        for (let unit = 1; unit <= list.reduce((sum, hours) => sum + hours, 0); unit += 1)
          cents += unit <= 10 ? 100 : unit <= 100 ? 50 : 10;
        expect(lines.reduce((sum, { amount }) => sum + toMinor(amount, 'EUR'), 0n)).toBe(BigInt(cents));
      }),
    );
  });

  test('a meter costs at least its minimum and at most its cap, unless they are cut', () => {
    fc.assert(
      fc.property(inputs, (input) => {
        fc.pre(input.plans.length === 1);
        const { lines } = rate(input, sha256);
        for (const { meter, minimum, cap } of input.plans[0]?.prices ?? []) {
          const sum = lines.filter((line) => line.meter === meter).reduce((all, { amount }) => all + toMinor(amount, 'EUR'), 0n);
          if (minimum !== undefined) expect(sum >= toMinor(minimum.amount, 'EUR')).toBe(true);
          if (cap !== undefined) expect(sum <= toMinor(cap.amount, 'EUR')).toBe(true);
        }
      }),
      { numRuns: 150 },
    );
  });

  test('a new version with the same prices changes a total by the rounding of its lines alone', () => {
    fc.assert(
      fc.property(uses, tierList, fc.integer({ min: 2, max: 30 }), (list, graduated, day) => {
        const prices = [priceOf('cpu-used', { model: 'graduated', tiers: graduated as never })];
        const rows = list.filter(({ meter }) => meter === 'cpu-used').map(row);
        const effectiveFrom = `2026-03-${String(day).padStart(2, '0')}T00:00:00.000Z`;
        const one = linesOf(inputOf(prices, rows));
        const two = linesOf(inputOf([], rows, { plans: [version({ prices }), version({ prices, version: 2, effectiveFrom })] }));
        const sum = (lines: typeof one) => lines.reduce((all, { amount }) => all + toMinor(amount, 'EUR'), 0n);
        const off = sum(one) - sum(two);
        const bound = BigInt(one.length + two.length);
        expect(2n * off <= bound && 2n * off >= -bound).toBe(true);
      }),
      { numRuns: 150 },
    );
  });
});
