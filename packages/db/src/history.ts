import type { ContainerId, Timestamp } from '@bulkhead/model';
import { findContainer } from './container.ts';
import { type Database, inScope, type TenantScope } from './database.ts';

/** A point of a stored chart. A missing point is a gap and stays one. */
export interface HistoryPoint {
  at: Timestamp;
  /** Mean number of CPUs in use since the point before, in thousandths. */
  cpuMillis?: number;
  memoryBytes?: number;
  pids?: number;
  ioReadBytesPerSecond?: number;
  ioWriteBytesPerSecond?: number;
}

export interface HistoryWindow {
  from: Timestamp;
  to: Timestamp;
}

/** A chart has no more points than this. */
const pointLimit = 500;
const minuteMsec = 60_000;
/** Old readings are thinned to one an hour: the one before the window is that far away at most. */
const lookBackMsec = 65 * minuteMsec;

interface HistoryRow {
  at: Date;
  cpu_millis: number | null;
  memory_bytes: number | null;
  pids: number | null;
  io_read: number | null;
  io_write: number | null;
}

function toPoint(row: HistoryRow): HistoryPoint {
  return {
    at: row.at.toISOString(),
    ...(row.cpu_millis === null ? {} : { cpuMillis: row.cpu_millis }),
    ...(row.memory_bytes === null ? {} : { memoryBytes: row.memory_bytes }),
    ...(row.pids === null ? {} : { pids: row.pids }),
    ...(row.io_read === null ? {} : { ioReadBytesPerSecond: row.io_read }),
    ...(row.io_write === null ? {} : { ioWriteBytesPerSecond: row.io_write }),
  };
}

/**
 * Stored readings of a container as rates, oldest first, at most 500: longer windows in even steps of whole minutes,
 * each point standing at its step's last reading. Undefined where the container is unknown or out of scope.
 */
export async function readHistory(
  database: Database,
  scope: TenantScope,
  query: HistoryWindow & { containerId: ContainerId },
): Promise<HistoryPoint[] | undefined> {
  const found = await findContainer(database, scope, query.containerId);
  if (found === undefined) return undefined;
  const { tenantId, id } = found.container;
  const { from, to } = query;
  const spanMsec = Math.max(0, Date.parse(to) - Date.parse(from));
  const stepSeconds = (Math.max(1, Math.ceil(spanMsec / pointLimit / minuteMsec)) * minuteMsec) / 1000;
  const lookBack = new Date(Date.parse(from) - lookBackMsec).toISOString();
  const rows = await inScope(
    database,
    scope,
    (transaction) => transaction.$queryRaw<HistoryRow[]>`
      WITH steps AS (
        SELECT m.at, m.memory_current_bytes AS memory, m.pids_current AS pids,
               m.cpu_usage_usec AS cpu, lag(m.cpu_usage_usec) OVER incarnation AS cpu_before,
               m.io_read_bytes AS io_read, lag(m.io_read_bytes) OVER incarnation AS io_read_before,
               m.io_write_bytes AS io_write, lag(m.io_write_bytes) OVER incarnation AS io_write_before,
               -- The first reading counts from the beginning of the incarnation, which was that long ago.
               coalesce(m.boottime_msec - lag(m.boottime_msec) OVER incarnation,
                        CASE WHEN i.first_at = m.at THEN m.measured_msec + m.unmeasured_msec END) AS msec,
               i.first_at = m.at AS is_first
        FROM incarnation i
        JOIN reading_minute m ON m.host_id = i.host_id AND m.boot_id = i.boot_id AND m.cgroup_ino = i.cgroup_ino
         AND m.container_id = i.container_id
        WHERE i.tenant_id = ${tenantId} AND i.container_id = ${id} AND m.at > ${lookBack}::timestamptz AND m.at <= ${to}::timestamptz
        WINDOW incarnation AS (PARTITION BY i.host_id, i.boot_id, i.cgroup_ino ORDER BY m.boottime_msec)
      ), rates AS (
        SELECT at, memory, pids, msec,
               CASE WHEN msec > 0 THEN CASE WHEN is_first OR cpu < cpu_before THEN cpu ELSE cpu - cpu_before END END AS cpu,
               CASE WHEN msec > 0 THEN CASE WHEN is_first OR io_read < io_read_before THEN io_read ELSE io_read - io_read_before END END AS io_read,
               CASE WHEN msec > 0 THEN CASE WHEN is_first OR io_write < io_write_before THEN io_write ELSE io_write - io_write_before END END AS io_write
        FROM steps WHERE at > ${from}::timestamptz
      )
      SELECT max(at) AS at, avg(memory)::float8 AS memory_bytes, avg(pids)::float8 AS pids,
             (sum(cpu) / sum(msec) FILTER (WHERE cpu IS NOT NULL))::float8 AS cpu_millis,
             (sum(io_read) * 1000 / sum(msec) FILTER (WHERE io_read IS NOT NULL))::float8 AS io_read,
             (sum(io_write) * 1000 / sum(msec) FILTER (WHERE io_write IS NOT NULL))::float8 AS io_write
      FROM rates
      GROUP BY ceil(extract(epoch FROM at - ${from}::timestamptz) / ${stepSeconds}::numeric)
      ORDER BY 1`,
  );
  return rows.map(toPoint);
}
