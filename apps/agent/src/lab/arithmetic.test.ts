import { describe, expect, it } from 'vitest';
import {
  cpuMillisBetween,
  cpuUsecBetween,
  differenceOf,
  expectAtLeast,
  expectAtMost,
  expectWithin,
  percentOf,
  readRateBetween,
} from './arithmetic.ts';

describe('counters', () => {
  it('are subtracted exactly, in nanoseconds where both have them', () => {
    const before = { cpuUsageUsec: '9007199254740993', cpuUsageNsec: '9007199254740993000' };
    const after = { cpuUsageUsec: '9007199254740995', cpuUsageNsec: '9007199254740995500' };
    expect(cpuUsecBetween(before, after)).toBe(2.5);
    expect(cpuUsecBetween({ cpuUsageUsec: before.cpuUsageUsec }, after)).toBe(2);
    expect(differenceOf('ioReadBytes', { ioReadBytes: '18446744073709551000' }, { ioReadBytes: '18446744073709551615' })).toBe(615);
  });

  it('that were not read make nothing, never 0', () => {
    expect(cpuUsecBetween({}, { cpuUsageUsec: '1' })).toBe(undefined);
    expect(differenceOf('memoryOomKills', {}, {})).toBe(undefined);
    expect(readRateBetween({ atMsec: 0, reading: {} }, { atMsec: 1000, reading: { ioReadBytes: '5' } })).toBe(undefined);
    expect(percentOf(undefined, 3)).toBe(undefined);
    expect(percentOf(0, 0)).toBe(undefined);
  });

  it('become rates over the time between them, and nothing over no time', () => {
    const at = (atMsec: number, cpuUsageUsec: string, ioReadBytes: string) => ({ atMsec, reading: { cpuUsageUsec, ioReadBytes } });
    expect(cpuMillisBetween(at(0, '0', '0'), at(250, '125000', '0'))).toBe(500);
    expect(readRateBetween(at(0, '0', '1000'), at(500, '0', '2000'))).toBe(2000);
    expect(cpuMillisBetween(at(7, '0', '0'), at(7, '1', '0'))).toBe(undefined);
  });
});

describe('shares', () => {
  it('of 200 and 800 owe 20 percent, of weights 20 and 78 a little more', () => {
    expect(percentOf(200, 800)).toBe(20);
    expect(percentOf(20, 78)).toBeCloseTo(20.408, 3);
  });
});

describe('a check', () => {
  const share = { key: 'less-share', unit: 'percent', expected: 20 } as const;
  it('passes up to its tolerance on both sides and not beyond', () => {
    const passed = (measured: number) => expectWithin({ ...share, tolerance: 2, measured }).passed;
    expect([17.99, 18, 20, 22, 22.01].map(passed)).toEqual([false, true, true, true, false]);
  });

  it('of a least or a most counts the bound in', () => {
    expect([1, 2, 3].map((measured) => expectAtLeast({ ...share, expected: 2, measured }).passed)).toEqual([false, true, true]);
    expect([1, 2, 3].map((measured) => expectAtMost({ ...share, expected: 2, measured }).passed)).toEqual([true, true, false]);
  });

  it('fails where nothing was measured, and shows no number', () => {
    for (const check of [
      expectWithin({ ...share, expected: 0, tolerance: 2, measured: undefined }),
      expectAtMost({ ...share, measured: Number.NaN }),
      expectAtLeast({ ...share, expected: 0, measured: undefined }),
    ]) {
      expect(check.passed).toBe(false);
      expect(check).not.toHaveProperty('measured');
    }
  });
});
