import { type HostId, type Ownership, Problem, type Resource, type TenantId, type Timestamp } from '@bulkhead/model';
import { type Database, driverConstraintOf, inScope, type TenantScope, type Transaction } from './database.ts';
import { resourceKeyOf } from './ledger-code.ts';
import { groupsMark } from './ledger-mark.ts';
import { loadOwnerships } from './ownership.ts';

/** An interval of ownership as people see it. */
export interface OwnedResource extends Ownership {
  resource: Resource;
  createdBy: string;
  endedBy?: string;
}

export interface Owning {
  tenantId: TenantId;
  resource: Resource;
  /** Now where absent. */
  from?: Timestamp | undefined;
  to?: Timestamp | undefined;
  /** Who says so. */
  by: string;
}

const hexOf = (resource: Resource): string => resourceKeyOf(resource);

/** The tenant that readings of a resource tell, and since when there are any; nobody of a cgroup. */
async function sourceOf(
  transaction: Transaction,
  { hostId, kind, id }: Resource,
): Promise<{ tenantId: TenantId | undefined; since: Timestamp | undefined }> {
  if (kind !== 'container') return { tenantId: undefined, since: undefined };
  const [row] = await transaction.$queryRaw<{ tenant_id: string; since: Date }[]>`
    SELECT tenant_id, least(created_at, (SELECT min(first_at) FROM incarnation i WHERE i.host_id = c.host_id AND i.container_id = c.id)) AS since
    FROM container c WHERE host_id = ${hostId}::uuid AND id = ${id}`;
  if (row === undefined) throw new Problem('not-found', `no container ${id} on host ${hostId}`);
  return { tenantId: row.tenant_id, since: row.since.toISOString() };
}

/** Rows of the time from a moment on are made anew: whose they are has changed. */
async function markFrom(transaction: Transaction, { hostId }: Resource, tenantId: TenantId | undefined, from: Timestamp): Promise<void> {
  await transaction.$executeRaw`
    INSERT INTO usage_dirty (host_id, tenant_id, hour)
    SELECT ${hostId}::uuid, ${tenantId ?? groupsMark}, hour
    FROM journal_cursor c,
         generate_series(date_trunc('hour', greatest(${from}::timestamptz, c.dropped_until, now() - interval '10 years'), 'UTC'), now(), interval '1 hour') hour
    WHERE c.host_id = ${hostId}::uuid
    ON CONFLICT (host_id, tenant_id, hour) DO UPDATE SET version = usage_dirty.version + 1`;
}

async function insert(transaction: Transaction, { tenantId, resource, from, to, by }: Owning & { from: Timestamp }): Promise<void> {
  const { hostId, kind, id, name } = resource;
  await transaction.$executeRaw`
    INSERT INTO ownership (tenant_id, host_id, kind, resource_id, resource_key, name, from_at, to_at, created_by)
    VALUES (${tenantId}, ${hostId}::uuid, ${kind}, ${id}, decode(${hexOf(resource)}, 'hex'), ${name}, ${from}::timestamptz,
            ${to ?? null}::timestamptz, ${by})`;
}

/** Two groups of which one lies below the other would be charged twice for the lower one. */
async function refuseOverlap(transaction: Transaction, { resource, from, to }: Owning & { from: Timestamp }): Promise<void> {
  if (resource.kind !== 'cgroup') return;
  const [other] = await transaction.$queryRaw<{ resource_id: string; tenant_id: string }[]>`
    SELECT resource_id, tenant_id FROM ownership
    WHERE host_id = ${resource.hostId}::uuid AND kind = 'cgroup' AND resource_id <> ${resource.id}
      AND (starts_with(resource_id, ${`${resource.id}/`}) OR starts_with(${resource.id}, resource_id || '/'))
      AND tstzrange(from_at, to_at) && tstzrange(${from}::timestamptz, ${to ?? null}::timestamptz) LIMIT 1`;
  if (other === undefined) return;
  throw new Problem('conflict', `${resource.id} and ${other.resource_id} of tenant ${other.tenant_id} lie one below the other`, {
    remedy: 'what the lower one uses is part of the upper one: give one of them to a tenant',
  });
}

/**
 * Gives a resource to a tenant from a moment on. Whoever owned it until then is its owner of before: of a container that
 * was never given to anybody, the tenant it was made for. Throws Problem `conflict` where somebody owns it after that moment
 * too, `not-found` for a container that is not known.
 */
