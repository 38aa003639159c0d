import type { Counter, HostId, ReadingRecord, Timestamp } from '@bulkhead/model';
import { presenceOf } from './ledger-column.ts';
import type { Marks } from './ledger-mark.ts';
import { type MeterField, meters } from './meter.ts';

/** What of a reading the next one is held against. */
export interface Standing {
  at: Timestamp;
  boottimeMsec: Counter;
  /** Which meters were measured (`presenceOf`). */
  presence: string;
  values: Record<MeterField, Counter | undefined>;
}

export function standingOf(record: ReadingRecord): Standing {
  const { at, boottimeMsec, reading, accumulators } = record;
  const { cpuUsageUsec, cpuUsageNsec, ioReadBytes, ioWriteBytes } = reading;
  const { memoryByteSeconds, unmeasuredMsec } = accumulators;
  return {
    at,
    boottimeMsec,
    presence: presenceOf(record),
    values: { cpuUsageUsec, cpuUsageNsec, memoryByteSeconds, ioReadBytes, ioWriteBytes, unmeasuredMsec },
  };
}

/** Compares counters as the kernel prints them, without leading zeros: a hundred times cheaper than making numbers of both. */
const isBelow = (left: Counter, right: Counter): boolean => (left.length === right.length ? left < right : left.length < right.length);

/** Whether the wall clock was set in between: packages/accounting allows for the same slewing. */
function isClockSet(last: Standing, next: Standing): boolean {
  const durationMsec = Number(next.boottimeMsec) - Number(last.boottimeMsec);
  return Math.abs(Date.parse(next.at) - Date.parse(last.at) - durationMsec) > 1000 + durationMsec / 1000;
}

/** Whether `next` was taken after `last` by both clocks, stands no lower in any meter, and measures the same meters. */
export function goesOn(last: Standing, next: Standing): boolean {
  if (next.at < last.at || !isBelow(last.boottimeMsec, next.boottimeMsec) || last.presence !== next.presence || isClockSet(last, next))
    return false;
  return meters.every(({ field }) => {
    const [from, to] = [last.values[field], next.values[field]];
    return from === undefined || to === undefined ? from === to : !isBelow(to, from);
  });
}

export const incarnationKey = ({ incarnation, containerId }: ReadingRecord): string =>
  `${incarnation.bootId} ${incarnation.cgroupIno} ${containerId}`;

interface KnownHost {
  /** The cursor after which the standings hold. */
  seq: number;
  standings: Map<string, Standing>;
}

/**
 * Where the incarnations of each host stood when this process last moved its cursor. As long as nobody else has moved
 * it, that is what the database holds, and an incarnation that simply goes on needs no look at it: most of every page.
 * Keep one for as long as pages are ingested.
 */
export class KnownIncarnations {
  /** Then a host's are forgotten and looked up again. */
  static readonly limit = 50_000;
  readonly #hosts = new Map<HostId, KnownHost>();

  #standings(hostId: HostId, seq: number): Map<string, Standing> | undefined {
    const host = this.#hosts.get(hostId);
    return host?.seq === seq ? host.standings : undefined;
  }

  /**
   * The records of those incarnations which are new, end, or do not simply go on: the database must be told of these.
   *
   * @param marks told of the hours of each that goes on
   */
  remarkable(
    hostId: HostId,
    { after, records, marks }: { after: number; records: readonly ReadingRecord[]; marks?: Marks },
  ): ReadingRecord[] {
    const standings = this.#standings(hostId, after);
    if (standings === undefined) return [...records];
    const latest = new Map<string, Standing>();
    const told = new Set<string>();
    const keys = records.map(incarnationKey);
    for (const [index, record] of records.entries()) {
      const key = keys[index] ?? '';
      const last = latest.get(key) ?? standings.get(key);
      const next = standingOf(record);
      const isGoingOn = last !== undefined && goesOn(last, next);
      if (isGoingOn) marks?.addStep(record.tenantId, last, next);
      if (record.final || !isGoingOn) told.add(key);
      latest.set(key, next);
    }
    return told.size === 0 ? [] : records.filter((_, index) => told.has(keys[index] ?? ''));
  }

  /** To be called once the page is committed. */
  remember(hostId: HostId, page: { after: number; seq: number; records: readonly ReadingRecord[] }): void {
    const standings = this.#standings(hostId, page.after) ?? new Map<string, Standing>();
    for (const record of page.records) {
      const key = incarnationKey(record);
      if (record.final) standings.delete(key);
      else standings.set(key, standingOf(record));
    }
    if (standings.size > KnownIncarnations.limit) standings.clear();
    this.#hosts.set(hostId, { seq: page.seq, standings });
  }
}
