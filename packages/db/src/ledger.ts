import { boundingReadings, type HostWatermark, inRowOrder, type RowOptions } from '@bulkhead/accounting';
import type { Conservation, Gap, LedgerReading, Ownership, TenantId, Timestamp, UsageRow } from '@bulkhead/model';
import { loadConservation } from './conservation.ts';
import { type Database, inScope, type TenantScope } from './database.ts';
import { loadGaps } from './ledger-gap.ts';
import { freshHours, liveRows } from './ledger-live.ts';
import { livingIds, loadReadings, readingIdOf } from './ledger-reading.ts';
import { selectRows } from './ledger-row.ts';
import { loadOwnerships, ownedBy } from './ownership.ts';

/**
 * What a tenant is charged for within [start, end): the border between what is measured and what is priced. Everything
 * that a draft, a closing or a proof needs of the ledger is asked for here. What a tenant owns may be read on a host of
 * another's: these functions look past the scope once they have seen that it holds the tenant.
 */
export interface LedgerQuery {
  tenantId: TenantId;
  /** Inclusive, UTC. */
  start: Timestamp;
  /** Exclusive. */
  end: Timestamp;
  /**
   * Where rows are divided beside each hour and each change of owner; `cutsOf` tells those of price plans. Bounds of the
   * period count by themselves.
   */
  cuts?: readonly Timestamp[];
}

type Period = Pick<LedgerQuery, 'start' | 'end'>;

const isIn = (scope: TenantScope, tenantId: TenantId): boolean => scope === 'all' || scope.includes(tenantId);

/** The options that rows and proof of a query are made with: for `proofOf` and `verifyEvidence`. */
export function rowOptionsOf(
  { start, end, cuts = [] }: Omit<LedgerQuery, 'tenantId'>,
  ownerships: readonly Ownership[],
): RowOptions & { period: Period } {
  return { cuts: [...new Set([start, end, ...cuts])].sort(), ownerships, period: { start, end } };
}

/**
 * Rows of a tenant, in their one order, divided at each hour, change of owner, bound of the period and cut. Hours that are
 * made up already come as they are stored; the others, and those that a cut divides, of readings. Out of scope: none.
 */
export async function usageRowsOf(database: Database, scope: TenantScope, query: LedgerQuery): Promise<UsageRow[]> {
  if (!isIn(scope, query.tenantId)) return [];
  const { tenantId, start, end, cuts = [] } = query;
  return await inScope(database, 'all', async (transaction) => {
    const fresh = await freshHours(transaction, { start, end, cuts: [start, end, ...cuts] });
    const stored = await selectRows(transaction, query);
    const live = await liveRows(transaction, { tenantId, start, end, cuts: [start, end, ...cuts] }, fresh);
    return inRowOrder([...stored.filter((row) => !fresh.has(row.resource.hostId, row.start)), ...live]);
  });
}

/** Containers whose whole lives are looked at together: a month of one is 45,000 readings. */
const atOnce = 5;

const lifeOf = ({ incarnation: { hostId, bootId, cgroupIno }, resource: { kind, id } }: LedgerReading): string =>
  `${hostId} ${bootId} ${cgroupIno} ${kind} ${id}`;

/** The readings that bound those rows, life by life: what an evidence pack keeps of all readings. */
export async function boundingReadingsOf(database: Database, scope: TenantScope, query: LedgerQuery): Promise<LedgerReading[]> {
  if (!isIn(scope, query.tenantId)) return [];
  const { tenantId, start, end } = query;
  const options = rowOptionsOf(query, await ownershipsOf(database, scope, query));
  const ids = await inScope(database, 'all', async (transaction) => {
    const owned = await ownedBy(transaction, { tenantId, start, end });
    return [...new Set([...(await livingIds(transaction, query)), ...owned.map(({ resource }) => readingIdOf(resource))])].sort();
  });
  const lives = new Map<string, LedgerReading[]>();
  for (let from = 0; from < ids.length; from += atOnce) {
    const window = { ids: ids.slice(from, from + atOnce), start, end, isWhole: true };
    const readings = await inScope(database, 'all', (transaction) => loadReadings(transaction, window));
    for (const [key, life] of Map.groupBy(boundingReadings(readings, options), lifeOf)) lives.set(key, life);
  }
  return [...lives].sort(([left], [right]) => (left < right ? -1 : 1)).flatMap(([, life]) => life);
}

