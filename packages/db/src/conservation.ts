import type { Conservation, HostId, MeterId, TenantId, Timestamp } from '@bulkhead/model';
import { type Database, inScope, type TenantScope, type Transaction } from './database.ts';
import { Prisma } from './generated/client.ts';

interface Row {
  host_id: string;
  tenant_id: string;
  meter: string;
  start_at: Date;
  end_at: Date;
  counter: string;
  explained: Conservation['explained'];
  unexplained: string;
  unexplained_ppm: string | null;
  tolerance_ppm: number;
  allowance: string | null;
  holds: boolean;
}

const toConservation = (row: Row): Conservation => ({
  hostId: row.host_id,
  ...(row.tenant_id === '' ? {} : { tenantId: row.tenant_id }),
  meter: row.meter as MeterId,
  start: row.start_at.toISOString(),
  end: row.end_at.toISOString(),
  counter: row.counter,
  explained: row.explained,
  unexplained: row.unexplained,
  unexplainedPpm: row.unexplained_ppm === null ? null : Number(row.unexplained_ppm),
  tolerancePpm: row.tolerance_ppm,
  ...(row.allowance === null ? {} : { allowance: row.allowance }),
  holds: row.holds,
});

/** Which checks: of one tenant, of whole hosts (null), or of all of the scope. */
export interface ConservationQuery {
  tenantId?: TenantId | null | undefined;
  hostId?: HostId | undefined;
  start: Timestamp;
  end: Timestamp;
}

/** Stored checks of hours that begin within [start, end), oldest first. */
export async function loadConservation(transaction: Transaction, query: ConservationQuery): Promise<Conservation[]> {
  const { tenantId, hostId, start, end } = query;
  const rows = await transaction.$queryRaw<Row[]>`
    SELECT host_id::text, tenant_id, meter, start_at, end_at, counter::text, explained, unexplained::text, unexplained_ppm::text,
           tolerance_ppm, allowance::text, holds
    FROM conservation
    WHERE hour >= ${start}::timestamptz AND hour < ${end}::timestamptz
      AND ${tenantId === undefined ? Prisma.sql`true` : Prisma.sql`tenant_id = ${tenantId ?? ''}`}
      AND ${hostId === undefined ? Prisma.sql`true` : Prisma.sql`host_id = ${hostId}::uuid`}
    ORDER BY hour, host_id, tenant_id, meter`;
  return rows.map(toConservation);
}

/** Stored checks in scope. Those of whole hosts are nobody's: they are told to who sees all tenants. */
export const listConservation = (database: Database, scope: TenantScope, query: ConservationQuery): Promise<Conservation[]> =>
  inScope(database, scope, (transaction) => loadConservation(transaction, query));
