import type { LedgerReading, MeterId, Ownership, ReadingRecord, UsageRow } from '@bulkhead/model';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { addMeters, usageOfIncarnations } from '../usage.ts';
import { boundingReadings } from './bounding.ts';
import { toLedgerReading } from './from-record.ts';
import { gapsOf } from './gaps.ts';
import { rowsOfHoldings } from './holdings.ts';
import { rowsOfReadings } from './rows.ts';

const hostId = '0198a000-0000-7000-8000-000000000001';
const bootId = '0198a000-0000-4000-8000-000000000002';
const epochMsec = Date.UTC(2026, 0, 1);
const at = (minute: number): string => new Date(epochMsec + Math.round(minute * 60_000)).toISOString();
const hour = 60;

interface Facts {
  minute: number;
  cpu?: number | undefined;
  memory?: number | undefined;
  peak?: number | undefined;
  ino?: string;
  boot?: string;
  origin?: 'created' | 'adopted';
  tenantId?: string | null;
  ageMinutes?: number | undefined;
  unmeasuredMsec?: number;
  final?: boolean;
  /** By how much the wall clock is off at this reading. */
  wallOffMsec?: number;
}

function reading(facts: Facts): LedgerReading {
  const { minute, ino = '7', boot = bootId, origin = 'created', tenantId = 'acme', final = false, wallOffMsec = 0 } = facts;
  const meters: Partial<Record<MeterId, string>> = {};
  if (facts.cpu !== undefined) meters['cpu-used'] = String(facts.cpu);
  if (facts.memory !== undefined) meters['memory-used'] = String(facts.memory);
  if (facts.peak !== undefined) meters['memory-peak'] = String(facts.peak);
  return {
    resource: { hostId, kind: 'container', id: ino.padStart(16, '0'), name: 'burn' },
    incarnation: { hostId, bootId: boot, cgroupIno: ino },
    origin,
    tenantId,
    at: new Date(epochMsec + Math.round(minute * 60_000) + wallOffMsec).toISOString(),
    boottimeMsec: String(1_000_000 + Math.round(minute * 60_000)),
    ...(facts.ageMinutes === undefined ? {} : { ageMsec: String(Math.round(facts.ageMinutes * 60_000)) }),
    final,
    meters,
    unmeasuredMsec: String(facts.unmeasuredMsec ?? 0),
  };
}

const brief = (rows: readonly UsageRow[]) => rows.map(({ start, end, quantity }) => [start, end, quantity]);
const of = (rows: readonly UsageRow[], meter: MeterId) => rows.filter((row) => row.meter === meter);
const total = (rows: readonly UsageRow[]): bigint => rows.reduce((sum, { quantity }) => sum + BigInt(quantity), 0n);

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

interface Move {
  ino: string;
  minutes: number;
  cpu: number | undefined;
  memory: number;
  peak: number;
  restart: boolean;
  unmeasured: number;
  jumpMsec: number;
  /** Ends here, and the reading that tells so comes so much later. */
  endLate: number | undefined;
}

/** Lives with resets, missing meters, gaps, unmeasured time and clocks that are set. */
function liveThrough(moves: readonly Move[], origin: 'created' | 'adopted' = 'created'): LedgerReading[] {
  const states = new Map<string, { minute: number; cpu: number; memory: number; peak: number; unmeasured: number }>();
  let wallOffMsec = 0;
  let minute = 0;
  return moves.map(({ ino, minutes, cpu, memory, peak, restart, unmeasured, jumpMsec, endLate }) => {
    minute += minutes;
    wallOffMsec += jumpMsec;
    const state = states.get(ino) ?? { minute: minute - minutes, cpu: 0, memory: 0, peak: 0, unmeasured: 0 };
    states.set(ino, state);
    if (cpu !== undefined) state.cpu = (restart ? 0 : state.cpu) + cpu;
    state.memory += memory;
    state.peak = Math.max(restart ? 0 : state.peak, peak);
    state.unmeasured += Math.min(unmeasured, minutes * 60_000);
    const aged = minute - state.minute;
    if (endLate !== undefined) minute += endLate;
    return reading({
      minute,
      ino,
      final: endLate !== undefined,
      cpu: cpu === undefined ? undefined : state.cpu,
      memory: state.memory,
      peak: state.peak,
      origin,
      unmeasuredMsec: state.unmeasured,
      wallOffMsec,
      ageMinutes: origin === 'adopted' ? undefined : aged,
      tenantId: ino === '9' ? 'beta' : 'acme',
    });
  });
}

