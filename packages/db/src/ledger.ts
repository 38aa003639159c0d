import { boundingReadings, gapsOf, type HostWatermark, type RowOptions, rowsOfReadings } from '@bulkhead/accounting';
import type { Conservation, Gap, LedgerReading, Ownership, TenantId, Timestamp, UsageRow } from '@bulkhead/model';
import { type Database, inScope, type TenantScope } from './database.ts';
import { loadReadings } from './ledger-reading.ts';

/**
 * What a tenant is charged for within [start, end): the border between what is measured and what is priced. Everything
 * that a draft, a closing or a proof needs of the ledger is asked for here.
 */
export interface LedgerQuery {
  tenantId: TenantId;
  /** Inclusive, UTC. */
  start: Timestamp;
  /** Exclusive. */
  end: Timestamp;
  /** Where rows are divided beside each hour and each change of owner; `cutsOf` tells those of price plans. Bounds of the period count by themselves. */
  cuts?: readonly Timestamp[];
}

const isIn = (scope: TenantScope, tenantId: TenantId): boolean => scope === 'all' || scope.includes(tenantId);

/** The options that rows and proof of a query are made with. */
export function rowOptionsOf(
  { start, end, cuts = [] }: LedgerQuery,
  ownerships: readonly Ownership[],
): RowOptions & { period: LedgerPeriod } {
  return { cuts: [...new Set([start, end, ...cuts])].sort(), ownerships, period: { start, end } };
}

interface LedgerPeriod {
  start: Timestamp;
  end: Timestamp;
}

/** Rows of a tenant, in their one order, divided at each hour, change of owner, bound of the period and cut. Out of scope: none. */
export async function usageRowsOf(database: Database, scope: TenantScope, query: LedgerQuery): Promise<UsageRow[]> {
  if (!isIn(scope, query.tenantId)) return [];
  const readings = await readingsOf(database, scope, query);
  const rows = rowsOfReadings(readings, rowOptionsOf(query, await ownershipsOf(database, scope, query)));
  return rows.filter(({ tenantId }) => tenantId === query.tenantId);
}

async function readingsOf(database: Database, scope: TenantScope, { tenantId, start, end }: LedgerQuery): Promise<LedgerReading[]> {
  return await inScope(database, scope, (transaction) => loadReadings(transaction, { tenantId, start, end, isWhole: true }));
}

/** The readings that bound those rows: what an evidence pack keeps of all readings. Pass them to `proofOf`. */
export async function boundingReadingsOf(database: Database, scope: TenantScope, query: LedgerQuery): Promise<LedgerReading[]> {
  if (!isIn(scope, query.tenantId)) return [];
  const readings = await readingsOf(database, scope, query);
  return boundingReadings(readings, rowOptionsOf(query, await ownershipsOf(database, scope, query)));
}

/** Time within the period about which less is known than readings would tell. */
export async function gapsOfTenant(database: Database, scope: TenantScope, query: LedgerQuery): Promise<Gap[]> {
  if (!isIn(scope, query.tenantId)) return [];
  return gapsOf(await readingsOf(database, scope, query)).filter(({ from, to }) => from < query.end && to > query.start);
}

/** Intervals of ownership of the resources that the tenant owned within the period, those of other owners of the same resources included. */
export async function ownershipsOf(_database: Database, _scope: TenantScope, _query: LedgerQuery): Promise<Ownership[]> {
  return [];
}

/** The ledger of the tenant held against the kernel's own sums, an hour and host each, within the period. */
export async function conservationOfPeriod(_database: Database, _scope: TenantScope, _query: LedgerQuery): Promise<Conservation[]> {
  return [];
}

/**
 * Up to when everything of each host is in, by name of the host; `missing` are records of the period that never came. For
 * `closingOf`. Hosts belong to no tenant: callers have checked that the answer may be given.
 */
export async function watermarksOf(database: Database, { start: _start, end: _end }: LedgerPeriod): Promise<HostWatermark[]> {
  const rows = await inScope(
    database,
    'all',
    (transaction) => transaction.$queryRaw<{ host_id: string; name: string | null; until: Date | null; missing: bigint }[]>`
      SELECT c.host_id, h.info ->> 'hostname' AS name, c.missing,
             (SELECT max(m.at) FROM reading_minute m WHERE m.host_id = c.host_id) AS until
      FROM journal_cursor c LEFT JOIN host h ON h.id = c.host_id ORDER BY 2, 1`,
  );
  return rows.map(({ host_id, name, until, missing }) => ({
    hostId: host_id,
    name: name ?? host_id,
    ...(until === null ? {} : { until: until.toISOString() }),
    missing: Number(missing),
  }));
}
