import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { coreHour, inputOf, priceOf, row, sha256, version } from '../../test/bill.ts';
import { inputs, meters, tierList, uses } from '../../test/random-bill.ts';
import { canonicalJson } from '../canonical.ts';
import { Decimal } from '../decimal.ts';
import { toMinor } from '../money.ts';
import { type RateInput, rate } from './rate.ts';

const linesOf = (input: RateInput) => rate(input, sha256).lines;
const tiers = [
  { from: '0', upTo: '10', unitPrice: '1.00' },
  { from: '10', upTo: '100', unitPrice: '0.50' },
  { from: '100', upTo: 'max', unitPrice: '0.10' },
] as const;

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
