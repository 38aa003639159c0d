import { rowsOfReadings } from '@bulkhead/accounting';
import type { HostId, TenantId, Timestamp, UsageRow } from '@bulkhead/model';
import type { Transaction } from './database.ts';
import { floorTo, hourMsec, resourceKeyOf } from './ledger-code.ts';
import { hostMark } from './ledger-mark.ts';
import { loadReadings, readingIdOf } from './ledger-reading.ts';
import { loadOwnerships, ownedBy } from './ownership.ts';

interface LiveWindow {
  start: Timestamp;
  end: Timestamp;
  cuts: readonly Timestamp[];
}

/** Hours of hosts whose rows are to come of readings: those that are marked, and those that a cut divides. */
export class FreshHours {
  readonly #hours: ReadonlyMap<HostId, ReadonlySet<number>>;
  constructor(hours: ReadonlyMap<HostId, ReadonlySet<number>>) {
    this.#hours = hours;
  }

  has(hostId: HostId, start: Timestamp): boolean {
    return this.#hours.get(hostId)?.has(floorTo(Date.parse(start), hourMsec)) ?? false;
  }

  /** Runs of hours of each host, so that readings of neighbouring hours are loaded once. */
  *runs(): Generator<{ hostId: HostId; startMsec: number; endMsec: number }> {
    for (const [hostId, hours] of this.#hours) {
      let run: { hostId: HostId; startMsec: number; endMsec: number } | undefined;
      for (const hour of [...hours].sort((left, right) => left - right)) {
        if (run?.endMsec === hour) run.endMsec += hourMsec;
        else {
          if (run !== undefined) yield run;
          run = { hostId, startMsec: hour, endMsec: hour + hourMsec };
        }
      }
      if (run !== undefined) yield run;
    }
  }
}

export async function freshHours(transaction: Transaction, { start, end, cuts }: LiveWindow): Promise<FreshHours> {
  const marked = await transaction.$queryRaw<{ host_id: string; hour: Date }[]>`
    SELECT DISTINCT host_id::text, hour FROM usage_dirty
    WHERE tenant_id <> ${hostMark} AND hour >= ${start}::timestamptz - interval '1 hour' AND hour < ${end}::timestamptz`;
  const hours = new Map<HostId, Set<number>>();
  const add = (hostId: HostId, msec: number): void => {
    const known = hours.get(hostId);
    if (known === undefined) hours.set(hostId, new Set([msec]));
    else known.add(msec);
  };
  for (const { host_id, hour } of marked) if (hour.getTime() + hourMsec > Date.parse(start)) add(host_id, hour.getTime());
  const divided = cuts.map((cut) => Date.parse(cut)).filter((msec) => msec % hourMsec !== 0);
  if (divided.length > 0) {
    // Where readings are gone an hour can no longer be divided: it stays whole, in the part in which it begins.
    const hosts = await transaction.$queryRaw<{ host_id: string; dropped_until: Date | null }[]>`
      SELECT host_id::text, dropped_until FROM journal_cursor`;
    for (const { host_id, dropped_until } of hosts)
      for (const msec of divided) if (dropped_until === null || msec >= dropped_until.getTime()) add(host_id, floorTo(msec, hourMsec));
  }
  return new FreshHours(hours);
}

/** A tenant's rows of those hours, of readings: its own containers, and what it owned beside. */
export async function liveRows(
  transaction: Transaction,
  { tenantId, start, end, cuts }: LiveWindow & { tenantId: TenantId },
  fresh: FreshHours,
): Promise<UsageRow[]> {
  const rows: UsageRow[] = [];
  for (const { hostId, startMsec, endMsec } of fresh.runs()) {
    const window = { hostId, start: new Date(startMsec).toISOString(), end: new Date(endMsec).toISOString() };
    const owned = await ownedBy(transaction, { tenantId, ...window });
    const ids = owned.map(({ resource }) => readingIdOf(resource));
    const own = await loadReadings(transaction, { ...window, tenantId });
    const others = ids.length === 0 ? [] : await loadReadings(transaction, { ...window, ids });
    const readings = [...own, ...others.filter((reading) => reading.tenantId !== tenantId)];
    const keys = [...new Set(readings.map(({ resource }) => resourceKeyOf(resource)))];
    const ownerships = await loadOwnerships(transaction, { hostId, keys });
    rows.push(...rowsOfReadings(readings, { cuts, ownerships, period: window }));
  }
  return rows.filter((row) => row.tenantId === tenantId && row.start >= start && row.start < end);
}
