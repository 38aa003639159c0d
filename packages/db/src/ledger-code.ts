import { createHash } from 'node:crypto';
import { type MeterId, meterIds, type Resource, type UsageRowFlag } from '@bulkhead/model';

/** Numbers of meters in usage_hour and usage_day. Stored: a number never changes and is never given again. */
const meterNumbers = {
  'cpu-used': 1,
  'cpu-allocated': 2,
  'memory-used': 3,
  'memory-allocated': 4,
  'memory-peak': 5,
  'disk-used': 6,
  'io-read-bytes': 7,
  'io-write-bytes': 8,
  'io-read-operations': 9,
  'io-write-operations': 10,
  'network-in-bytes': 11,
  'network-out-bytes': 12,
  'running-time': 13,
  'paused-time': 14,
  'address-held': 15,
  'cpu-stalled': 16,
  'memory-stalled': 17,
  'io-stalled': 18,
} as const satisfies Record<MeterId, number>;

/** Bits of flags, stored as well. `allotted` is a share of a row, never a stored row's. */
const flagBits = {
  reset: 1,
  conflict: 2,
  baseline: 4,
  spread: 8,
  clock: 16,
  estimate: 32,
  unmeasured: 64,
} as const satisfies Record<Exclude<UsageRowFlag, 'allotted'>, number>;

const metersByNumber = new Map<number, MeterId>(meterIds.map((id) => [meterNumbers[id], id]));

export const meterNumber = (id: MeterId): number => meterNumbers[id];

export function meterOfNumber(number: number): MeterId {
  const id = metersByNumber.get(number);
  if (id === undefined) throw new RangeError(`meter ${number} is not known: a later version stored it`);
  return id;
}

export function toFlagBits(flags: readonly UsageRowFlag[]): number {
  return flags.reduce((bits, flag) => bits | (flag === 'allotted' ? 0 : flagBits[flag]), 0);
}

const flagsOf = Object.entries(flagBits) as [UsageRowFlag, number][];
export const toFlags = (bits: number): UsageRowFlag[] => flagsOf.flatMap(([flag, bit]) => ((bits & bit) === 0 ? [] : [flag])).sort();

/** What a resource is found by: a path may be longer than an index takes. 32 hexadecimal digits. */
export const resourceKeyOf = ({ kind, id }: Pick<Resource, 'kind' | 'id'>): string =>
  createHash('sha256').update(`${kind} ${id}`).digest('hex').slice(0, 32);

export const hourMsec = 3_600_000;
export const dayMsec = 24 * hourMsec;
export const floorTo = (msec: number, stepMsec: number): number => Math.floor(msec / stepMsec) * stepMsec;
