import type { Counter, HostId, ReadingRecord, Timestamp } from '@bulkhead/model';
import type { Transaction } from './database.ts';
import { Prisma } from './generated/client.ts';
import { toJsonText } from './json-text.ts';
import { floorTo, hourMsec } from './ledger-code.ts';
import { presenceOf, presenceSql } from './ledger-column.ts';
import { toSignedIno } from './reading-row.ts';

/** Tenant of a mark: groups of others that are metered, and the sums of a whole host. */
export const groupsMark = '';
export const hostMark = '*';

/** The wall clock may be slewed against the boot clock by so much before it counts as set: packages/accounting, `livesOf`. */
const slackMsec = (durationMsec: number): number => 1000 + durationMsec / 1000;

interface Moment {
  at: Timestamp;
  boottimeMsec: Counter;
}

/**
 * Hours whose rows readings may change, as `tenant hour` with the hour in milliseconds. The time that a reading tells of ends
 * with its own, and is as long as the boot clock says.
 */
export class Marks {
  readonly #hours = new Set<string>();
  #last = '';

  /** The next reading of an incarnation that simply goes on. Most of a page stand within the same hour as the ones before them. */
  addStep(tenantId: string, from: Moment, to: Moment): void {
    const hour = to.at.slice(0, 13);
    if (from.at.slice(0, 13) !== hour) {
      this.add(tenantId, to.at, Number(to.boottimeMsec) - Number(from.boottimeMsec));
      return;
    }
    const key = `${tenantId} ${hour}`;
    if (key === this.#last) return;
    this.#last = key;
    this.#hours.add(`${tenantId} ${Date.parse(`${hour}:00:00.000Z`)}`);
  }

  add(tenantId: string, at: Timestamp, durationMsec: number): void {
    const endMsec = Date.parse(at);
    const beginMsec = durationMsec === 0 ? endMsec : endMsec - durationMsec - slackMsec(durationMsec);
    // What stands at the very bound of an hour belongs to the one that ends there.
    for (let hour = floorTo(beginMsec - 1, hourMsec); hour <= endMsec; hour += hourMsec) this.#hours.add(`${tenantId} ${hour}`);
  }

  get size(): number {
    return this.#hours.size;
  }

  /** With the sums of the host, which are read a moment before the bound of an hour: so those of the next hour too. */
  toRows(): { tenantId: string; hour: Timestamp }[] {
    const marks = [...this.#hours].map((key) => {
      const [tenantId = '', msec] = key.split(' ');
      return { tenantId, msec: Number(msec) };
    });
    const sums = new Set(marks.flatMap(({ msec }) => [msec, msec + hourMsec]));
    return [...marks.filter(({ tenantId }) => tenantId !== hostMark), ...[...sums].map((msec) => ({ tenantId: hostMark, msec }))]
      .sort((left, right) => left.msec - right.msec || (left.tenantId < right.tenantId ? -1 : 1))
      .map(({ tenantId, msec }) => ({ tenantId, hour: new Date(msec).toISOString() }));
  }
}

/**
 * Marks the time around readings that came out of turn: up to the stored ones before and after them, whose distance they
 * divide. Runs after the readings are stored.
 */