/** Time within the period about which less is known than readings would tell. Nothing is filled in for it. */
export async function gapsOfTenant(database: Database, scope: TenantScope, query: LedgerQuery): Promise<Gap[]> {
  if (!isIn(scope, query.tenantId)) return [];
  return await inScope(database, 'all', (transaction) => loadGaps(transaction, query));
}

/** The whole history of ownership of the resources that the tenant owned within the period, other owners' intervals included. */
export async function ownershipsOf(database: Database, scope: TenantScope, query: LedgerQuery): Promise<Ownership[]> {
  if (!isIn(scope, query.tenantId)) return [];
  return await inScope(database, 'all', async (transaction) => {
    const owned = await ownedBy(transaction, query);
    return await loadOwnerships(transaction, { keys: owned.map(({ key }) => key) });
  });
}

/** The ledger of the tenant held against the kernel's own sums, an hour, host and meter each, within the period. */
export async function conservationOfPeriod(database: Database, scope: TenantScope, query: LedgerQuery): Promise<Conservation[]> {
  if (!isIn(scope, query.tenantId)) return [];
  return await inScope(database, scope, (transaction) => loadConservation(transaction, query));
}

/**
 * Up to when everything of each host is in, by name of the host; `missing` are records of its journal within the period
 * that never came. For `closingOf`. Hosts belong to no tenant: callers have checked that the answer may be given.
 */
export async function watermarksOf(database: Database, { start, end }: Period): Promise<HostWatermark[]> {
  const rows = await inScope(
    database,
    'all',
    (transaction) => transaction.$queryRaw<{ host_id: string; name: string | null; told_until: Date | null; missing: number }[]>`
      SELECT c.host_id, h.info ->> 'hostname' AS name, c.told_until,
             coalesce((SELECT sum(g.next_seq - g.after_seq - 1) FROM journal_gap g
                       WHERE g.host_id = c.host_id AND coalesce(g.from_at, '-infinity') < ${end}::timestamptz
                         AND coalesce(g.to_at, 'infinity') > ${start}::timestamptz), 0)::float8 AS missing
      FROM journal_cursor c LEFT JOIN host h ON h.id = c.host_id ORDER BY 2, 1`,
  );
  return rows.map(({ host_id, name, told_until, missing }) => ({
    hostId: host_id,
    name: name ?? host_id,
    ...(told_until === null ? {} : { until: told_until.toISOString() }),
    missing,
  }));
}

/** Keeps the readings of a tenant and period for as long as something rests on them, an invoice say. Held again: no change. */
export async function holdReadings(database: Database, { tenantId, start, end, reason }: LedgerQuery & { reason: string }): Promise<void> {
  await inScope(
    database,
    [tenantId],
    (transaction) => transaction.$executeRaw`
      INSERT INTO reading_hold (tenant_id, reason, start_at, end_at)
      VALUES (${tenantId}, ${reason}, ${start}::timestamptz, ${end}::timestamptz) ON CONFLICT DO NOTHING`,
  );
}

/** Nothing rests on them any longer for that reason. */
export async function releaseReadings(database: Database, { tenantId, reason }: { tenantId: TenantId; reason: string }): Promise<void> {
  await inScope(
    database,
    [tenantId],
    (transaction) => transaction.$executeRaw`DELETE FROM reading_hold WHERE tenant_id = ${tenantId} AND reason = ${reason}`,
  );
}
