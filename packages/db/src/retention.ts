import type { HostId } from '@bulkhead/model';
import { type Database, inScope } from './database.ts';
import { Prisma } from './generated/client.ts';

const hourMsec = 3_600_000;

export interface Thinned {
  /** Readings that went. */
  removed: number;
  /** True where nothing is left to thin. */
  finished: boolean;
}

/** Holds of whose incarnation it is: the tenant that its readings tell, and whoever owned it. */
const heldBy = (incarnation: string): Prisma.Sql =>
  Prisma.raw(`(d.tenant_id = ${incarnation}.tenant_id OR EXISTS (
    SELECT FROM ownership o WHERE o.tenant_id = d.tenant_id AND o.host_id = ${incarnation}.host_id
      AND o.resource_id IN (${incarnation}.container_id, ${incarnation}.container_name)))`);

/**
 * Thins one hour of a host's readings that are older than `before` to the first and the last of each incarnation, and
 * moves on: call it until it has finished. Counters are cumulative, so what stays says the same of whole hours: the two at
 * each bound are all that its rows hang on. A final reading stays, and so does every reading of an incarnation that was not
 * steady, since its usage hangs on each, and those that something rests on (`holdReadings`).
 */
export async function thinReadings(database: Database, hostId: HostId, before: Date): Promise<Thinned> {
  const end = new Date(Math.floor(before.getTime() / hourMsec) * hourMsec);
  return await inScope(database, 'all', async (transaction) => {
    const [cursor] = await transaction.$queryRaw<{ thinned_until: Date | null; oldest: Date | null }[]>`
      SELECT thinned_until, (SELECT min(first_at) FROM incarnation i WHERE i.host_id = c.host_id) AS oldest
      FROM journal_cursor c WHERE host_id = ${hostId}::uuid FOR UPDATE`;
    const begin = cursor?.thinned_until ?? cursor?.oldest;
    if (begin === null || begin === undefined || begin >= end) return { removed: 0, finished: true };
    const from = new Date(Math.floor(begin.getTime() / hourMsec) * hourMsec);
    const until = new Date(from.getTime() + hourMsec);
    const removed = await transaction.$executeRaw`
      DELETE FROM reading_minute m USING (
        SELECT r.host_id, r.boot_id, r.cgroup_ino, r.boottime_msec, r.final,
               lead(r.boottime_msec) OVER life AS next, lag(r.boottime_msec) OVER life AS before
        FROM incarnation i
        JOIN reading_minute r ON r.host_id = i.host_id AND r.boot_id = i.boot_id AND r.cgroup_ino = i.cgroup_ino
         AND r.container_id = i.container_id AND r.at >= ${from} AND r.at < ${until}
        WHERE i.host_id = ${hostId}::uuid AND i.steady AND i.first_at < ${until} AND (i.final_at IS NULL OR i.final_at >= ${from})
          AND NOT EXISTS (SELECT FROM reading_hold d WHERE ${heldBy('i')} AND d.start_at < ${until} AND d.end_at > ${from})
        WINDOW life AS (PARTITION BY r.host_id, r.boot_id, r.cgroup_ino, r.container_id ORDER BY r.boottime_msec)
      ) old
      WHERE m.host_id = old.host_id AND m.boot_id = old.boot_id AND m.cgroup_ino = old.cgroup_ino
        AND m.boottime_msec = old.boottime_msec AND old.next IS NOT NULL AND old.before IS NOT NULL AND NOT old.final`;
    // Of sums the last of an hour stays: that is where checks begin and end.
    await transaction.$executeRaw`
      DELETE FROM group_reading WHERE host_id = ${hostId}::uuid AND role IN ('root', 'top', 'instance', 'tenant') AND at >= ${from} AND at < (
        SELECT max(at) FROM group_reading WHERE host_id = ${hostId}::uuid AND role = 'root' AND at >= ${from} AND at < ${until})`;
    await transaction.$executeRaw`UPDATE journal_cursor SET thinned_until = ${until} WHERE host_id = ${hostId}::uuid`;
    return { removed, finished: until >= end };
  });
}

/**
 * Drops one hour of a host's readings that are older than `before`, and moves on: call it until it has finished. An
 * incarnation that ended then goes whole; of one that went on, the last reading before `before` stays, for use after it
 * is counted from there. Use before that is no longer told. An incarnation with readings that something rests on stays.
 */
