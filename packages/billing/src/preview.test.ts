import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PlanProposal } from '@bulkhead/model';
import { expect, test } from 'vitest';
import { previewPlan } from './preview.ts';

/** The plan that the operator's guide shows. */
const guide = readFileSync(join(import.meta.dirname, '../../../docs/operator.md'), 'utf8');
const plan = PlanProposal.parse(JSON.parse(/```json\n(\{\n {2}"planId"[\s\S]*?)```/.exec(guide)?.[1] ?? ''));
const where = { month: '2026-03', zone: 'Europe/Berlin' };

test("the plan of the operator's guide is one, and its example costs what it says", () => {
  const use = [
    { meter: 'cpu-used', quantity: '120' },
    { meter: 'memory-used', quantity: '600' },
  ] as const;
  // 110 core-hours at 0.04, 500 GiB-hours at 0.005 and 100 at 0.004, and the fee: the clock's change costs nothing.
  expect(previewPlan(plan, { use, ...where })).toMatchObject({ currency: 'EUR', subtotal: '12.30', unpriced: [] });
});

test('nothing used costs the minimum, and what has no price is told', () => {
  expect(previewPlan(plan, { use: [], ...where }).subtotal).toBe('9.00');
  expect(previewPlan(plan, { use: [{ meter: 'io-read-bytes', quantity: '2' }], ...where }).unpriced).toEqual([
    { meter: 'io-read-bytes', quantity: '2147483648' },
  ]);
});
