import type { ContainerId, Counter, HostId, TenantId, Timestamp } from '@bulkhead/model';
import { type Database, inScope, type TenantScope } from './database.ts';
import { Prisma } from './generated/client.ts';
import { type MeterField, meters } from './meter.ts';

/** Readings taken after `from` and not after `to` are counted: each measures the time that ends with it, so two windows that meet share none. */
export interface UsageWindow {
  tenantId?: TenantId | undefined;
  from?: Timestamp | undefined;
  /** Now, where absent. */
  to?: Timestamp | undefined;
}

/** Use of one container over the window. An absent meter was not measured. */
export interface UsageLine {
  hostId: HostId;
  containerId: ContainerId;
  containerName: string;
  tenantId: TenantId;
  cpuUsageUsec?: Counter;
  cpuUsageNsec?: Counter;
  memoryByteSeconds: Counter;
  ioReadBytes?: Counter;
  ioWriteBytes?: Counter;
  unmeasuredMsec: Counter;
  firstAt: Timestamp;
  lastAt: Timestamp;
  final: boolean;
}

/** Use of one tenant over the window: the sums of its containers. */
export interface UsageSummary {
  tenantId: TenantId;
  from?: Timestamp;
  to: Timestamp;
  cpuUsageUsec: Counter;
  cpuUsageNsec?: Counter;
  memoryByteSeconds: Counter;
  ioReadBytes?: Counter;
  ioWriteBytes?: Counter;
  containers: UsageLine[];
}

export type UsageRow = Record<(typeof meters)[number]['column'], string | null> & {
  host_id: string;
  container_id: string;
  container_name: string;
  tenant_id: string;
  first_at: Date;
  last_at: Date;
  final: boolean;
};

const columns = meters.map(({ column }) => column);
const each = (text: (column: string) => string): Prisma.Sql => Prisma.raw(columns.map(text).join(', '));
const sameIncarnation = (left: string, right: string): string =>
  ['host_id', 'boot_id', 'cgroup_ino', 'container_id'].map((column) => `${left}.${column} = ${right}.${column}`).join(' AND ');
const ofIncarnation = Prisma.raw(sameIncarnation('m', 'i'));

/**
 * Usage of every container in scope. A steady incarnation's is the difference of two rows, found by index; of the
 * others every row is looked at, meter by meter, and a counter that went down begins again from zero.
 */
export function selectUsage(
  scope: TenantScope,
  window: { tenantId?: TenantId | undefined; hostId?: HostId; from: string | null; to: string },
): Prisma.Sql {
  const { tenantId, hostId, from, to } = window;
  const onHost = hostId === undefined ? Prisma.sql`true` : Prisma.sql`host_id = ${hostId}::uuid`;
  const tenants = tenantId !== undefined ? [tenantId] : scope === 'all' ? undefined : [...scope];
  const inTenants = tenants === undefined ? Prisma.sql`true` : Prisma.sql`tenant_id = ANY (${tenants}::text[])`;
  return Prisma.sql`
  WITH bounds AS (SELECT coalesce(${from}::timestamptz, '-infinity') AS window_from, ${to}::timestamptz AS window_to),
  wanted AS (
    SELECT i.*, b.* FROM incarnation i, bounds b
    WHERE ${inTenants} AND ${onHost} AND tenant_id <> '' AND i.first_at <= b.window_to AND (i.final_at IS NULL OR i.final_at > b.window_from OR NOT i.steady)
  ),
  steady AS (
    SELECT i.host_id, i.container_id, i.container_name, i.tenant_id,
           CASE WHEN i.first_at > i.window_from AND base.at IS NULL THEN i.first_at ELSE first.at END AS first_at, last.at AS last_at,
           coalesce(i.final_at <= i.window_to, false) AS final, ${each((column) => `last.${column} - coalesce(base.${column}, 0) AS ${column}`)}
    FROM wanted i
    CROSS JOIN LATERAL (
      SELECT * FROM reading_minute m WHERE ${ofIncarnation} AND m.at > i.window_from AND m.at <= i.window_to
      ORDER BY m.at DESC, m.boottime_msec DESC LIMIT 1) last
    CROSS JOIN LATERAL (
      SELECT m.at FROM reading_minute m WHERE ${ofIncarnation} AND m.at > i.window_from
      ORDER BY m.at LIMIT 1) first
    -- Where the readings before were dropped (retention), use begins with the oldest one that is left.
    LEFT JOIN LATERAL (
      (SELECT * FROM reading_minute m WHERE ${ofIncarnation} AND m.at <= i.window_from
       ORDER BY m.at DESC, m.boottime_msec DESC LIMIT 1)
      UNION ALL
      (SELECT * FROM (SELECT * FROM reading_minute m WHERE ${ofIncarnation} ORDER BY m.at LIMIT 1) oldest
       WHERE i.truncated AND oldest.at > i.window_from)
      ORDER BY at, boottime_msec LIMIT 1) base ON true
    WHERE i.steady
  ),
  steps AS (
    SELECT m.host_id, m.boot_id, m.cgroup_ino, m.container_id, m.at, meter, value,
           lag(value) OVER (PARTITION BY m.host_id, m.boot_id, m.cgroup_ino, m.container_id, meter ORDER BY m.boottime_msec) AS before
    FROM wanted i JOIN reading_minute m ON ${ofIncarnation}
    CROSS JOIN LATERAL (VALUES ${each((column) => `('${column}', m.${column})`)}) AS measured (meter, value)
    WHERE NOT i.steady AND value IS NOT NULL
  ),
  unsteady AS (
    SELECT i.host_id, i.container_id, i.container_name, i.tenant_id, min(s.at) AS first_at, max(s.at) AS last_at,
           coalesce(i.final_at <= i.window_to, false) AS final,
           ${each((column) => `sum(CASE WHEN before IS NULL OR value < before THEN value ELSE value - before END) FILTER (WHERE meter = '${column}') AS ${column}`)}
    FROM wanted i JOIN steps s ON ${Prisma.raw(sameIncarnation('s', 'i'))} AND s.at > i.window_from AND s.at <= i.window_to
    GROUP BY i.host_id, i.boot_id, i.cgroup_ino, i.container_id, i.container_name, i.tenant_id, i.final_at, i.window_to
  ),
  lines AS (SELECT * FROM steady UNION ALL SELECT * FROM unsteady)
  SELECT host_id, container_id, tenant_id, (array_agg(container_name ORDER BY last_at DESC))[1] AS container_name,
         min(first_at) AS first_at, max(last_at) AS last_at, (array_agg(final ORDER BY last_at DESC))[1] AS final,
         ${each((column) => `sum(${column})::text AS ${column}`)}
  FROM lines GROUP BY tenant_id, host_id, container_id
  ORDER BY tenant_id, min(first_at), host_id, container_id`;
}

