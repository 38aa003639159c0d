import type { HostId, LedgerReading, MeterId, TenantId, Timestamp } from '@bulkhead/model';
import type { Transaction } from './database.ts';
import { Prisma } from './generated/client.ts';

/** Meters that a container's reading tells, and where they stand in reading_minute: what `toLedgerReading` makes of a record. */
const columns = [
  { meter: 'cpu-used', column: 'm.cpu_usage_usec' },
  { meter: 'cpu-allocated', column: 'm.cpu_limit_milli_seconds' },
  { meter: 'memory-used', column: 'm.memory_byte_seconds' },
  { meter: 'memory-allocated', column: 'm.memory_limit_byte_seconds' },
  { meter: 'memory-peak', column: 'm.memory_peak_bytes' },
  { meter: 'io-read-bytes', column: 'm.io_read_bytes' },
  { meter: 'io-write-bytes', column: 'm.io_write_bytes' },
  { meter: 'io-read-operations', column: 'm.io_read_operations' },
  { meter: 'io-write-operations', column: 'm.io_write_operations' },
  { meter: 'running-time', column: 'm.measured_msec + m.unmeasured_msec' },
] as const satisfies readonly { meter: MeterId; column: string }[];

/** Which readings: those that rows of [start, end) are made of. */
export interface LedgerWindow {
  start: Timestamp;
  end: Timestamp;
  /** Of one host alone. */
  hostId?: HostId | undefined;
  /** Of containers of one tenant alone. */
  tenantId?: TenantId | undefined;
  /** Of these containers alone. */
  containerIds?: readonly string[] | undefined;
  /** The whole of each life that touches the window, as a proof needs it. */
  isWhole?: boolean;
}

interface Row {
  host_id: string;
  boot_id: string;
  cgroup_ino: string;
  container_id: string;
  container_name: string;
  tenant_id: string;
  boottime_msec: string;
  at_msec: string;
  final: boolean;
  figures: (string | null)[];
  unmeasured_msec: string;
}

const ofLife = Prisma.raw(['host_id', 'boot_id', 'cgroup_ino', 'container_id'].map((column) => `m.${column} = i.${column}`).join(' AND '));
const figures = Prisma.raw(`ARRAY[${columns.map(({ column }) => `(${column})::text`).join(', ')}]`);

/**
 * Of a life in which labels follow readings (`steady`), the readings within the window, the one before, the one after and
 * the last of all, which tells how long it was; of the others each reading.
 */
const selectReadings = ({ start, end, hostId, tenantId, containerIds, isWhole = false }: LedgerWindow): Prisma.Sql => Prisma.sql`
  WITH bounds AS (SELECT ${start}::timestamptz AS window_start, ${end}::timestamptz AS window_end),
  wanted AS (
    SELECT i.*, b.*, NOT i.steady OR ${isWhole} AS is_whole FROM incarnation i, bounds b
    WHERE i.first_at <= b.window_end AND (i.final_at IS NULL OR i.final_at > b.window_start OR NOT i.steady)
      AND ${hostId === undefined ? Prisma.sql`true` : Prisma.sql`i.host_id = ${hostId}::uuid`}
      AND ${tenantId === undefined ? Prisma.sql`true` : Prisma.sql`i.tenant_id = ${tenantId}`}
      AND ${containerIds === undefined ? Prisma.sql`true` : Prisma.sql`i.container_id = ANY (${[...containerIds]}::text[])`}
  )
  SELECT i.host_id, i.boot_id, i.cgroup_ino::text, i.container_id, i.container_name, i.tenant_id, m.boottime_msec::text,
         (extract(epoch FROM m.at) * 1000)::bigint::text AS at_msec, m.final, ${figures} AS figures, m.unmeasured_msec::text
  FROM wanted i
  LEFT JOIN LATERAL (SELECT m.at FROM reading_minute m WHERE NOT i.is_whole AND ${ofLife} AND m.at <= i.window_start
                     ORDER BY m.at DESC LIMIT 1) before ON true
  LEFT JOIN LATERAL (SELECT m.at FROM reading_minute m WHERE NOT i.is_whole AND ${ofLife} AND m.at > i.window_end
                     ORDER BY m.at LIMIT 1) after ON true
  CROSS JOIN LATERAL (
    SELECT m.* FROM reading_minute m
    WHERE ${ofLife} AND m.at >= coalesce(before.at, '-infinity') AND m.at <= coalesce(after.at, 'infinity')
    UNION ALL
    (SELECT m.* FROM reading_minute m WHERE after.at IS NOT NULL AND ${ofLife} ORDER BY m.boottime_msec DESC LIMIT 1)) m
  ORDER BY i.host_id, i.boot_id, i.cgroup_ino, i.container_id, m.boottime_msec`;

function toReading(row: Row): LedgerReading {
  const meters: LedgerReading['meters'] = {};
  for (const [index, { meter }] of columns.entries()) {
    const value = row.figures[index];
    if (value !== null && value !== undefined) meters[meter] = value;
  }
  const age = meters['running-time'];
  return {
    resource: { hostId: row.host_id, kind: 'container', id: row.container_id, name: row.container_name },
    incarnation: { hostId: row.host_id, bootId: row.boot_id, cgroupIno: BigInt.asUintN(64, BigInt(row.cgroup_ino)).toString() },
    origin: 'created',
    tenantId: row.tenant_id,
    at: new Date(Number(row.at_msec)).toISOString(),
    boottimeMsec: row.boottime_msec,
    ...(age === undefined ? {} : { ageMsec: age }),
    final: row.final,
    meters,
    unmeasuredMsec: row.unmeasured_msec,
  };
}

/**
 * Readings that rows of a window are made of, of each life in the order they were taken. Rows that `rowsOfReadings` makes
 * of them within the window are those of all readings there are.
 */
export async function loadReadings(transaction: Transaction, window: LedgerWindow): Promise<LedgerReading[]> {
  const rows = await transaction.$queryRaw<Row[]>(selectReadings(window));
  return rows.map(toReading);
}
