import { useColumns } from '@bulkhead/cgroup';
import { expect, test } from 'vitest';
import { UseRing } from './use-ring.ts';

const width = useColumns.length;
const row = (...values: number[]): Float64Array => Float64Array.from({ length: width }, (_, column) => values[column] ?? Number.NaN);
const read = (ring: UseRing, from = 0): [number, number, number][] =>
  ring
    .read(from)
    .map(({ tick, row: [first, , third] }): [number, number, number] => [tick, first as number, third as number])
    .toArray();

test('gives back what was put in, in order, through full chunks and the open one', () => {
  const ring = new UseRing();
  const expected: [number, number, number][] = [];
  for (let tick = 1; tick <= 150; tick += 1) {
    ring.push(tick, row(tick, 0, 4096 * (tick % 3)));
    expected.push([tick, tick, 4096 * (tick % 3)]);
  }
  expect(read(ring)).toEqual(expected);
  expect(read(ring, 100)).toEqual(expected.filter(([tick]) => tick >= 100));
  expect(read(ring, 151)).toEqual([]);
});

test('a tick that is missing is missing', () => {
  const ring = new UseRing();
  for (const tick of [1, 2, 5, 6, 90]) ring.push(tick, row(tick));
  expect(read(ring).map(([tick]) => tick)).toEqual([1, 2, 5, 6, 90]);
});

test('what was not measured stays so, also between what was', () => {
  const ring = new UseRing();
  for (let tick = 1; tick <= 70; tick += 1) ring.push(tick, row(tick % 2 === 0 ? Number.NaN : 5));
  expect(read(ring).map(([, first]) => first)).toEqual(Array.from({ length: 70 }, (_, index) => (index % 2 === 1 ? Number.NaN : 5)));
});

test('a group that stands still costs a row, however long; one figure that moves costs its own column', () => {
  const [still, moving] = [new UseRing(), new UseRing()];
  for (let tick = 1; tick <= 900; tick += 1) {
    still.push(tick, row(0, 0, 4096));
    moving.push(tick, row(tick, 0, 4096));
  }
  expect(still.bytes).toBeLessThan(5 * width * 4);
  expect(moving.bytes).toBeLessThan(900 * 4 + 60 * width * 4 + 20 * width * 4);
  expect(read(still)).toHaveLength(900);
  expect(read(still, 899)).toEqual([
    [899, 0, 4096],
    [900, 0, 4096],
  ]);
});

test('forgets what is old, and keeps the rest', () => {
  const [still, moving] = [new UseRing(), new UseRing()];
  for (let tick = 1; tick <= 300; tick += 1) {
    still.push(tick, row(7));
    moving.push(tick, row(tick));
  }
  still.forgetBefore(200);
  moving.forgetBefore(200);
  expect(still.oldest).toBe(200);
  // Whole chunks alone.
  expect(moving.oldest).toBe(181);
  expect(read(moving).at(0)).toEqual([181, 181, Number.NaN]);
  expect(read(still)).toHaveLength(101);
});
