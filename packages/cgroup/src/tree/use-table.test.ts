import { expect, test } from 'vitest';
import { toUse, useColumns } from './use-columns.ts';
import { UseTable } from './use-table.ts';

const row = new Float64Array(useColumns.length);
const numbers = (...values: number[]) => Float64Array.from([...values, Number.NaN, Number.NaN, Number.NaN].slice(0, 3));
const useOf = (table: UseTable, slot = 0) => toUse(table.row(slot, row));

test('nothing is known before the second look at a counter, and after it a rate', () => {
  const table = new UseTable();
  expect(useOf(table)).toEqual({});
  table.take('cpu', 0, numbers(1_000_000), 10);
  expect(useOf(table)).toEqual({});
  table.take('cpu', 0, numbers(1_500_000), 12);
  expect(useOf(table)).toEqual({ cpuMillis: 250 });
  table.take('cpu', 0, numbers(1_500_000), 13);
  expect(useOf(table)).toEqual({ cpuMillis: 0 });
});

test('a counter that went back, or was not looked at for long, says nothing of this moment', () => {
  const table = new UseTable();
  table.take('io', 0, numbers(5000, 100), 0);
  table.take('io', 0, numbers(4000, 300), 1);
  expect(useOf(table)).toEqual({ ioWriteBytesPerSecond: 200 });
  table.take('io', 0, numbers(6000, 300), 2);
  expect(useOf(table)).toEqual({ ioReadBytesPerSecond: 2000, ioWriteBytesPerSecond: 0 });
  table.take('io', 0, numbers(9000, 300), 100);
  expect(useOf(table)).toEqual({});
});

test('a clock that stands still divides nothing by nothing', () => {
  const table = new UseTable();
  table.take('cpu', 0, numbers(1), 5);
  table.take('cpu', 0, numbers(9), 5);
  expect(useOf(table)).toEqual({});
});

test('gauges are as they are at once, 0 too', () => {
  const table = new UseTable();
  table.take('memory', 0, numbers(0), 1);
  table.take('pids', 0, numbers(7), 1);
  table.take('memoryPressure', 0, numbers(0.5, 0.25), 1);
  expect(useOf(table)).toEqual({ memoryBytes: 0, pids: 7, pressure: { memorySome: 0.5, memoryFull: 0.25 } });
  table.forget('memory', 0);
  expect(useOf(table)).not.toHaveProperty('memoryBytes');
});

test('a share of throttled periods needs a quota: none without a period, 0 where none passed', () => {
  const table = new UseTable();
  table.take('throttling', 0, numbers(0, 0), 1);
  table.take('throttling', 0, numbers(0, 0), 2);
  expect(useOf(table)).toEqual({});
  table.take('throttling', 0, numbers(10, 4), 3);
  expect(useOf(table)).toEqual({ throttled: 0.4 });
  table.take('throttling', 0, numbers(10, 4), 4);
  expect(useOf(table)).toEqual({ throttled: 0 });
  // On version 2 it comes with the CPU time.
  table.take('cpu', 0, numbers(5, 30, 9), 5);
  expect(useOf(table)).toMatchObject({ throttled: 0.25 });
});

test('says whether anything moved, but for pressure, which moves by itself', () => {
  const table = new UseTable();
  expect(table.take('memory', 0, numbers(1), 1)).toBe(true);
  expect(table.take('memory', 0, numbers(1), 2)).toBe(false);
  expect(table.take('cpuPressure', 0, numbers(0.5), 2)).toBe(false);
  expect(table.take('io', 0, numbers(1, 1), 2)).toBe(true);
  expect(table.take('io', 0, numbers(1, 1), 3)).toBe(false);
});

test('a slot that is used again knows nothing of who had it before, and thousands fit', () => {
  const table = new UseTable();
  for (let slot = 0; slot < 5000; slot += 1) {
    table.reserve(slot);
    table.take('memory', slot, numbers(slot), 1);
  }
  expect(useOf(table, 4999)).toEqual({ memoryBytes: 4999 });
  expect(useOf(table, 63)).toEqual({ memoryBytes: 63 });
  table.clear(63);
  expect(useOf(table, 63)).toEqual({});
});
