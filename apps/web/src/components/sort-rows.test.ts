import { describe, expect, it } from 'vitest';
import { readSort, sortRows, sortText } from './sort-rows.ts';

describe('sorting rows', () => {
  const rows = [{ v: 3 }, { v: undefined }, { v: 10 }, { v: 1 }];
  it('puts what was not measured last, whichever way', () => {
    expect(sortRows(rows, ({ v }) => v, false).map(({ v }) => v)).toEqual([1, 3, 10, undefined]);
    expect(sortRows(rows, ({ v }) => v, true).map(({ v }) => v)).toEqual([10, 3, 1, undefined]);
  });

  it('reads numbers in names as numbers', () => {
    expect(sortRows(['web-10', 'web-9', 'Web-2'], (name) => name, false)).toEqual(['Web-2', 'web-9', 'web-10']);
  });

  it('leaves equal ones as they came', () => {
    const equal = [
      { id: 'b', v: 1 },
      { id: 'a', v: 1 },
    ];
    expect(sortRows(equal, ({ v }) => v, true).map(({ id }) => id)).toEqual(['b', 'a']);
  });

  it('is kept in the address, and anything else there is the usual order', () => {
    const usual = { column: 'name', descending: false } as const;
    expect(readSort('-cpu', ['name', 'cpu'], usual)).toEqual({ column: 'cpu', descending: true });
    expect(readSort('nonsense', ['name', 'cpu'], usual)).toBe(usual);
    expect(sortText({ column: 'cpu', descending: true })).toBe('-cpu');
  });
});
