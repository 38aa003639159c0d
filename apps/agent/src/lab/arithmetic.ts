import type { LabCheck, LabUnit, Reading } from '@bulkhead/model';

/** A reading and when it was taken (a monotonic clock, milliseconds). */
export interface TimedReading {
  atMsec: number;
  reading: Reading;
}

/** CPU time between two readings by the finest count that both have, in nanoseconds; undefined where one has none. */
export function cpuNsecBetween(before: Reading, after: Reading): bigint | undefined {
  if (before.cpuUsageNsec !== undefined && after.cpuUsageNsec !== undefined)
    return BigInt(after.cpuUsageNsec) - BigInt(before.cpuUsageNsec);
  if (before.cpuUsageUsec === undefined || after.cpuUsageUsec === undefined) return undefined;
  return (BigInt(after.cpuUsageUsec) - BigInt(before.cpuUsageUsec)) * 1000n;
}

/** The same in microseconds. */
export function cpuUsecBetween(before: Reading, after: Reading): number | undefined {
  const nsec = cpuNsecBetween(before, after);
  return nsec === undefined ? undefined : Number(nsec) / 1000;
}

/** By how much a counter went up; undefined where one reading has none. */
export function differenceOf(field: keyof Reading, before: Reading, after: Reading): number | undefined {
  const [from, to] = [before[field], after[field]];
  return from === undefined || to === undefined ? undefined : Number(BigInt(to) - BigInt(from));
}

/** Mean number of CPUs in use between two readings, in thousandths. */
export function cpuMillisBetween(before: TimedReading, after: TimedReading): number | undefined {
  const usec = cpuUsecBetween(before.reading, after.reading);
  const msec = after.atMsec - before.atMsec;
  return usec === undefined || msec <= 0 ? undefined : usec / msec;
}

/** Bytes read a second between two readings. */
export function readRateBetween(before: TimedReading, after: TimedReading): number | undefined {
  const bytes = differenceOf('ioReadBytes', before.reading, after.reading);
  const msec = after.atMsec - before.atMsec;
  return bytes === undefined || msec <= 0 ? undefined : (bytes * 1000) / msec;
}

/** Percent that `part` is of itself and `rest`; undefined where nothing was used at all, or not measured. */
export function percentOf(part: number | undefined, rest: number | undefined): number | undefined {
  return part === undefined || rest === undefined || part + rest <= 0 ? undefined : (part * 100) / (part + rest);
}

type Expectation = Pick<LabCheck, 'key' | 'expected'> & { unit: LabUnit; measured: number | undefined };

const toCheck = (facts: Expectation, is: LabCheck['is'], tolerance: number, holds: (measured: number) => boolean): LabCheck => {
  const { measured, ...rest } = facts;
  // What was not measured has not passed, and is not shown as anything.
  return measured === undefined || !Number.isFinite(measured)
    ? { ...rest, is, tolerance, passed: false }
    : { ...rest, is, tolerance, measured, passed: holds(measured) };
};

/** Passed where what was measured is no further off than the tolerance. */
export const expectWithin = (facts: Expectation & { tolerance: number }): LabCheck => {
  const { tolerance, ...rest } = facts;
  return toCheck(rest, 'within', tolerance, (measured) => Math.abs(measured - rest.expected) <= tolerance);
};
export const expectAtLeast = (facts: Expectation): LabCheck => toCheck(facts, 'at-least', 0, (measured) => measured >= facts.expected);
export const expectAtMost = (facts: Expectation): LabCheck => toCheck(facts, 'at-most', 0, (measured) => measured <= facts.expected);
