import { expect, test } from 'vitest';
import { monthsBefore } from './retention.ts';

test.each([
  ['2026-11-25T10:00:00.000Z', 13, '2025-10-25T10:00:00.000Z'],
  ['2026-03-31T23:59:59.000Z', 1, '2026-02-28T23:59:59.000Z'],
  ['2024-03-31T00:00:00.000Z', 1, '2024-02-29T00:00:00.000Z'],
  ['2026-01-15T00:00:00.000Z', 12, '2025-01-15T00:00:00.000Z'],
])('%s less %d months is %s', (now, months, then) => {
  expect(monthsBefore(new Date(now), months).toISOString()).toBe(then);
});
