import type { Ownership, UsageRow } from '@bulkhead/model';
import { describe, expect, test } from 'vitest';
import { at, hostId, reading } from '../../test/readings.ts';
import { gapsOf } from './gaps.ts';
import { rowsOfHoldings } from './holdings.ts';
import { rowsOfReadings } from './rows.ts';

const brief = (rows: readonly UsageRow[]) => rows.map(({ start, end, quantity }) => [start, end, quantity]);

describe('rows of readings', () => {
  test('growth over an hour bound is divided by time, to the last unit', () => {
    const rows = rowsOfReadings([reading({ minute: 59, cpu: 0, ageMinutes: 1 }), reading({ minute: 60.5, cpu: 100, ageMinutes: 2.5 })]);
    expect(brief(rows)).toEqual([
      [at(0), at(60), '66'],
      [at(60), at(120), '34'],
    ]);
  });

  test('a reading at the very bound of an hour belongs to the hour that ends with it', () => {
    expect(brief(rowsOfReadings([reading({ minute: 60, cpu: 9, ageMinutes: 0 })]))).toEqual([[at(0), at(60), '9']]);
  });

  test('rows are divided where a plan, a limit or an owner changes within the hour', () => {
    const ownerships: Ownership[] = [
      { resource: { hostId, kind: 'container', id: '7'.padStart(16, '0') }, tenantId: 'beta', from: at(0), to: at(20) },
      { resource: { hostId, kind: 'container', id: '7'.padStart(16, '0') }, tenantId: 'gamma', from: at(30) },
    ];
    const rows = rowsOfReadings([reading({ minute: 15, cpu: 15, ageMinutes: 15 }), reading({ minute: 60, cpu: 60, ageMinutes: 60 })], {
      cuts: [at(45)],
      ownerships,
    });
    const owned = rows.map(({ tenantId, start, end, quantity }) => [tenantId, start, end, quantity]);
    expect(owned).toEqual([
      [null, at(20), at(30), '10'],
      ['beta', at(0), at(20), '20'],
      ['gamma', at(30), at(45), '15'],
      ['gamma', at(45), at(60), '15'],
    ]);
  });

  test('two owners at once are refused, with both named', () => {
    const resource = { hostId, kind: 'container', id: 'x' } as const;
    const ownerships = [
      { resource, tenantId: 'beta', from: at(0) },
      { resource, tenantId: 'gamma', from: at(5), to: at(6) },
    ];
    expect(() => rowsOfReadings([], { ownerships })).toThrow(/belongs to beta and to gamma at once/);
  });

  test('a group that was there before us does not bill its past', () => {
    const rows = rowsOfReadings([
      reading({ minute: 1, cpu: 1_000_000, peak: 500, origin: 'adopted' }),
      reading({ minute: 2, cpu: 1_000_030, peak: 500, origin: 'adopted' }),
      reading({ minute: 3, cpu: 1_000_040, peak: 501, origin: 'adopted' }),
    ]);
    expect(rows.map(({ meter, quantity, flags }) => [meter, quantity, flags])).toEqual([
      ['cpu-used', '40', ['baseline']],
      ['memory-peak', '501', ['baseline']],
    ]);
    expect(rowsOfReadings([reading({ minute: 1, cpu: 77, origin: 'adopted' })])).toEqual([]);
  });

  test('a counter that went down adds what it then shows, and is flagged', () => {
    const rows = rowsOfReadings([
      reading({ minute: 1, cpu: 100, ageMinutes: 1 }),
      reading({ minute: 2, cpu: 30, ageMinutes: 2 }),
      reading({ minute: 3, cpu: 50, ageMinutes: 3 }),
    ]);
    expect(rows.map(({ quantity, flags }) => [quantity, flags])).toEqual([['150', ['reset']]]);
  });

  test('a reboot is a new incarnation: nothing is subtracted from its counters, and the time between is not charged', () => {
    const otherBoot = '0198a000-0000-4000-8000-000000000003';
    const after = { ...reading({ minute: 50, cpu: 5, boot: otherBoot, ageMinutes: 1 }), boottimeMsec: '60000' };
    const rows = rowsOfReadings([reading({ minute: 1, cpu: 100, ageMinutes: 1 }), after]);
    expect(rows.map(({ quantity, durationMsec, flags }) => [quantity, durationMsec, flags])).toEqual([['105', '120000', []]]);
  });

  test('a container that moves to another host is charged on each for its time there, and its counters never meet', () => {
    const here = reading({ minute: 20, cpu: 500, ageMinutes: 20, final: true });
    const there = '0198a000-0000-7000-8000-000000000009';
    const moved = reading({ minute: 40, cpu: 70, ageMinutes: 15 });
    const rows = rowsOfReadings([
      here,
      { ...moved, resource: { ...moved.resource, hostId: there }, incarnation: { ...moved.incarnation, hostId: there } },
    ]);
    expect(rows.map(({ resource, quantity, durationMsec }) => [resource.hostId, quantity, durationMsec])).toEqual([
      [hostId, '500', '1200000'],
      [there, '70', '900000'],
    ]);
  });

  test('a clock that was set stretches no charge: labels follow it, durations do not', () => {
    const rows = rowsOfReadings([
      reading({ minute: 10, cpu: 0, ageMinutes: 0 }),
      reading({ minute: 11, cpu: 60, ageMinutes: 1, wallOffMsec: 3 * 3_600_000 }),
      reading({ minute: 12, cpu: 120, ageMinutes: 2, wallOffMsec: 3 * 3_600_000 }),
    ]);
    expect(rows.map(({ start, quantity, durationMsec, flags }) => [start, quantity, durationMsec, flags])).toEqual([
      [at(0), '0', '0', []],
      [at(180), '120', '120000', ['clock']],
    ]);
  });

  test('missing readings are flagged and lose nothing; the gap is told', () => {
    const readings = [reading({ minute: 30, cpu: 0, ageMinutes: 0 }), reading({ minute: 150, cpu: 120, ageMinutes: 120 })];
    const rows = rowsOfReadings(readings);
    expect(rows.map(({ start, quantity, flags }) => [start, quantity, flags])).toEqual([
      [at(0), '30', ['spread']],
      [at(60), '60', ['spread']],
      [at(120), '30', ['spread']],
    ]);
    expect(gapsOf(readings)).toMatchObject([{ reason: 'readings', from: at(30), to: at(150), durationMsec: '7200000' }]);
  });

  test('a gauge that was not measured adds nothing for that time, and coverage tells so', () => {
    const readings = [
      reading({ minute: 1, memory: 100, ageMinutes: 1 }),
      reading({ minute: 2, memory: 150, ageMinutes: 2, unmeasuredMsec: 40_000 }),
    ];
    expect(
      rowsOfReadings(readings).map(({ quantity, durationMsec, unmeasuredMsec, flags }) => [quantity, durationMsec, unmeasuredMsec, flags]),
    ).toEqual([['150', '120000', '40000', ['unmeasured']]]);
    expect(gapsOf(readings)).toMatchObject([{ reason: 'gauge', durationMsec: '40000' }]);
  });

  test('of a life of 20 ms CPU is exact and memory-time is an estimate, flagged as one', () => {
    const rows = rowsOfReadings([{ ...reading({ minute: 5, cpu: 17_345, memory: 0, unmeasuredMsec: 20, final: true }), ageMsec: '20' }]);
    expect(rows.map(({ meter, quantity, flags }) => [meter, quantity, flags])).toEqual([
      ['cpu-used', '17345', []],
      ['memory-used', '0', ['estimate', 'unmeasured']],
    ]);
  });

  test('what a final reading tells happened before the last process ended, however late it was taken', () => {
    const rows = rowsOfReadings([
      reading({ minute: 50, cpu: 50, ageMinutes: 50 }),
      reading({ minute: 200, cpu: 58, ageMinutes: 58, final: true }),
    ]);
    expect(brief(rows)).toEqual([[at(0), at(60), '58']]);
  });

  test('a peak is the most there was in each hour, and never added up', () => {
    const rows = rowsOfReadings([
      reading({ minute: 10, peak: 5, ageMinutes: 10 }),
      reading({ minute: 20, peak: 9, ageMinutes: 20 }),
      reading({ minute: 70, peak: 9, ageMinutes: 70 }),
    ]);
    expect(brief(rows)).toEqual([
      [at(0), at(60), '9'],
      [at(60), at(120), '9'],
    ]);
  });
});

