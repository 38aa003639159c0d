import type { Counter } from '@bulkhead/model';

/** What a cumulative counter grew by. One that went down begins again from zero: what it then shows is use. */
export function growthOf(last: bigint, value: bigint): { quantity: bigint; isReset: boolean } {
  return value < last ? { quantity: value, isReset: true } : { quantity: value - last, isReset: false };
}

/** Readings of one incarnation in the order they were taken, each moment once: of two that differ the first report counts. */
export function inOrder<T extends { boottimeMsec: Counter }>(
  records: readonly T[],
  isSame: (left: T, right: T) => boolean,
): { readings: T[]; conflicts: ReadonlySet<bigint> } {
  const moments = new Map<bigint, T>();
  const conflicts = new Set<bigint>();
  for (const record of records) {
    const moment = BigInt(record.boottimeMsec);
    const known = moments.get(moment);
    if (known === undefined) moments.set(moment, record);
    else if (!isSame(known, record)) conflicts.add(moment);
  }
  const order = [...moments].sort(([left], [right]) => (left < right ? -1 : 1));
  return { readings: order.map(([, record]) => record), conflicts };
}