const move = fc.record({
  ino: fc.constantFrom('7', '8', '9'),
  minutes: fc.oneof(
    { weight: 6, arbitrary: fc.constant(1) },
    fc.nat(400).map((n) => n / 10),
  ),
  cpu: fc.option(fc.nat(1_000_000), { nil: undefined, freq: 6 }),
  memory: fc.nat(1_000_000),
  peak: fc.nat(1000),
  restart: fc.oneof({ weight: 9, arbitrary: fc.constant(false) }, fc.constant(true)),
  unmeasured: fc.oneof({ weight: 5, arbitrary: fc.constant(0) }, fc.nat(60_000)),
  jumpMsec: fc.oneof({ weight: 12, arbitrary: fc.constant(0) }, fc.integer({ min: -8_000_000, max: 8_000_000 })),
  endLate: fc.option(
    fc.nat(200).map((n) => n / 10),
    { nil: undefined, freq: 1 },
  ),
});
const moves = fc.array(move, { maxLength: 80 });
const origins = fc.constantFrom('created', 'adopted' as const);

describe('properties', () => {
  test('readings that come shuffled, late or twice give the same rows', () => {
    fc.assert(
      fc.property(
        moves.chain((list) => {
          // Of two that contradict each other the first counts, so that there is an order.
          const readings = [
            ...Map.groupBy(liveThrough(list), ({ incarnation, boottimeMsec }) => `${incarnation.cgroupIno} ${boottimeMsec}`).values(),
          ].map(([first]) => first as LedgerReading);
          return fc.tuple(fc.constant(readings), fc.shuffledSubarray([...readings, ...readings], { minLength: readings.length * 2 }));
        }),
        ([readings, delivered]) => {
          expect(rowsOfReadings(delivered)).toEqual(rowsOfReadings(readings));
        },
      ),
      { numRuns: 200 },
    );
  });

  test('no quantity is negative, rows lie within one hour, and time is charged once', () => {
    fc.assert(
      fc.property(moves, origins, (list, origin) => {
        for (const row of rowsOfReadings(liveThrough(list, origin))) {
          expect(BigInt(row.quantity) >= 0n).toBe(true);
          expect(BigInt(row.unmeasuredMsec) >= 0n && BigInt(row.unmeasuredMsec) <= BigInt(row.durationMsec)).toBe(true);
          expect(Math.floor(Date.parse(row.start) / 3_600_000)).toBe(Math.floor((Date.parse(row.end) - 1) / 3_600_000));
        }
      }),
      { numRuns: 200 },
    );
  });

  test('where rows are cut changes no sum', () => {
    fc.assert(
      fc.property(moves, fc.array(fc.nat(3000)), (list, cuts) => {
        const readings = liveThrough(list);
        const [whole, cut] = [rowsOfReadings(readings), rowsOfReadings(readings, { cuts: cuts.map((minute) => at(minute / 3)) })];
        for (const meter of ['cpu-used', 'memory-used'] as const) expect(total(of(cut, meter))).toBe(total(of(whole, meter)));
      }),
      { numRuns: 200 },
    );
  });

  test('a change of owner divides what the owners pay, and adds or loses nothing', () => {
    fc.assert(
      fc.property(moves, fc.nat(1000), (list, minute) => {
        const readings = liveThrough(list);
        const resource = { hostId, kind: 'container', id: '7'.padStart(16, '0') } as const;
        const owned = rowsOfReadings(readings, {
          ownerships: [
            { resource, tenantId: 'gamma', from: '2020-01-01T00:00:00.000Z', to: at(minute) },
            { resource, tenantId: 'delta', from: at(minute) },
          ],
        });
        expect(total(of(owned, 'cpu-used'))).toBe(total(of(rowsOfReadings(readings), 'cpu-used')));
        for (const { tenantId, end, start } of owned) {
          if (tenantId === 'gamma') expect(end <= at(minute)).toBe(true);
          if (tenantId === 'delta') expect(start >= at(minute)).toBe(true);
        }
      }),
      { numRuns: 200 },
    );
  });

  test('the readings that bound rows of a period make the same rows of it, whatever was before and after', () => {
    fc.assert(
      fc.property(moves, origins, fc.nat(200), fc.nat(200), (list, origin, start, length) => {
        const readings = liveThrough(list, origin);
        const period = { start: at(start), end: at(start + length) };
        const options = { cuts: [period.start, period.end], period, maximumStepMsec: 'max' as const };
        const rows = rowsOfReadings(boundingReadings(readings, options), options);
        expect(rows).toEqual(rowsOfReadings(readings, options));
        const whole = rowsOfReadings(readings, { ...options, period: undefined });
        expect(rows).toEqual(whole.filter((row) => row.start >= period.start && row.start < period.end));
      }),
      { numRuns: 500 },
    );
  });

  test('of a month of minutes few readings bound the rows', () => {
    const readings = Array.from({ length: 31 * 24 * 60 }, (_, index) =>
      reading({ minute: index + 0.5, cpu: index * 7, ageMinutes: index + 1 }),
    );
    const options = { period: { start: at(600), end: at(600 + 24 * 60) } };
    const bounding = boundingReadings(readings, options);
    expect(bounding.length).toBeLessThan(60);
    expect(rowsOfReadings(bounding, { ...options, maximumStepMsec: 'max' })).toEqual(rowsOfReadings(readings, options));
  });

  test('the readings that bound rows make the same rows as all of them', () => {
    fc.assert(
      fc.property(moves, origins, fc.array(fc.nat(3000), { maxLength: 4 }), (list, origin, cuts) => {
        const readings = liveThrough(list, origin);
        const options = { cuts: cuts.map((minute) => at(minute / 3)), maximumStepMsec: 'max' as const };
        const bounding = boundingReadings(readings, options);
        expect(rowsOfReadings(bounding, options)).toEqual(rowsOfReadings(readings, options));
      }),
      { numRuns: 500 },
    );
  });
});

