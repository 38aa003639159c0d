import { expect, test } from 'vitest';
import { formatDecimal, percentOf, shortQuantity } from './figures.ts';

test('amounts keep every digit, beyond what a float holds', () => {
  expect(formatDecimal('en', '-90071992547409931234.50')).toBe('−90,071,992,547,409,931,234.50');
  expect(formatDecimal('de', '1234.5')).toBe('1.234,5');
  expect(formatDecimal('zh', '0')).toBe('0');
});

test('quantities are cut to six decimals', () => {
  expect(['1.123456789', '3.000000001', '12', '0.500000'].map(shortQuantity)).toEqual(['1.123456', '3', '12', '0.5']);
});

test('shares are told in per cent without a float', () => {
  expect(['0.19', '0', '1', '0.075', '0.2', '0.00001'].map(percentOf)).toEqual(['19', '0', '100', '7.5', '20', '0.001']);
});
