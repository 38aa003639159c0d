import { Problem, TenantId, type Timestamp } from '@bulkhead/model';
import { type Database, inScope, type TenantScope } from './database.ts';

export interface Tenant {
  tenantId: TenantId;
  /** What people call it; absent: by its id. */
  name?: string;
  createdAt: Timestamp;
}

/** Tenants in scope by name. */
export async function listTenants(database: Database, scope: TenantScope): Promise<Tenant[]> {
  const rows = await inScope(database, scope, (transaction) => transaction.tenant.findMany({ orderBy: { id: 'asc' } }));
  return rows.map(({ id, name, createdAt }) => ({ tenantId: id, ...(name === null ? {} : { name }), createdAt: createdAt.toISOString() }));
}

/** Makes a tenant unless it is there. */
export async function ensureTenant(database: Database, tenantId: TenantId): Promise<void> {
  const id = TenantId.parse(tenantId);
  await inScope(database, [id], (transaction) => transaction.$executeRaw`INSERT INTO tenant (id) VALUES (${id}) ON CONFLICT DO NOTHING`);
}

/** Makes a tenant. Throws Problem `conflict` where it is there. */
export async function addTenant(database: Database, { tenantId, name }: Pick<Tenant, 'tenantId' | 'name'>): Promise<void> {
  const made = await inScope(
    database,
    [TenantId.parse(tenantId)],
    (transaction) => transaction.$executeRaw`INSERT INTO tenant (id, name) VALUES (${tenantId}, ${name ?? null}) ON CONFLICT DO NOTHING`,
  );
  if (made === 0) throw new Problem('conflict', `tenant ${tenantId} is there already`);
}

/** Calls a tenant by another name; its id, and with it all that is its, stays. Throws Problem `not-found`. */
export async function renameTenant(database: Database, { tenantId, name }: Required<Pick<Tenant, 'tenantId' | 'name'>>): Promise<void> {
  const changed = await inScope(
    database,
    [TenantId.parse(tenantId)],
    (transaction) => transaction.$executeRaw`UPDATE tenant SET name = ${name} WHERE id = ${tenantId}`,
  );
  if (changed === 0) throw new Problem('not-found', `no tenant ${tenantId}`);
}

/** Tenants that a user belongs to: the slugs of its organizations. Comes before any scope, so it asks better-auth's tables alone. */
export async function listTenantsOfUser(database: Database, userId: string): Promise<TenantId[]> {
  const members = await database.client.member.findMany({
    where: { userId },
    select: { organization: { select: { slug: true } } },
    orderBy: { organization: { slug: 'asc' } },
  });
  return members.map(({ organization }) => TenantId.parse(organization.slug));
}
