import type { CgroupPath, CgroupUse, HostId, Timestamp } from '@bulkhead/model';
import { cgroupColumns, eachColumn } from './cgroup-column.ts';
import { type Database, inScope, type TenantScope } from './database.ts';

/** A point of a stored chart of a cgroup. A missing point is a gap and stays one. */
export interface CgroupHistoryPoint extends CgroupUse {
  /** When it begins. */
  at: Timestamp;
  /** Seconds that the point stands for. */
  stepSeconds: number;
  cpuMillisMost?: number;
  memoryBytesMost?: number;
}

export interface CgroupHistoryQuery {
  hostId: HostId;
  path: CgroupPath;
  from: Timestamp;
  to: Timestamp;
}

/** Lengths of a step, in seconds, all of which divide a day. */
const steps = [60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 28_800, 86_400] as const;
/** A chart has no more points than this; an hour is shown by minutes, a day by five of them, a week by half hours. */
const pointLimit = 400;
const hourSeconds = 3600;
const dayMsec = 86_400_000;

/** The finest step of a window; undefined where even days are too many. */
export const stepOf = (spanSeconds: number): number | undefined => steps.find((step) => spanSeconds / step <= pointLimit);

type HistoryRow = { at: Date } & Record<(typeof cgroupColumns)[number]['column'], number | null>;

const pressureFields = new Set(['cpuSome', 'memorySome', 'memoryFull', 'ioSome', 'ioFull']);

function toPoint(row: HistoryRow, stepSeconds: number): CgroupHistoryPoint {
  const use: Record<string, number> = {};
  const pressure: Record<string, number> = {};
  for (const { column, of } of cgroupColumns) {
    const value = row[column];
    if (value !== null) (pressureFields.has(of) ? pressure : use)[of] = value;
  }
  return { at: row.at.toISOString(), stepSeconds, ...use, ...(Object.keys(pressure).length === 0 ? {} : { pressure }) };
}

/** An element of an array over minutes or hours: one that stood still has a single element. */
const element = (column: string): string =>
  `(CASE WHEN cardinality(r.${column}) = 1 THEN r.${column}[1] ELSE r.${column}[i] END) AS ${column}`;

/**
 * What was stored of a cgroup, oldest first, at most 400 points: minutes of an hour, means of five minutes of a day, of
 * half an hour of a week; hours where only those are kept. Nothing for a path of which nothing is known.
 */
export async function readCgroupHistory(
  database: Database,
  scope: TenantScope,
  { hostId, path, from, to }: CgroupHistoryQuery,
): Promise<CgroupHistoryPoint[]> {
  const spanSeconds = (Date.parse(to) - Date.parse(from)) / 1000;
  const wanted = stepOf(spanSeconds) ?? steps[steps.length - 1] ?? 86_400;
  if (spanSeconds <= 0) return [];
  // Not so far back that a hundred years would be searched.
  const begin = spanSeconds / wanted > pointLimit ? new Date(Date.parse(to) - pointLimit * wanted * 1000) : new Date(from);
  const end = new Date(to);
  return await inScope(database, scope, async (transaction) => {
    const [cgroup] = await transaction.$queryRaw<{ id: number; has_days: boolean }[]>`
      SELECT c.id, EXISTS (
        SELECT FROM cgroup_day d WHERE d.host_id = c.host_id AND d.cgroup_id = c.id
          AND d.at > ${new Date(begin.getTime() - dayMsec)} AND d.at < ${end}) AS has_days
      FROM cgroup c WHERE c.host_id = ${hostId}::uuid AND c.path_key = substr(sha256(convert_to(${path}, 'UTF8')), 1, 16)`;
    if (cgroup === undefined) return [];
    const { id } = cgroup;
    // Where only hours are kept, minutes would be gaps.
    const step = cgroup.has_days ? Math.max(wanted, hourSeconds) : wanted;
    const rows = await transaction.$queryRaw<HistoryRow[]>`
      WITH hours AS (
        SELECT h.* FROM generate_series(date_trunc('hour', ${begin}::timestamptz, 'UTC'), ${end}::timestamptz, interval '1 hour') AS hour
        JOIN cgroup_hour h ON h.host_id = ${hostId}::uuid AND h.at = hour AND h.cgroup_id = ${id}
      ), days AS (
        SELECT d.* FROM generate_series(date_trunc('day', ${begin}::timestamptz, 'UTC'), ${end}::timestamptz, interval '24 hours') AS day
        JOIN cgroup_day d ON d.host_id = ${hostId}::uuid AND d.at = day AND d.cgroup_id = ${id}
        WHERE ${cgroup.has_days}
      ), points AS (
        SELECT r.at + coalesce(r.minutes[i], i - 1) * interval '1 minute' AS at, ${eachColumn(element)}
        FROM hours r, generate_series(1, coalesce(cardinality(r.minutes), 60)) AS i
        UNION ALL
        SELECT r.at + coalesce(r.hours[i], i - 1) * interval '1 hour' AS at, ${eachColumn(element)}
        FROM days r, generate_series(1, coalesce(cardinality(r.hours), 24)) AS i
        UNION ALL
        SELECT m.at, ${eachColumn((column) => `m.${column}[place]`)}
        FROM cgroup_minute m, LATERAL (SELECT array_position(m.cgroup_ids, ${id}) AS place) AS found
        WHERE m.host_id = ${hostId}::uuid AND m.at >= ${begin} AND m.at < ${end} AND place IS NOT NULL
      )
      SELECT to_timestamp(floor(extract(epoch FROM at) / ${step}::int) * ${step}::int) AS at,
             ${eachColumn((column, joined) => `${joined}(${column})::float8 AS ${column}`)}
      FROM points WHERE at >= ${begin} AND at < ${end}
      GROUP BY 1 ORDER BY 1`;
    return rows.map((row) => toPoint(row, step));
  });
}
