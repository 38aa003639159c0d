import { toLedgerReading } from '@bulkhead/accounting';
import type { HostId, LedgerReading, ReadingRecord, Resource, TenantId, Timestamp } from '@bulkhead/model';
import type { Transaction } from './database.ts';
import { Prisma } from './generated/client.ts';
import { resourceKeyOf } from './ledger-code.ts';
import { ledgerColumns } from './ledger-column.ts';
import { toSignedIno } from './reading-row.ts';

/** Which readings: those that rows of [start, end) are made of. */
export interface LedgerWindow {
  start: Timestamp;
  end: Timestamp;
  /** Of one host alone. */
  hostId?: HostId | undefined;
  /** Of what readings call one tenant's alone; null: of groups of others. */
  tenantId?: TenantId | null | undefined;
  /** Of these alone: ids of containers, `groupId` of groups. */
  ids?: readonly string[] | undefined;
  /** The whole of each life that touches the window, as a proof needs it. */
  isWhole?: boolean;
}

const groupIdPrefix = 'cgroup:';

/** What stands in the place of a container's id for a group of others; its path is its name. */
export const groupIdOf = (path: string): string => `${groupIdPrefix}${resourceKeyOf({ kind: 'cgroup', id: path })}`;

/** The id by which readings of a resource are found. */
export const readingIdOf = ({ kind, id }: Pick<Resource, 'kind' | 'id'>): string => (kind === 'cgroup' ? groupIdOf(id) : id);

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
const figures = Prisma.raw(
  `ARRAY[${ledgerColumns.map(({ column }) => `(m.${column})::text`).join(', ')}, (m.measured_msec + m.unmeasured_msec)::text]`,
);

/**
 * Of a life in which labels follow readings (`steady`), the readings within the window, the one before, the one after and
 * the last of all, which tells how long it was; of groups of others the first too, from which they count. Of other lives each reading.
 */
const selectReadings = ({ start, end, hostId, tenantId, ids, isWhole = false }: LedgerWindow): Prisma.Sql => Prisma.sql`
  WITH bounds AS (SELECT ${start}::timestamptz AS window_start, ${end}::timestamptz AS window_end),
  wanted AS (
    SELECT i.*, b.*, NOT i.steady OR ${isWhole} AS is_whole FROM incarnation i, bounds b
    -- Where a clock was set back, what the first reading after it tells of may lie before all labels.
    WHERE i.first_at <= b.window_end + interval '31 days'
      -- What came before the first reading that is there, its own age tells.
      AND (NOT i.steady OR i.first_at <= b.window_end OR EXISTS (
        SELECT FROM reading_minute m
        WHERE ${ofLife} AND m.at = i.first_at
          AND m.at - (m.measured_msec + m.unmeasured_msec)::float8 * interval '1 millisecond' <= b.window_end))
      AND (i.final_at IS NULL OR i.final_at > b.window_start OR NOT i.steady)
      AND ${hostId === undefined ? Prisma.sql`true` : Prisma.sql`i.host_id = ${hostId}::uuid`}
      AND ${tenantId === undefined ? Prisma.sql`true` : Prisma.sql`i.tenant_id = ${tenantId ?? ''}`}
      AND ${ids === undefined ? Prisma.sql`true` : Prisma.sql`i.container_id = ANY (${[...ids]}::text[])`}
  )
  SELECT i.host_id, i.boot_id, i.cgroup_ino::text, i.container_id, i.container_name, i.tenant_id, m.boottime_msec::text,
         (extract(epoch FROM m.at) * 1000)::bigint::text AS at_msec, m.final, ${figures} AS figures, m.unmeasured_msec::text
  FROM wanted i
  -- Apart (OFFSET 0): as expressions they could not be looked up in an index, for the policy comes before what may leak.
  CROSS JOIN LATERAL (
    SELECT coalesce((SELECT m.at FROM reading_minute m WHERE NOT i.is_whole AND ${ofLife} AND m.at <= i.window_start
                     ORDER BY m.at DESC LIMIT 1), '-infinity') AS before,
           coalesce((SELECT m.at FROM reading_minute m WHERE NOT i.is_whole AND ${ofLife} AND m.at > i.window_end
                     ORDER BY m.at LIMIT 1), 'infinity') AS after
    OFFSET 0) span
  CROSS JOIN LATERAL (
    SELECT m.* FROM reading_minute m WHERE ${ofLife} AND m.at >= span.before AND m.at <= span.after
    UNION ALL
    (SELECT m.* FROM reading_minute m
     WHERE span.before > '-infinity' AND i.container_id LIKE ${`${groupIdPrefix}%`} AND ${ofLife} ORDER BY m.boottime_msec LIMIT 1)
    UNION ALL
    (SELECT m.* FROM reading_minute m WHERE span.after < 'infinity' AND ${ofLife} ORDER BY m.boottime_msec DESC LIMIT 1)) m
  ORDER BY i.host_id, i.boot_id, i.cgroup_ino, i.container_id, m.boottime_msec`;