export async function own(database: Database, { tenantId, resource, from = new Date().toISOString(), to, by }: Owning): Promise<void> {
  if (to !== undefined && to <= from) throw new Problem('invalid', `the ownership ends before it begins: ${to} is not after ${from}`);
  await inScope(database, 'all', async (transaction) => {
    const source = await sourceOf(transaction, resource);
    await transaction.$executeRaw`INSERT INTO tenant (id) VALUES (${tenantId}) ON CONFLICT DO NOTHING`;
    await refuseOverlap(transaction, { tenantId, resource, from, to, by });
    const history = await loadOwnerships(transaction, { hostId: resource.hostId, keys: [hexOf(resource)] });
    const open = history.find((known) => known.to === undefined);
    if (open?.tenantId === tenantId && open.from <= from)
      throw new Problem('conflict', `${resource.name} is owned by ${tenantId} already, since ${open.from}`);
    if (open !== undefined && open.from < from) await end(transaction, { resource, to: from, by });
    if (history.length === 0 && source.tenantId !== undefined && source.since !== undefined && source.since < from)
      await insert(transaction, { tenantId: source.tenantId, resource, from: source.since, to: from, by });
    await insert(transaction, { tenantId, resource, from, to, by }).catch((failure: unknown) => {
      if (driverConstraintOf(failure) !== 'exclusion') throw failure;
      throw new Problem('conflict', `${resource.name} is owned at that time`, { remedy: './bulkhead tenant owned lists who owns what' });
    });
    await markFrom(transaction, resource, source.tenantId, from);
  });
}

async function end(transaction: Transaction, { resource, to, by }: { resource: Resource; to: Timestamp; by: string }): Promise<number> {
  return await transaction.$executeRaw`
    UPDATE ownership SET to_at = ${to}::timestamptz, ended_by = ${by}
    WHERE host_id = ${resource.hostId}::uuid AND resource_key = decode(${hexOf(resource)}, 'hex') AND to_at IS NULL AND from_at < ${to}::timestamptz`;
}

/**
 * Takes a resource from its tenant at a moment: from then on it is nobody's, until it is given to somebody. Throws Problem
 * `not-found` where the tenant does not own it then.
 */
export async function disown(
  database: Database,
  { tenantId, resource, to = new Date().toISOString(), by }: Omit<Owning, 'from'>,
): Promise<void> {
  await inScope(database, 'all', async (transaction) => {
    const source = await sourceOf(transaction, resource);
    const history = await loadOwnerships(transaction, { hostId: resource.hostId, keys: [hexOf(resource)] });
    // A container that was never given to anybody is its tenant's since it was made.
    if (history.length === 0 && source.tenantId === tenantId && source.since !== undefined && source.since < to)
      await insert(transaction, { tenantId, resource, from: source.since, to, by });
    else {
      const open = history.find((known) => known.to === undefined);
      if (open?.tenantId !== tenantId || open.from >= to)
        throw new Problem('not-found', `${resource.name} is not owned by ${tenantId}`, { remedy: './bulkhead tenant owned lists what is' });
      await end(transaction, { resource, to, by });
    }
    await markFrom(transaction, resource, source.tenantId, to);
  });
}

/** Every interval of ownership in scope, by host, resource and time; of one tenant alone where it is told. */
export async function listOwned(database: Database, scope: TenantScope, tenantId?: TenantId): Promise<OwnedResource[]> {
  const rows = await inScope(database, scope, (transaction) =>
    transaction.ownership.findMany({
      where: tenantId === undefined ? {} : { tenantId },
      orderBy: [{ hostId: 'asc' }, { kind: 'asc' }, { resourceId: 'asc' }, { fromAt: 'asc' }],
    }),
  );
  return rows.map((row) => ({
    resource: { hostId: row.hostId, kind: row.kind as Resource['kind'], id: row.resourceId, name: row.name },
    tenantId: row.tenantId,
    from: row.fromAt.toISOString(),
    ...(row.toAt === null ? {} : { to: row.toAt.toISOString() }),
    createdBy: row.createdBy,
    ...(row.endedBy === null ? {} : { endedBy: row.endedBy }),
  }));
}

/** Paths of the groups of others that somebody owns on a host now or will: those that its agent is to meter. */
export async function groupsToMeter(database: Database, hostId: HostId): Promise<string[]> {
  const rows = await inScope(
    database,
    'all',
    (transaction) => transaction.$queryRaw<{ resource_id: string }[]>`
      SELECT DISTINCT resource_id FROM ownership
      WHERE host_id = ${hostId}::uuid AND kind = 'cgroup' AND (to_at IS NULL OR to_at > now()) ORDER BY resource_id`,
  );
  return rows.map(({ resource_id }) => resource_id);
}
