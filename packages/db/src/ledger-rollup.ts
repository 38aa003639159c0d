import { gapsOf, rowsOfReadings } from '@bulkhead/accounting';
import { type Gap, type HostId, type LedgerReading, meterFacts, type UsageRow } from '@bulkhead/model';
import { type Database, inScope, type Transaction } from './database.ts';
import { toJsonText } from './json-text.ts';
import { hourMsec, resourceKeyOf } from './ledger-code.ts';
import { groupsMark, hostMark } from './ledger-mark.ts';
import { loadReadings } from './ledger-reading.ts';
import { insertRows } from './ledger-row.ts';
import { loadOwnerships } from './ownership.ts';
import { toSignedIno } from './reading-row.ts';

export interface RolledUp {
  /** Rows of an hour that were made. */
  rows: number;
  /** True where no hour before the bound is left. */
  finished: boolean;
}

/** An hour of one tenant's containers, or of the groups of others, whose rows are to be made anew. */
interface Unit {
  tenantId: string;
  start: string;
  end: string;
  /** Readings of that hour were thinned to its first and last: they say the same of the hour, and no longer what was missing in it. */
  isThinned: boolean;
}

/** Takes the oldest mark. It is gone with this transaction: one that comes meanwhile waits for its end and stands again. */
async function takeMark(transaction: Transaction, hostId: HostId, before: Date): Promise<(Unit & { isDropped: boolean }) | undefined> {
  const [mark] = await transaction.$queryRaw<{ tenant_id: string; hour: Date; thinned: boolean; dropped: boolean }[]>`
    WITH oldest AS MATERIALIZED (
      -- Once: as a part of the join it could be asked for again, and take another each time.
      SELECT tenant_id, hour FROM usage_dirty
      WHERE host_id = ${hostId}::uuid AND tenant_id <> ${hostMark} AND hour <= ${new Date(before.getTime() - hourMsec)}
      ORDER BY hour, tenant_id LIMIT 1 FOR UPDATE SKIP LOCKED)
    DELETE FROM usage_dirty d USING oldest, journal_cursor c
    WHERE d.host_id = ${hostId}::uuid AND d.tenant_id = oldest.tenant_id AND d.hour = oldest.hour AND c.host_id = d.host_id
    RETURNING d.tenant_id, d.hour, coalesce(c.thinned_until > d.hour, false) AS thinned, coalesce(c.dropped_until > d.hour, false) AS dropped`;
  if (mark === undefined) return undefined;
  const start = mark.hour.getTime();
  return {
    tenantId: mark.tenant_id,
    start: new Date(start).toISOString(),
    end: new Date(start + hourMsec).toISOString(),
    isThinned: mark.thinned,
    isDropped: mark.dropped,
  };
}

const keysOf = (readings: readonly LedgerReading[]): string[] => [...new Set(readings.map(({ resource }) => resourceKeyOf(resource)))];

/** Puts rows of an hour in the place of those that there are of the same resources, and sums up their day. */
async function replaceRows(
  transaction: Transaction,
  { hostId, start, end, keys }: { hostId: HostId; start: string; end: string; keys: readonly string[] },
  rows: readonly UsageRow[],
): Promise<void> {
  if (rows.length > 0)
    await transaction.$executeRaw`SELECT ledger_partition_for('usage_hour', ${start}::timestamptz), ledger_partition_for('usage_day', ${start}::timestamptz)`;
  await transaction.$executeRaw`
    DELETE FROM usage_hour WHERE host_id = ${hostId}::uuid AND start_at >= ${start}::timestamptz AND start_at < ${end}::timestamptz
      AND resource_key IN (SELECT decode(unnest(${[...keys]}::text[]), 'hex'))`;
  await insertRows(transaction, rows);
  await sumUpDay(transaction, { hostId, moment: start, keys });
}

/** Makes a day of resources anew from its hours. */
async function sumUpDay(
  transaction: Transaction,
  { hostId, moment, keys }: { hostId: HostId; moment: string; keys: readonly string[] },
): Promise<void> {
  const day = `${moment.slice(0, 10)}T00:00:00.000Z`;
  await transaction.$executeRaw`
    DELETE FROM usage_day WHERE host_id = ${hostId}::uuid AND start_at = ${day}::timestamptz
      AND resource_key IN (SELECT decode(unnest(${[...keys]}::text[]), 'hex'))`;
  await transaction.$executeRaw`
    WITH figures AS (
      SELECT h.tenant_id, h.resource_key, h.kind, h.resource_id, f.meter, max(h.name) AS name,
             CASE WHEN f.meter = 5 THEN max(f.quantity) ELSE sum(f.quantity) END AS quantity,
             sum(f.duration)::bigint AS duration, sum(f.unmeasured)::bigint AS unmeasured, bit_or(f.flags) AS flags
      FROM usage_hour h
      CROSS JOIN LATERAL unnest(h.meters, h.quantities, h.duration_msec, h.unmeasured_msec, h.flags)
        AS f (meter, quantity, duration, unmeasured, flags)
      WHERE h.host_id = ${hostId}::uuid AND h.start_at >= ${day}::timestamptz AND h.start_at < ${day}::timestamptz + interval '24 hours'
        AND h.resource_key IN (SELECT decode(unnest(${[...keys]}::text[]), 'hex'))
      GROUP BY 1, 2, 3, 4, 5)
    INSERT INTO usage_day (tenant_id, host_id, start_at, resource_key, kind, resource_id, name, meters, quantities, duration_msec,
                           unmeasured_msec, flags)
    SELECT tenant_id, ${hostId}::uuid, ${day}::timestamptz, resource_key, kind, resource_id, max(name), array_agg(meter ORDER BY meter),
           array_agg(quantity ORDER BY meter), array_agg(duration ORDER BY meter), array_agg(unmeasured ORDER BY meter),
           array_agg(flags ORDER BY meter)
    FROM figures GROUP BY tenant_id, resource_key, kind, resource_id`;
}