function toReading(row: Row): LedgerReading {
  const meters: LedgerReading['meters'] = {};
  for (const [index, { meter }] of ledgerColumns.entries()) {
    const value = row.figures[index];
    if (value !== null && value !== undefined) meters[meter] = value;
  }
  meters['running-time'] = row.figures.at(-1) ?? '0';
  const isGroup = row.container_id.startsWith(groupIdPrefix);
  const { 'running-time': age, ...metersOfGroup } = meters;
  const common = {
    incarnation: { hostId: row.host_id, bootId: row.boot_id, cgroupIno: BigInt.asUintN(64, BigInt(row.cgroup_ino)).toString() },
    at: new Date(Number(row.at_msec)).toISOString(),
    boottimeMsec: row.boottime_msec,
    final: row.final,
    unmeasuredMsec: row.unmeasured_msec,
  };
  const hostId = row.host_id;
  if (isGroup)
    // Its past before it was taken up is nobody's, and how old it is nobody knows.
    return {
      resource: { hostId, kind: 'cgroup', id: row.container_name, name: row.container_name },
      origin: 'adopted',
      tenantId: null,
      meters: metersOfGroup,
      ...common,
    };
  return {
    resource: { hostId, kind: 'container', id: row.container_id, name: row.container_name },
    origin: 'created',
    tenantId: row.tenant_id,
    ...(age === undefined ? {} : { ageMsec: age }),
    meters,
    ...common,
  };
}

/**
 * Readings that rows of a window are made of, of each life in the order they were taken. Rows that `rowsOfReadings` makes
 * of them within the window are those of all readings there are.
 */
export async function loadReadings(transaction: Transaction, window: LedgerWindow): Promise<LedgerReading[]> {
  const rows = await transaction.$queryRaw<Row[]>(selectReadings(window));
  const moments = new Set(rows.map((row) => `${row.host_id} ${row.boot_id} ${row.cgroup_ino} ${row.boottime_msec}`));
  const conflicts = await loadConflicts(transaction, window);
  // Of those alone that stand beside a reading: a life of which part is loaded has no others.
  const told = conflicts.filter(({ incarnation: { hostId, bootId, cgroupIno }, boottimeMsec }) =>
    moments.has(`${hostId} ${bootId} ${toSignedIno(cgroupIno)} ${boottimeMsec}`),
  );
  return [...rows.map(toReading), ...told];
}

/** Readings that came again with another payload: the first one counts, and its rows are flagged. */
async function loadConflicts(transaction: Transaction, { hostId, tenantId, ids }: LedgerWindow): Promise<LedgerReading[]> {
  const rows = await transaction.$queryRaw<{ payload: ReadingRecord }[]>`
    SELECT payload FROM reading_conflict
    WHERE ${hostId === undefined ? Prisma.sql`true` : Prisma.sql`host_id = ${hostId}::uuid`}
      AND ${tenantId === undefined ? Prisma.sql`true` : Prisma.sql`tenant_id = ${tenantId ?? ''}`}
      AND ${ids === undefined ? Prisma.sql`true` : Prisma.sql`payload ->> 'containerId' = ANY (${[...ids]}::text[])`}`;
  return rows.filter(({ payload }) => !payload.containerId.startsWith(groupIdPrefix)).map(({ payload }) => toLedgerReading(payload));
}

/** Ids of a tenant's own containers that have readings about a period. */
export async function livingIds(
  transaction: Transaction,
  { tenantId, start, end }: { tenantId: TenantId; start: Timestamp; end: Timestamp },
): Promise<string[]> {
  const rows = await transaction.$queryRaw<{ container_id: string }[]>`
    SELECT DISTINCT container_id FROM incarnation
    WHERE tenant_id = ${tenantId} AND first_at <= ${end}::timestamptz + interval '31 days'
      AND (final_at IS NULL OR final_at > ${start}::timestamptz OR NOT steady)`;
  return rows.map(({ container_id }) => container_id);
}
