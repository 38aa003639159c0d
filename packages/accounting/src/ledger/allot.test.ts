import type { UsageRow } from '@bulkhead/model';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { row } from '../../test/bill.ts';
import { allotUnowned } from './allot.ts';
import { rowKey } from './row-text.ts';

const of = (tenantId: string | null, quantity: bigint, hour = 0, container = 1): UsageRow => ({
  ...row({ quantity, hour, container }),
  tenantId,
});
const brief = (rows: readonly UsageRow[]) => rows.map(({ tenantId, quantity, flags }) => [tenantId, quantity, flags]);

test('what nobody owns is shared in proportion to use, or evenly, to the last unit', () => {
  const rows = [of('acme', 1n), of('beta', 2n, 0, 2), of(null, 10n, 0, 9)];
  expect(brief(allotUnowned(rows, 'proportional'))).toEqual([
    ['acme', '1', []],
    ['acme', '3', ['allotted']],
    ['beta', '2', []],
    ['beta', '7', ['allotted']],
  ]);
  expect(brief(allotUnowned(rows, 'even'))).toContainEqual(['acme', '5', ['allotted']]);
});

test("where no tenant used any it stays nobody's", () => {
  const rows = [of('acme', 1n, 5), of(null, 10n, 0, 9), of('acme', 0n, 7), of(null, 3n, 7, 9)];
  expect(brief(allotUnowned(rows, 'proportional'))).toEqual([
    [null, '10', []],
    [null, '3', []],
    ['acme', '1', []],
    ['acme', '0', []],
  ]);
});

test('tenants and nobody together have what there was, whatever the method, and no row is told twice', () => {
  const rows = fc.uniqueArray(
    fc.record({
      tenantId: fc.constantFrom('acme', 'beta', 'gamma', null),
      quantity: fc.bigInt({ min: 0n, max: 10n ** 12n }),
      hour: fc.nat(3),
      container: fc.nat(9),
    }),
    { selector: ({ tenantId, hour, container }) => `${tenantId} ${hour} ${container}` },
  );
  fc.assert(
    fc.property(rows, fc.constantFrom('proportional', 'even' as const), (list, method) => {
      const before = list.map(({ tenantId, quantity, hour, container }) =>
        of(tenantId, quantity, hour, tenantId === null ? container + 10 : container),
      );
      const after = allotUnowned(before, method);
      for (const hour of [0, 1, 2, 3]) {
        const { start } = row({ quantity: 0n, hour });
        const sum = (all: readonly UsageRow[]) =>
          all.filter((one) => one.start === start).reduce((total, { quantity }) => total + BigInt(quantity), 0n);
        expect(sum(after)).toBe(sum(before));
      }
      expect(new Set(after.map(rowKey)).size).toBe(after.length);
    }),
  );
});
