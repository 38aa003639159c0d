import type { HostId, Ownership, Resource, TenantId, Timestamp } from '@bulkhead/model';
import type { Transaction } from './database.ts';
import { Prisma } from './generated/client.ts';

interface Row {
  tenant_id: string;
  host_id: string;
  kind: string;
  resource_id: string;
  from_at: Date;
  to_at: Date | null;
}

const toOwnership = (row: Row): Ownership => ({
  resource: { hostId: row.host_id, kind: row.kind as Resource['kind'], id: row.resource_id },
  tenantId: row.tenant_id,
  from: row.from_at.toISOString(),
  ...(row.to_at === null ? {} : { to: row.to_at.toISOString() }),
});

/** The whole history of resources, by their keys; of a host alone where it is told. */
export async function loadOwnerships(
  transaction: Transaction,
  { hostId, keys }: { hostId?: HostId; keys: readonly string[] },
): Promise<Ownership[]> {
  if (keys.length === 0) return [];
  const rows = await transaction.$queryRaw<Row[]>`
    SELECT tenant_id, host_id, kind, resource_id, from_at, to_at FROM ownership
    WHERE ${hostId === undefined ? Prisma.sql`true` : Prisma.sql`host_id = ${hostId}::uuid`}
      AND resource_key IN (SELECT decode(unnest(${[...keys]}::text[]), 'hex'))
    ORDER BY host_id, resource_key, from_at`;
  return rows.map(toOwnership);
}

/** Resources that a tenant owned at any moment of a period, each once. */
export async function ownedBy(
  transaction: Transaction,
  { tenantId, hostId, start, end }: { tenantId: TenantId; hostId?: HostId; start: Timestamp; end: Timestamp },
): Promise<{ key: string; resource: Pick<Resource, 'hostId' | 'kind' | 'id'> }[]> {
  const rows = await transaction.$queryRaw<{ key: string; host_id: string; kind: string; resource_id: string }[]>`
    SELECT DISTINCT encode(resource_key, 'hex') AS key, host_id::text, kind, resource_id FROM ownership
    WHERE tenant_id = ${tenantId} AND ${hostId === undefined ? Prisma.sql`true` : Prisma.sql`host_id = ${hostId}::uuid`}
      AND from_at < ${end}::timestamptz AND (to_at IS NULL OR to_at > ${start}::timestamptz)`;
  return rows.map(({ key, host_id, kind, resource_id }) => ({
    key,
    resource: { hostId: host_id, kind: kind as Resource['kind'], id: resource_id },
  }));
}
