import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonicalJson } from './canonical.ts';
import { Decimal } from './decimal.ts';
import { toAmount, toMinor } from './money.ts';
import { divideUp, roundDivide, splitByLargestRemainder } from './round.ts';

const decimals = fc
  .tuple(fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }), fc.nat(18))
  .map(([digits, scale]) => new Decimal(digits, scale));

describe('rounding', () => {
  test.each([
    [1n, 2n, 0n, 1n],
    [3n, 2n, 2n, 2n],
    [5n, 2n, 2n, 3n],
    [-1n, 2n, 0n, -1n],
    [-5n, 2n, -2n, -3n],
    [49n, 100n, 0n, 0n],
    [51n, 100n, 1n, 1n],
    [-51n, 100n, -1n, -1n],
  ])('%i / %i is %i half to even and %i half up', (numerator, denominator, even, up) => {
    expect(roundDivide(numerator, denominator, 'half-even')).toBe(even);
    expect(roundDivide(numerator, denominator, 'half-up')).toBe(up);
  });

  test('the result is never more than half away, and only a tie is told by the rule', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }), fc.bigInt({ min: 1n, max: 10n ** 12n }), (numerator, denominator) => {
        const [even, up] = [roundDivide(numerator, denominator, 'half-even'), roundDivide(numerator, denominator, 'half-up')];
        const twiceOff = 2n * (even * denominator - numerator);
        expect(twiceOff <= denominator && twiceOff >= -denominator).toBe(true);
        if (even !== up) expect(twiceOff === denominator || twiceOff === -denominator).toBe(true);
      }),
    );
  });

  test('no division by nothing', () => {
    expect(() => roundDivide(1n, 0n, 'half-up')).toThrow(RangeError);
    expect(() => divideUp(1n, 0n)).toThrow(RangeError);
    expect(divideUp(10n, 5n)).toBe(2n);
    expect(divideUp(11n, 5n)).toBe(3n);
  });
});

describe('largest remainder', () => {
  test('10 over three equal parts gives the odd one to the first', () => {
    expect(splitByLargestRemainder(10n, [1n, 1n, 1n])).toEqual([4n, 3n, 3n]);
    expect(splitByLargestRemainder(-10n, [1n, 2n, 0n])).toEqual([-3n, -7n, 0n]);
    expect(splitByLargestRemainder(7n, [0n, 0n])).toEqual([7n, 0n]);
    expect(() => splitByLargestRemainder(1n, [])).toThrow(RangeError);
  });

  test('shares add up exactly, and none is a whole unit off', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: -(10n ** 15n), max: 10n ** 15n }),
        fc.array(fc.bigInt({ min: 0n, max: 10n ** 12n }), { minLength: 1, maxLength: 30 }),
        (total, weights) => {
          const shares = splitByLargestRemainder(total, weights);
          expect(shares.reduce((sum, share) => sum + share, 0n)).toBe(total);
          const sum = weights.reduce((all, weight) => all + weight, 0n);
          if (sum > 0n)
            for (const [index, share] of shares.entries()) {
              const off = share * sum - total * (weights[index] ?? 0n);
              expect(off < sum && off > -sum).toBe(true);
            }
        },
      ),
    );
  });
});

describe('decimals', () => {
  test('text goes in and comes out, every digit of it', () => {
    for (const text of ['0', '0.10', '-0.05', '12345678901234567890.123456789012345678', '100'])
      expect(Decimal.parse(text).toText()).toBe(text);
    expect(['0.10', '100', '0.000', '-1.50', '10'].map((text) => Decimal.parse(text).toShortText())).toEqual([
      '0.1',
      '100',
      '0',
      '-1.5',
      '10',
    ]);
    for (const text of ['', '1.', '.5', '+1', '1e3', '1,5', ' 1', '--1']) expect(() => Decimal.parse(text)).toThrow(RangeError);
  });

  test('sums, differences and products are exact', () => {
    fc.assert(
      fc.property(decimals, decimals, decimals, (a, b, c) => {
        expect(a.plus(b).minus(b).compare(a)).toBe(0);
        expect(
          a
            .plus(b)
            .times(c)
            .compare(a.times(c).plus(b.times(c))),
        ).toBe(0);
        expect(Decimal.parse(a.toText()).compare(a)).toBe(0);
        expect(Decimal.parse(a.toShortText()).compare(a)).toBe(0);
        expect(a.compare(b)).toBe(-b.compare(a) + 0);
      }),
    );
    expect(Decimal.parse('0.1').plus(Decimal.parse('0.2')).toText()).toBe('0.3');
  });

  test('a ratio is rounded to its decimals', () => {
    expect(Decimal.ofRatio(1n, 3n, 12).toText()).toBe('0.333333333333');
    expect(Decimal.ofRatio(1n, 8n, 2).toText()).toBe('0.12');
    expect(Decimal.ofRatio(1n, 8n, 2, 'half-up').toText()).toBe('0.13');
    expect(Decimal.parse('2.5').round(0, 'half-even').toText()).toBe('2');
  });
});

test('amounts are as precise as their currency, and no more', () => {
  expect(toAmount(1234n, 'EUR')).toBe('12.34');
  expect(toAmount(1234n, 'JPY')).toBe('1234');
  expect(toAmount(-5n, 'KWD')).toBe('-0.005');
  expect(toMinor('12.3', 'EUR')).toBe(1230n);
  expect(() => toMinor('0.5', 'JPY')).toThrow('0.5 is no amount of JPY, which has 0 decimals');
});

describe('canonical JSON', () => {
  test('equal values have the same text, whatever the order of their keys', () => {
    expect(canonicalJson({ b: [1, 'x', null], a: { d: true, c: undefined } })).toBe('{"a":{"d":true},"b":[1,"x",null]}');
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null))), (value) => {
        const reversed = Object.fromEntries(Object.entries(value).reverse());
        expect(canonicalJson(reversed)).toBe(canonicalJson(value));
        expect(JSON.parse(canonicalJson(value))).toEqual({ ...value });
      }),
    );
  });

  test('a number that is no safe integer is refused: money is never a float', () => {
    for (const value of [0.1, Number.NaN, 2 ** 53, -0, 1n, new Date(0), undefined]) expect(() => canonicalJson([value])).toThrow(TypeError);
  });
});