/** Gaps that end within an hour, in the place of those that were known. */
async function replaceGaps(
  transaction: Transaction,
  { hostId, tenantId, start }: Unit & { hostId: HostId },
  gaps: readonly Gap[],
): Promise<void> {
  await transaction.$executeRaw`
    DELETE FROM usage_gap WHERE host_id = ${hostId}::uuid AND hour = ${start}::timestamptz AND tenant_id = ${tenantId}`;
  if (gaps.length === 0) return;
  const rows = gaps.map(({ resource, incarnation, reason, from, to, durationMsec }) => [
    ...[resourceKeyOf(resource), resource.kind, resource.id, resource.name],
    ...[incarnation.bootId, toSignedIno(incarnation.cgroupIno), reason, from, to, durationMsec],
  ]);
  await transaction.$executeRaw`
    INSERT INTO usage_gap (tenant_id, host_id, hour, resource_key, kind, resource_id, name, boot_id, cgroup_ino, reason, from_at, to_at, duration_msec)
    SELECT ${tenantId}, ${hostId}::uuid, ${start}::timestamptz, decode(r ->> 0, 'hex'), r ->> 1, r ->> 2, r ->> 3, (r ->> 4)::uuid,
           (r ->> 5)::bigint, r ->> 6, (r ->> 7)::timestamptz, (r ->> 8)::timestamptz, (r ->> 9)::bigint
    FROM jsonb_array_elements(${toJsonText(rows)}::jsonb) r ON CONFLICT DO NOTHING`;
}

/** Resources of which it is stored that readings were missing within an hour, and whether the gap ended in it. */
async function spreadResources(
  transaction: Transaction,
  { hostId, start, end }: Unit & { hostId: HostId },
): Promise<ReadonlyMap<string, boolean>> {
  const rows = await transaction.$queryRaw<{ key: string; ends: boolean }[]>`
    SELECT encode(resource_key, 'hex') AS key, bool_or(to_at <= ${end}::timestamptz) AS ends FROM usage_gap
    WHERE host_id = ${hostId}::uuid AND reason = 'readings' AND hour >= ${start}::timestamptz - interval '31 days'
      AND from_at < ${end}::timestamptz AND to_at > ${start}::timestamptz
    GROUP BY 1`;
  return new Map(rows.map(({ key, ends }) => [key, ends]));
}

/** Rows of one hour as packages/accounting makes them. */
async function makeRows(
  transaction: Transaction,
  unit: Unit & { hostId: HostId },
  readings: readonly LedgerReading[],
): Promise<UsageRow[]> {
  const { hostId, start, end, isThinned } = unit;
  const ownerships = await loadOwnerships(transaction, { hostId, keys: keysOf(readings) });
  const options = { ownerships, period: { start, end } };
  if (!isThinned) return rowsOfReadings(readings, options);
  const spread = await spreadResources(transaction, unit);
  return rowsOfReadings(readings, { ...options, maximumStepMsec: 'max' }).map((row) => {
    const ends = spread.get(resourceKeyOf(row.resource));
    // A peak is known of the moment it was read at, which is the end of the gap.
    const isSpread = ends !== undefined && (ends || meterFacts[row.meter].kind !== 'peak');
    return isSpread ? { ...row, flags: [...row.flags, 'spread' as const].sort() } : row;
  });
}

/**
 * Makes the rows of the oldest hour that readings have come for and that ended before `before`, and moves on: call it until
 * it has finished. Made again from the same readings the rows are the same, so that a crash at any step costs nothing.
 */
export async function rollUpUsage(database: Database, hostId: HostId, before: Date): Promise<RolledUp> {
  return await inScope(database, 'all', async (transaction) => {
    const unit = await takeMark(transaction, hostId, before);
    if (unit === undefined) return { rows: 0, finished: true };
    // Readings of that time are gone, and with them what a late one could be held against. Its rows stay as they were.
    if (unit.isDropped) return { rows: 0, finished: false };
    const { tenantId, start, end } = unit;
    const readings = await loadReadings(transaction, { hostId, start, end, tenantId: tenantId === groupsMark ? null : tenantId });
    if (readings.length === 0) return { rows: 0, finished: false };
    const rows = await makeRows(transaction, { ...unit, hostId }, readings);
    await replaceRows(transaction, { hostId, start, end, keys: keysOf(readings) }, rows);
    if (!unit.isThinned) {
      const gaps = gapsOf(readings).filter(({ to }) => to > start && to <= end);
      await replaceGaps(transaction, { ...unit, hostId }, gaps);
    }
    return { rows: rows.length, finished: false };
  });
}