export async function markNeighbours(
  transaction: Transaction,
  { hostId, records, marks }: { hostId: HostId; records: readonly ReadingRecord[]; marks: Marks },
): Promise<void> {
  if (records.length === 0) return;
  const spans = new Map<string, { record: ReadingRecord; least: bigint; most: bigint }>();
  for (const record of records) {
    const { bootId, cgroupIno } = record.incarnation;
    const key = `${bootId} ${cgroupIno} ${record.containerId}`;
    const moment = BigInt(record.boottimeMsec);
    const span = spans.get(key);
    if (span === undefined) spans.set(key, { record, least: moment, most: moment });
    else if (moment < span.least) span.least = moment;
    else if (moment > span.most) span.most = moment;
  }
  const rows = [...spans.values()].map(({ record, least, most }) => [
    ...[record.incarnation.bootId, toSignedIno(record.incarnation.cgroupIno), record.containerId, record.tenantId],
    ...[String(least), String(most), presenceOf(record)],
  ]);
  const around = await transaction.$queryRaw<
    { tenant_id: string; at: Date; duration: number; last_at: Date | null; last_age: number | null }[]
  >`
    SELECT n.tenant_id, s.at, s.duration, last.at AS last_at, last.age AS last_age FROM (
      SELECT (r ->> 0)::uuid AS boot_id, (r ->> 1)::bigint AS ino, r ->> 2 AS container_id, r ->> 3 AS tenant_id,
             (r ->> 4)::bigint AS least, (r ->> 5)::bigint AS most, r ->> 6 AS presence
      FROM jsonb_array_elements(${toJsonText(rows)}::jsonb) r) n
    LEFT JOIN LATERAL (
      SELECT m.boottime_msec FROM reading_minute m
      WHERE m.host_id = ${hostId}::uuid AND m.boot_id = n.boot_id AND m.cgroup_ino = n.ino AND m.container_id = n.container_id
        AND m.boottime_msec < n.least ORDER BY m.boottime_msec DESC LIMIT 1) before ON true
    LEFT JOIN LATERAL (
      SELECT m.boottime_msec FROM reading_minute m
      WHERE m.host_id = ${hostId}::uuid AND m.boot_id = n.boot_id AND m.cgroup_ino = n.ino AND m.container_id = n.container_id
        AND m.boottime_msec > n.most ORDER BY m.boottime_msec LIMIT 1) after ON true
    CROSS JOIN LATERAL (
      SELECT m.at, m.boottime_msec,
             count(*) FILTER (WHERE ${Prisma.raw(presenceSql('m'))} <> n.presence) OVER () > 0 AS is_uneven,
             coalesce(m.boottime_msec - lag(m.boottime_msec) OVER (ORDER BY m.boottime_msec), m.measured_msec + m.unmeasured_msec)::float8 AS duration
      FROM reading_minute m
      WHERE m.host_id = ${hostId}::uuid AND m.boot_id = n.boot_id AND m.cgroup_ino = n.ino AND m.container_id = n.container_id
        AND m.boottime_msec >= coalesce(before.boottime_msec, n.least) AND m.boottime_msec <= coalesce(after.boottime_msec, n.most)) s
    -- Of a meter that came or went the next one is measured from further back: up to the whole life.
    LEFT JOIN LATERAL (
      SELECT m.at, (m.measured_msec + m.unmeasured_msec)::float8 AS age FROM reading_minute m
      WHERE s.is_uneven AND m.host_id = ${hostId}::uuid AND m.boot_id = n.boot_id AND m.cgroup_ino = n.ino AND m.container_id = n.container_id
      ORDER BY m.boottime_msec DESC LIMIT 1) last ON true
    -- The one before is there for its distance alone.
    WHERE before.boottime_msec IS NULL OR s.boottime_msec > before.boottime_msec`;
  for (const { tenant_id, at, duration, last_at, last_age } of around) {
    marks.add(tenant_id, at.toISOString(), Math.max(0, duration));
    if (last_at !== null) marks.add(tenant_id, last_at.toISOString(), Number(last_age));
  }
}

/** Stores marks; one that is there counts up, so that a rollup that is under way does not swallow it. */
export async function storeMarks(transaction: Transaction, hostId: HostId, marks: Marks): Promise<void> {
  if (marks.size === 0) return;
  await transaction.$executeRaw`
    INSERT INTO usage_dirty (host_id, tenant_id, hour)
    SELECT ${hostId}::uuid, r ->> 'tenantId', (r ->> 'hour')::timestamptz FROM jsonb_array_elements(${toJsonText(marks.toRows())}::jsonb) r
    ON CONFLICT (host_id, tenant_id, hour) DO UPDATE SET version = usage_dirty.version + 1`;
}