describe('rows of holdings', () => {
  const resource = { hostId, kind: 'address', id: '10.0.0.7', name: '10.0.0.7' } as const;
  const moment = (minute: number) => ({ at: at(minute), boottimeMsec: String(minute * 60_000) });

  test('an allocation is its amount times the time, and what is present its time', () => {
    const rows = rowsOfHoldings([
      { resource, tenantId: 'acme', meter: 'memory-allocated', amount: '1024', from: moment(30), to: moment(90) },
      { resource, tenantId: 'acme', meter: 'address-held', amount: '2', from: moment(0), to: moment(1) },
    ]);
    expect(rows.map(({ meter, start, quantity }) => [meter, start, quantity])).toEqual([
      ['memory-allocated', at(0), String(1024 * 1800)],
      ['address-held', at(0), '120000'],
      ['memory-allocated', at(60), String(1024 * 1800)],
    ]);
  });

  test('a counter cannot be held, and a holding cannot end before it begins', () => {
    const held = { resource, tenantId: 'acme', amount: '1', from: moment(2), to: moment(3) };
    expect(() => rowsOfHoldings([{ ...held, meter: 'cpu-used' }])).toThrow(/cpu-used is measured/);
    expect(() => rowsOfHoldings([{ ...held, meter: 'address-held', to: moment(1) }])).toThrow(/ends before it begins/);
  });
});
