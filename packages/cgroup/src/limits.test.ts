import { describe, expect, test } from 'vitest';
import { millisOfQuota, quotaUsecOfMillis } from './limits.ts';

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
