import type { HostId } from '@bulkhead/model';
import { cgroupColumns, columnNames, eachColumn } from './cgroup-column.ts';
import { type Database, inScope } from './database.ts';
import { Prisma } from './generated/client.ts';

const hourMsec = 3_600_000;
const dayMsec = 24 * hourMsec;
/** Cgroups of one step of a day: up to 24 rows each, so that a step takes some tenths of a second at most. */
const stepCgroups = 100;
const stepRows = 5000;

export interface RolledUp {
  /** Rows that went. */
  removed: number;
  /** True where nothing is left to do. */
  finished: boolean;
}

const floor = (at: Date, unitMsec: number): Date => new Date(Math.floor(at.getTime() / unitMsec) * unitMsec);

/** Values of a group in order of time: none where nothing was measured, one where it stood still all the time. */
const packed = (column: string): string => `
  CASE WHEN count(${column}) = 0 THEN NULL
       WHEN count(${column}) = count(*) AND min(${column}) = max(${column}) THEN ARRAY[min(${column})]
       ELSE array_agg(${column} ORDER BY n) END`;

/** An array as long as its row's list of minutes or hours, whatever stands for it. */
const unpacked = (array: string, length: string): string => `
  CASE WHEN ${array} IS NULL THEN array_fill(NULL::real, ARRAY[${length}])
       WHEN cardinality(${array}) = 1 THEN array_fill(${array}[1], ARRAY[${length}]) ELSE ${array} END`;

/** What comes for a row that is there already is added to it: a host's collector was away, or its clock was set. */
function added(table: 'cgroup_hour' | 'cgroup_day', list: 'minutes' | 'hours', whole: 60 | 24): Prisma.Sql {
  const positions = (row: string): string => `coalesce(${row}.${list}, ARRAY(SELECT generate_series(0, ${whole - 1})::int2))`;
  const length = (row: string): string => `coalesce(cardinality(${row}.${list}), ${whole})`;
  const sets = cgroupColumns.map(({ column }) => {
    const [before, now] = [table, 'excluded'].map((row) => unpacked(`${row}.${column}`, length(row)));
    return `${column} = CASE WHEN coalesce(${table}.${column}, excluded.${column}) IS NULL THEN NULL ELSE ${before} || ${now} END`;
  });
  return Prisma.raw(`${list} = ${positions(table)} || ${positions('excluded')}, ${sets.join(', ')}`);
}

/**
 * Turns the oldest hour of a host's minutes about, from rows over many cgroups to one row a cgroup: those of one part of
 * its records at a time, some hundred cgroups. Call it until it has finished. What is turned about goes in the same
 * transaction, so a crash between any two steps loses nothing and doubles nothing, and what comes late is taken by a
 * later step. A cgroup that changed from one part to another in that hour gets its row by several.
 *
 * @param before hours that end after it may still grow, and are left
 */
export async function rollUpHour(database: Database, hostId: HostId, before: Date): Promise<RolledUp> {
  const end = floor(before, hourMsec);
  return await inScope(database, 'all', async (transaction) => {
    const [found] = await transaction.$queryRaw<{ oldest: Date; part: number }[]>`
      SELECT at AS oldest, part FROM cgroup_minute WHERE host_id = ${hostId}::uuid ORDER BY at, part LIMIT 1`;
    if (found === undefined || found.oldest >= end) return { removed: 0, finished: true };
    const from = floor(found.oldest, hourMsec);
    const until = new Date(from.getTime() + hourMsec);
    const [counted] = await transaction.$queryRaw<{ removed: bigint }[]>`
      WITH old AS (
        DELETE FROM cgroup_minute WHERE host_id = ${hostId}::uuid AND at >= ${from} AND at < ${until} AND part = ${found.part}
        RETURNING *
      ), told AS (
        SELECT u.*, extract(minute FROM m.at AT TIME ZONE 'UTC')::int2 AS n
        FROM old m, unnest(m.cgroup_ids, ${eachColumn((column) => `m.${column}`)}) AS u (cgroup_id, ${columnNames})
      ), kept AS (
        INSERT INTO cgroup_hour (host_id, at, cgroup_id, minutes, ${columnNames})
        SELECT ${hostId}::uuid, ${from}, cgroup_id, CASE WHEN count(*) <> 60 THEN array_agg(n ORDER BY n) END, ${eachColumn(packed)}
        FROM told WHERE cgroup_id IS NOT NULL GROUP BY cgroup_id
        ON CONFLICT (host_id, at, cgroup_id) DO UPDATE SET ${added('cgroup_hour', 'minutes', 60)}
        RETURNING cgroup_id
      ), used AS (
        -- To the day is enough to know when a path is no longer needed.
        UPDATE cgroup c SET last_at = ${from} FROM kept k
        WHERE c.host_id = ${hostId}::uuid AND c.id = k.cgroup_id AND c.last_at < ${new Date(from.getTime() - dayMsec)}
      )
      SELECT count(*) AS removed FROM old`;
    return { removed: Number(counted?.removed ?? 0), finished: false };
  });
}