/** Fields of a record whose value is there. */
const present = <K extends string>(values: Record<K, string | null | undefined>): { [key in K]?: string } =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null && value !== undefined)) as { [key in K]?: string };

function toLine(row: UsageRow): UsageLine {
  return {
    hostId: row.host_id,
    containerId: row.container_id,
    containerName: row.container_name,
    tenantId: row.tenant_id,
    ...present({
      cpuUsageUsec: row.cpu_usage_usec,
      cpuUsageNsec: row.cpu_usage_nsec,
      ioReadBytes: row.io_read_bytes,
      ioWriteBytes: row.io_write_bytes,
    }),
    memoryByteSeconds: row.memory_byte_seconds ?? '0',
    unmeasuredMsec: row.unmeasured_msec ?? '0',
    firstAt: row.first_at.toISOString(),
    lastAt: row.last_at.toISOString(),
    final: row.final,
  };
}

/** Sum of a meter over the lines that have it; undefined where none has. */
function total(lines: readonly UsageLine[], field: MeterField): Counter | undefined {
  const values = lines.map((line) => line[field]).filter((value) => value !== undefined);
  return values.length === 0 ? undefined : values.reduce((sum, value) => sum + BigInt(value), 0n).toString();
}

function toSummary(tenantId: TenantId, lines: UsageLine[], window: { from: Timestamp | undefined; to: Timestamp }): UsageSummary {
  // Nanoseconds of some of the containers would look like those of all.
  const wholeNsec = lines.every((line) => line.cpuUsageUsec === undefined || line.cpuUsageNsec !== undefined);
  return {
    tenantId,
    ...(window.from === undefined ? {} : { from: window.from }),
    to: window.to,
    cpuUsageUsec: total(lines, 'cpuUsageUsec') ?? '0',
    memoryByteSeconds: total(lines, 'memoryByteSeconds') ?? '0',
    ...present({
      cpuUsageNsec: wholeNsec ? total(lines, 'cpuUsageNsec') : undefined,
      ioReadBytes: total(lines, 'ioReadBytes'),
      ioWriteBytes: total(lines, 'ioWriteBytes'),
    }),
    containers: lines,
  };
}

/** Use per tenant in scope over a window, tenants and lines in a stable order. A tenant without a reading in the window has no summary. */
export async function summariseUsage(database: Database, scope: TenantScope, window: UsageWindow = {}): Promise<UsageSummary[]> {
  const { tenantId, from } = window;
  const to = window.to ?? new Date().toISOString();
  const rows = await inScope(database, scope, (transaction) =>
    transaction.$queryRaw<UsageRow[]>(selectUsage(scope, { tenantId, from: from ?? null, to })),
  );
  const tenants = Map.groupBy(rows.map(toLine), (line) => line.tenantId);
  return tenants
    .entries()
    .map(([tenant, lines]) => toSummary(tenant, lines, { from, to }))
    .toArray();
}