const record = (facts: { minute: number; cpu: number; memory: number; unmeasured: number; ino: string }): ReadingRecord => ({
  kind: 'reading',
  incarnation: { hostId, bootId, cgroupIno: facts.ino },
  containerId: facts.ino.padStart(16, '0'),
  containerName: 'burn',
  tenantId: facts.ino === '9' ? 'beta' : 'acme',
  at: at(facts.minute),
  boottimeMsec: String(1_000_000 + facts.minute * 60_000),
  final: false,
  reading: { cpuUsageUsec: String(facts.cpu), ioReadBytes: String(facts.cpu * 3) },
  accumulators: {
    memoryByteSeconds: String(facts.memory),
    measuredMsec: String(facts.minute * 60_000 - facts.unmeasured),
    unmeasuredMsec: String(facts.unmeasured),
  },
});

describe('agreement with the usage that SQL is held to', () => {
  const steps = fc.array(
    fc.record({
      ino: fc.constantFrom('7', '8', '9'),
      cpu: fc.nat(1_000_000),
      memory: fc.nat(1_000_000),
      unmeasured: fc.nat(60_000),
      restart: fc.nat(9),
    }),
    { minLength: 1, maxLength: 200 },
  );
  const build = (list: readonly { ino: string; cpu: number; memory: number; unmeasured: number; restart: number }[]): ReadingRecord[] => {
    const states = new Map<string, { cpu: number; memory: number; unmeasured: number }>();
    return list.map(({ ino, cpu, memory, unmeasured, restart }, index) => {
      const state = states.get(ino) ?? { cpu: 0, memory: 0, unmeasured: 0 };
      states.set(ino, state);
      state.cpu = (restart === 0 ? 0 : state.cpu) + cpu;
      state.memory += memory;
      state.unmeasured += unmeasured;
      return record({ minute: index + 1, ino, ...state });
    });
  };
  const sums = (rows: readonly UsageRow[], tenantId: string) => {
    const mine = rows.filter((row) => row.tenantId === tenantId);
    return {
      cpuUsageUsec: total(of(mine, 'cpu-used')),
      memoryByteSeconds: total(of(mine, 'memory-used')),
      ioReadBytes: total(of(mine, 'io-read-bytes')),
      unmeasuredMsec: of(mine, 'memory-used').reduce((sum, row) => sum + BigInt(row.unmeasuredMsec), 0n),
    };
  };

  test('all rows of a tenant add up to its usage', () => {
    fc.assert(
      fc.property(steps, (list) => {
        const records = build(list);
        const rows = rowsOfReadings(records.map(toLedgerReading));
        for (const tenantId of ['acme', 'beta']) {
          const usage = usageOfIncarnations(records).filter((line) => line.tenantId === tenantId);
          if (usage.length > 0) expect(sums(rows, tenantId)).toEqual(addMeters(usage.map(({ meters }) => meters)));
          else expect(rows.filter((row) => row.tenantId === tenantId)).toEqual([]);
        }
      }),
      { numRuns: 300 },
    );
  });

  test('where readings stand at the bounds of an hour, its rows are the usage of that hour', () => {
    fc.assert(
      fc.property(steps, (list) => {
        // One container, so that it has a reading each minute and one at each bound.
        const records = build(list.map((step) => ({ ...step, ino: '7' })));
        const rows = rowsOfReadings(records.map(toLedgerReading));
        for (let begin = 0; begin < list.length; begin += hour) {
          const usage = usageOfIncarnations(records, { from: at(begin), to: at(begin + hour) });
          expect(
            sums(
              rows.filter(({ start }) => start === at(begin)),
              'acme',
            ),
          ).toEqual(addMeters(usage.map(({ meters }) => meters)));
        }
      }),
      { numRuns: 200 },
    );
  });
});
