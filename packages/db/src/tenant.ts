import { TenantId, type Timestamp } from '@bulkhead/model';
import { type Database, inScope, type TenantScope } from './database.ts';

export interface Tenant {
  tenantId: TenantId;
  createdAt: Timestamp;
}

/** Tenants in scope by name. */
export async function listTenants(database: Database, scope: TenantScope): Promise<Tenant[]> {
  const rows = await inScope(database, scope, (transaction) => transaction.tenant.findMany({ orderBy: { id: 'asc' } }));
  return rows.map(({ id, createdAt }) => ({ tenantId: id, createdAt: createdAt.toISOString() }));
}

/** Makes a tenant unless it is there. */
export async function ensureTenant(database: Database, tenantId: TenantId): Promise<void> {
  const id = TenantId.parse(tenantId);
  await inScope(database, [id], (transaction) => transaction.$executeRaw`INSERT INTO tenant (id) VALUES (${id}) ON CONFLICT DO NOTHING`);
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
