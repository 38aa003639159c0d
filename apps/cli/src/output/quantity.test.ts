import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatBytes, formatDuration, parseBytes, parseCount, parseCpuMillis, parseSeconds } from './quantity.ts';

describe('sizes are read as people write them', () => {
  test.each([
    ['256M', 256 * 1024 ** 2],
    ['1.5G', 1.5 * 1024 ** 3],
    ['64k', 64 * 1024],
    ['512MiB', 512 * 1024 ** 2],
    ['2gb', 2 * 1024 ** 3],
    ['1073741824', 1024 ** 3],
    ['0.5K', 512],
    ['1024B', 1024],
  ])('%s', (text, bytes) => expect(parseBytes('--memory', text)).toBe(bytes));

  test.each(['', 'M', '-1M', '1e3', '1,5G', '1.5.5G', '256X', 'abc', '0x10', ' ', '1 000', '1.'])(
    '"%s" is refused, and the option named',
    (text) => {
      expect(() => parseBytes('--memory', text)).toThrow(/^--memory: ".*" is not a size; write it like 256M/);
    },
  );

  test('more than a number can hold exactly is refused, not rounded', () => {
    expect(() => parseBytes('--memory', '9999999P')).toThrow('more than any machine has');
  });

  test('whole numbers of any unit are exact', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 8_388_607 }), fc.constantFrom(['K', 10], ['M', 20], ['G', 30]), (count, [unit, power]) => {
        expect(parseBytes('x', `${count}${unit}`)).toBe(count * 2 ** Number(power));
      }),
    );
  });
});

describe('CPUs are read in thousandths without a float', () => {
  test.each([
    ['0.5', 500],
    ['2', 2000],
    ['1.25', 1250],
    ['0.001', 1],
    ['0.29', 290],
    ['1.100', 1100],
    ['0.0010000', 1],
  ])('%s', (text, millis) => expect(parseCpuMillis('--cpus', text)).toBe(millis));

  test.each(['', '.5', '-1', '1e1', '0,5', 'two', 'Infinity'])('"%s" is refused', (text) => {
    expect(() => parseCpuMillis('--cpus', text)).toThrow(/^--cpus: .*write it like 0.5 or 2/);
  });

  test('finer than a thousandth is refused, not cut off', () => {
    expect(() => parseCpuMillis('--cpus', '0.0005')).toThrow('finer than a thousandth');
  });

  test('every thousandth comes back as it was written', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1_024_000 }), (millis) => {
        const text = `${Math.floor(millis / 1000)}.${String(millis % 1000).padStart(3, '0')}`;
        expect(parseCpuMillis('x', text)).toBe(millis);
      }),
    );
  });
});

test.each(['', '-1', '1.5', '1e3', 'ten', '99999999999999999'])('"%s" is no whole number', (text) => {
  expect(() => parseCount('--pids', text)).toThrow('--pids');
});

test('seconds may have a fraction', () => {
  expect(parseSeconds('--time', '0.5')).toBe(0.5);
  expect(() => parseSeconds('--time', '1m')).toThrow('--time: "1m" is not a number of seconds');
});

test('sizes for people', () => {
  expect([0, 1023, 1024, 1536, 268_435_456, 157_286_400].map((bytes) => formatBytes(bytes))).toEqual([
    '0B',
    '1023B',
    '1K',
    '1.5K',
    '256M',
    '150M',
  ]);
  expect(formatBytes('18446744073709551615')).toBe('16384P');
});

test('times for people', () => {
  expect([0.2, 1, 59, 60, 7200, 90_000].map(formatDuration)).toEqual([
    'less than a second',
    '1 second',
    '59 seconds',
    '1 minute',
    '2 hours',
    '1 day',
  ]);
});
