import { useColumns } from '@bulkhead/cgroup';
import { CgroupMinutes, JournalRecord } from '@bulkhead/model';
import { expect, test } from 'vitest';
import { MinuteMeans } from './minute-means.ts';

const hostId = '00000000-0000-4000-8000-000000000000';
const row = (use: Partial<Record<(typeof useColumns)[number], number>>): Float64Array =>
  Float64Array.from(useColumns, (name) => use[name] ?? Number.NaN);

test('are means of what was measured, with the most; what was not measured is null', () => {
  const means = new MinuteMeans();
  means.add(0, row({ cpuMillis: 100, memoryBytes: 10, pids: 1 }));
  means.add(0, row({ cpuMillis: 300, pids: 2 }));
  means.add(1, row({ cpuMillis: 0 }));
  const [record, ...others] = means.take(hostId, 29_000_000, [
    { path: 'a', slot: 0 },
    { path: '', slot: 1 },
  ]);
  expect(others).toEqual([]);
  expect(record).toEqual({
    kind: 'cgroup-minutes',
    hostId,
    at: new Date(29_000_000 * 60_000).toISOString(),
    part: 0,
    paths: ['/a', '/'],
    cpuMillis: [200, 0],
    cpuMillisMost: [300, 0],
    memoryBytes: [10, null],
    memoryBytesMost: [10, null],
    pids: [1.5, null],
  });
  expect(JournalRecord.parse(record)).toEqual(record);
});

test('begin anew each minute, and leave out groups of which nothing was measured', () => {
  const means = new MinuteMeans();
  means.add(0, row({ pids: 1 }));
  means.add(1, row({}));
  const groups = [0, 1, 2, 500].map((slot) => ({ path: `g${slot}`, slot }));
  expect(means.take(hostId, 1, groups).flatMap(({ paths }) => paths)).toEqual(['/g0']);
  expect(means.take(hostId, 2, groups)).toEqual([]);
});

test('a slot that goes to another group takes nothing along', () => {
  const means = new MinuteMeans();
  means.add(3, row({ pids: 9 }));
  means.forget(3);
  means.add(3, row({ pids: 1 }));
  expect(means.take(hostId, 1, [{ path: 'new', slot: 3 }])[0]?.pids).toEqual([1]);
});

test('of thousands come in records of a bounded size that the journal takes', () => {
  const means = new MinuteMeans();
  const groups = Array.from({ length: 1234 }, (_, slot) => ({ path: `g${slot}`, slot }));
  for (const { slot } of groups) means.add(slot, row({ memoryBytes: slot * 1e9 + 1 / 3 }));
  const records = means.take(hostId, 5, groups);
  expect(records.map(({ part, paths }) => [part, paths.length])).toEqual([
    [0, 500],
    [1, 500],
    [2, 234],
  ]);
  for (const record of records) expect(CgroupMinutes.safeParse(record).success).toBe(true);
  expect(records.flatMap(({ paths }) => paths)).toEqual(groups.map(({ path }) => `/${path}`));
});

test('turns with the minute of the wall clock, also when that is set back', () => {
  const means = new MinuteMeans();
  const minutes = [60_000, 61_000, 119_999, 120_000, 125_000, 60_500].map((wallMsec) => means.turn(wallMsec));
  expect(minutes).toEqual([undefined, undefined, undefined, 1, undefined, 2]);
});