/**
 * Turns hours that are older than `before` into means of each hour, one row a cgroup and day: some cgroups of the oldest
 * day at a time. Call it until it has finished.
 */
export async function rollUpDay(database: Database, hostId: HostId, before: Date): Promise<RolledUp> {
  const end = floor(before, dayMsec);
  return await inScope(database, 'all', async (transaction) => {
    const [found] = await transaction.$queryRaw<{ oldest: Date }[]>`
      SELECT at AS oldest FROM cgroup_hour WHERE host_id = ${hostId}::uuid ORDER BY at LIMIT 1`;
    const oldest = found?.oldest;
    if (oldest === undefined || oldest >= end) return { removed: 0, finished: true };
    const from = floor(oldest, dayMsec);
    const until = new Date(from.getTime() + dayMsec);
    // What stood still all hour is its own mean.
    const of = (column: string, joined: 'avg' | 'max'): string => `
      CASE WHEN cardinality(h.${column}) = 1 THEN h.${column}[1] ELSE (SELECT ${joined}(v)::real FROM unnest(h.${column}) v) END AS ${column}`;
    // Those of its oldest hour: found at the beginning of the index, however many rows the day has.
    const taken = await transaction.$queryRaw<{ id: number }[]>`
      SELECT cgroup_id AS id FROM cgroup_hour
      WHERE host_id = ${hostId}::uuid AND at = ${oldest} ORDER BY cgroup_id LIMIT ${stepCgroups}`;
    const ids = taken.map(({ id }) => id);
    // By its whole key: joined with a list that the planner knows nothing of, it would search for each row in all of them.
    const [counted] = await transaction.$queryRaw<{ removed: bigint }[]>`
      WITH old AS (
        DELETE FROM cgroup_hour
        WHERE host_id = ${hostId}::uuid AND at >= ${from} AND at < ${until} AND cgroup_id = ANY (${ids}::int[])
        RETURNING *
      ), means AS (
        SELECT h.cgroup_id, extract(hour FROM h.at AT TIME ZONE 'UTC')::int2 AS n, ${eachColumn(of)} FROM old h
      ), kept AS (
        INSERT INTO cgroup_day (host_id, at, cgroup_id, hours, ${columnNames})
        SELECT ${hostId}::uuid, ${from}, cgroup_id, CASE WHEN count(*) <> 24 THEN array_agg(n ORDER BY n) END, ${eachColumn(packed)}
        FROM means GROUP BY cgroup_id
        ON CONFLICT (host_id, at, cgroup_id) DO UPDATE SET ${added('cgroup_day', 'hours', 24)}
      )
      SELECT count(*) AS removed FROM old`;
    return { removed: Number(counted?.removed ?? 0), finished: false };
  });
}

/** Drops days older than `before`, some at a time, and then paths of which nothing is stored any more. Call it until it has finished. */
export async function dropCgroups(database: Database, hostId: HostId, before: Date): Promise<RolledUp> {
  const end = floor(before, dayMsec);
  return await inScope(database, 'all', async (transaction) => {
    const days = await transaction.$executeRaw`
      DELETE FROM cgroup_day WHERE host_id = ${hostId}::uuid AND (at, cgroup_id) IN (
        SELECT at, cgroup_id FROM cgroup_day WHERE host_id = ${hostId}::uuid AND at < ${end} ORDER BY at, cgroup_id LIMIT ${stepRows})`;
    if (days === stepRows) return { removed: days, finished: false };
    // last_at is right to a day.
    const paths = await transaction.$executeRaw`
      DELETE FROM cgroup WHERE host_id = ${hostId}::uuid AND id IN (
        SELECT id FROM cgroup WHERE host_id = ${hostId}::uuid AND last_at < ${new Date(end.getTime() - 2 * dayMsec)} LIMIT ${stepRows})`;
    return { removed: days + paths, finished: paths < stepRows };
  });
}
