import type { MeterPrice } from '@bulkhead/model';
import { describe, expect, test, vi } from 'vitest';
import { account, assigned, coreHour, gib, inputOf, march, priceOf, row, sha256, version } from '../../test/bill.ts';
import { monthOf } from './period.ts';
import { type RateInput, rate } from './rate.ts';
import { cutsOf, planSegments } from './segments.ts';

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
    expect(linesOf(input)[0]).toMatchObject({
      pricingUnit: 'Packages',
      packageSize: '10',
      quantity: String(10n * gib + 1n),
      description: 'Network data sent (used): 2 x Packages of 10 GiB at 2.50 EUR',
    });
  });

  test('operations are counted in millions, and packages of them in their multiples', () => {
    const input = (price: MeterPrice['price']) =>
      inputOf([priceOf('io-read-operations', price)], [row({ meter: 'io-read-operations', quantity: 2_500_000n })]);
    expect(brief(input({ model: 'per-unit', unitPrice: '0.40' }))).toEqual([['usage', '2.5', '0.40', '1.00']]);
    expect(linesOf(input({ model: 'package', size: '2', packagePrice: '1' }))[0]).toMatchObject({
      description: 'Read operations (used): 2 x Packages of 2000000 Operations at 1 EUR',
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
    const none = [{ ...row({ meter: 'memory-used', quantity: 0n }), durationMsec: '20', unmeasuredMsec: '21' }];
    expect(rate(inputOf([], none), sha256).coveragePpm).toBe(0);
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

  test('a browser without Temporal is told what to do, and everything but months and days works in it', () => {
    vi.stubGlobal('Temporal', undefined);
    try {
      expect(() => monthOf('2026-03', 'UTC')).toThrow(/this browser does not know the bounds of months/);
      const input = inputOf([priceOf('cpu-used', { model: 'per-unit', unitPrice: '1' })], [row({ quantity: coreHour })]);
      expect(brief(input)).toEqual([['usage', '1', '1', '1.00']]);
    } finally {
      vi.unstubAllGlobals();
    }
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
    ["somebody else's plan", inputOf([], [], { assignments: [assigned({ tenantId: 'beta' })] }), /a plan of beta is among those of acme/],
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
