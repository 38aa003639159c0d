import { randomUUID } from 'node:crypto';
import type { ReadingRecord } from '@bulkhead/model';
import { makeReading } from './journal.ts';

/**
 * Some hours of containers of three tenants, in the order in which they were read: restarts, counters that begin anew or
 * were not measured, readings that are missing for hours, gauges that were not measured, wall clocks that are set, lives
 * of milliseconds, and ends that are told late.
 */
export function makeTroubledLives(next: (below: number) => number, hostId: string): ReadingRecord[] {
  const boots = [randomUUID(), randomUUID()];
  const records: ReadingRecord[] = [];
  // The clock of the whole host is set once in a while.
  const clockOffMinutes = (minute: number): number => (minute > 170 ? 40 - (minute > 230 ? 75 : 0) : 0);
  const isClockSet = next(2) === 0;
  for (let container = 1; container <= 7; container += 1)
    for (let life = 0; life < 1 + next(3); life += 1) {
      const troubled = next(2) === 0;
      const begin = life * 90 + next(60);
      const length = next(4) === 0 ? next(3) / 100 : 1 + next(150);
      let [cpu, memory, io, unmeasured] = [0, 0, 0, 0];
      let late = 0;
      for (let age = Math.min(length, 1 + next(2) / 2); ; age = Math.min(length, age + (next(30) === 0 ? 5 + next(100) : 1))) {
        const isLast = age === length;
        const isReset = troubled && next(9) === 0;
        cpu = (isReset ? 0 : cpu) + next(60_000_000);
        io = (isReset ? 0 : io) + next(1_000_000);
        memory += next(1_000_000_000);
        if (troubled && next(5) === 0) unmeasured += next(30_000);
        const final = isLast && next(4) > 0;
        if (final && next(3) === 0) late = next(90);
        const minute = begin + age + late;
        const record = makeReading({
          hostId,
          bootId: boots[life % 2] as string,
          cgroupIno: String(1000 + container * 10 + life),
          container,
          tenantId: ['acme', 'beta', 'gamma'][container % 3] as string,
          minute: minute + (isClockSet ? clockOffMinutes(minute) : 0),
          final,
          cpuUsec: troubled && next(5) === 0 ? undefined : cpu,
          ioReadBytes: io,
          memoryByteSeconds: memory,
        });
        // Not among the meters that steadiness is judged by: it comes and goes in lives that are steady else.
        if (next(4) === 0) delete record.reading.ioReadOperations;
        const ageMsec = Math.round(age * 60_000);
        const unmeasuredMsec = Math.min(unmeasured, ageMsec);
        records.push({
          ...record,
          boottimeMsec: String(5_000_000 + Math.round(minute * 60_000)),
          accumulators: { ...record.accumulators, unmeasuredMsec: String(unmeasuredMsec), measuredMsec: String(ageMsec - unmeasuredMsec) },
        });
        if (isLast) break;
      }
    }
  return records.sort((left, right) => Number(left.boottimeMsec) - Number(right.boottimeMsec));
}