export async function dropReadings(database: Database, hostId: HostId, before: Date): Promise<Thinned> {
  const end = new Date(Math.floor(before.getTime() / hourMsec) * hourMsec);
  return await inScope(database, 'all', async (transaction) => {
    const [cursor] = await transaction.$queryRaw<{ dropped_until: Date | null; oldest: Date | null }[]>`
      SELECT dropped_until, (SELECT min(first_at) FROM incarnation i WHERE i.host_id = c.host_id) AS oldest
      FROM journal_cursor c WHERE host_id = ${hostId}::uuid FOR UPDATE`;
    const begin = cursor?.dropped_until ?? cursor?.oldest;
    if (begin === null || begin === undefined || begin >= end) return { removed: 0, finished: true };
    const from = new Date(Math.floor(begin.getTime() / hourMsec) * hourMsec);
    const until = new Date(from.getTime() + hourMsec);
    const ended = await transaction.$executeRaw`
      WITH ended AS (
        DELETE FROM incarnation i WHERE host_id = ${hostId}::uuid AND final_at < ${until}
          AND NOT EXISTS (SELECT FROM reading_hold d WHERE ${heldBy('i')} AND d.start_at <= i.final_at AND d.end_at >= i.first_at)
        RETURNING host_id, boot_id, cgroup_ino, container_id)
      DELETE FROM reading_minute m USING ended e
      WHERE m.host_id = e.host_id AND m.boot_id = e.boot_id AND m.cgroup_ino = e.cgroup_ino AND m.container_id = e.container_id`;
    const [passed] = await transaction.$queryRaw<{ removed: bigint }[]>`
      WITH old AS (
        SELECT r.host_id, r.boot_id, r.cgroup_ino, r.boottime_msec, r.container_id FROM incarnation i
        JOIN reading_minute r ON r.host_id = i.host_id AND r.boot_id = i.boot_id AND r.cgroup_ino = i.cgroup_ino
         AND r.container_id = i.container_id AND r.at >= ${from} AND r.at < ${until}
        WHERE i.host_id = ${hostId}::uuid AND i.steady AND i.first_at < ${until}
          AND NOT EXISTS (SELECT FROM reading_hold d WHERE ${heldBy('i')} AND d.start_at <= ${until} AND d.end_at >= i.first_at) AND EXISTS (
          SELECT FROM reading_minute later
          WHERE later.host_id = r.host_id AND later.boot_id = r.boot_id AND later.cgroup_ino = r.cgroup_ino
            AND later.container_id = r.container_id AND later.boottime_msec > r.boottime_msec AND later.at < ${end})
      ), marked AS (
        UPDATE incarnation i SET truncated = true FROM old
        WHERE i.host_id = old.host_id AND i.boot_id = old.boot_id AND i.cgroup_ino = old.cgroup_ino AND i.container_id = old.container_id
      ), gone AS (
        DELETE FROM reading_minute m USING old
        WHERE m.host_id = old.host_id AND m.boot_id = old.boot_id AND m.cgroup_ino = old.cgroup_ino AND m.boottime_msec = old.boottime_msec
        RETURNING 1
      )
      SELECT count(*) AS removed FROM gone`;
    await transaction.$executeRaw`
      DELETE FROM group_reading WHERE host_id = ${hostId}::uuid AND role IN ('root', 'top', 'instance', 'tenant') AND at < ${until}`;
    await transaction.$executeRaw`UPDATE journal_cursor SET dropped_until = ${until} WHERE host_id = ${hostId}::uuid`;
    return { removed: ended + Number(passed?.removed ?? 0), finished: until >= end };
  });
}

/** Drops partitions of hours, and of days, that ended before; answers how many went. Hours that something rests on stay with all after them. */
export async function dropUsage(database: Database, { hours, days }: { hours: Date; days: Date }): Promise<number> {
  return await inScope(database, 'all', async (transaction) => {
    const [dropped] = await transaction.$queryRaw<{ hours: number; days: number }[]>`
      SELECT ledger_drop_partitions('usage_hour', least(${hours}, (SELECT min(start_at) FROM reading_hold))) AS hours,
             ledger_drop_partitions('usage_day', ${days}) AS days`;
    return (dropped?.hours ?? 0) + (dropped?.days ?? 0);
  });
}

/** Makes the partitions of this month and the next ahead of their rows. */
export async function preparePartitions(database: Database, now: Date): Promise<void> {
  const next = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1, 1));
  await inScope(
    database,
    'all',
    (transaction) => transaction.$executeRaw`
      SELECT ledger_partition_for('usage_hour', moment), ledger_partition_for('usage_day', moment) FROM unnest(${[now, next]}::timestamptz[]) moment`,
  );
}
