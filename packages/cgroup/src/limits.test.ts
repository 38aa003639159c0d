import { describe, expect, test } from 'vitest';
import { millisOfQuota, quotaUsecOfMillis, sharesOfWeight, weightOfShares } from './limits.ts';

describe('cpu.weight and cpu.shares', () => {
  test.each([
    [1, 10],
    [50, 512],
    [100, 1024],
    [10_000, 102_400],
  ])('weight %i is %i shares', (weight, shares) => expect(sharesOfWeight(weight)).toBe(shares));
  test('every weight comes back', () => {
    for (let weight = 1; weight <= 10_000; weight += 1) expect(weightOfShares(sharesOfWeight(weight))).toBe(weight);
  });
  test.each([
    [2, 1],
    [262_144, 10_000],
  ])('%i shares of a foreign hand are held to a weight of %i', (shares, weight) => expect(weightOfShares(shares)).toBe(weight));
});

describe('quota', () => {
  test.each([
    [10, 1000],
    [500, 50_000],
    [1500, 150_000],
  ])('%i thousandths of a CPU are %i us of each period', (millis, quotaUsec) => {
    expect(quotaUsecOfMillis(millis)).toBe(quotaUsec);
    expect(millisOfQuota(quotaUsec, 100_000)).toBe(millis);
  });
  test('another period than ours', () => expect(millisOfQuota(25_000, 50_000)).toBe(500));
});
