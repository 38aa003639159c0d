import type { LedgerReading, ReadingRecord, UsageRow } from '@bulkhead/model';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { liveThrough, moves, origins } from '../../test/random-readings.ts';
import { at, bootId, hostId, of, reading, total } from '../../test/readings.ts';
import { addMeters, usageOfIncarnations } from '../usage.ts';
import { boundingReadings } from './bounding.ts';
import { toLedgerReading } from './from-record.ts';
import { rowsOfReadings } from './rows.ts';

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
          // Ages and unmeasured time are rounded to milliseconds at each reading.
          const roundingMsec = BigInt(3 * list.length);
          expect(BigInt(row.unmeasuredMsec) >= 0n && BigInt(row.unmeasuredMsec) <= BigInt(row.durationMsec) + roundingMsec).toBe(true);
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
  const hour = 60;
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
