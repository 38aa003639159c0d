import { HostEvent } from '@bulkhead/model';
import { type Database, inScope, type TenantScope } from './database.ts';
import { Prisma } from './generated/client.ts';

/** An event as lists show it. */
export type ListedEvent = Omit<HostEvent, 'transcript'> & { hasTranscript: boolean };

export interface EventFilter {
  /** A container's id or name. */
  container?: string | undefined;
  /** Path of a cgroup, with a slash before it. */
  cgroup?: string | undefined;
  kind?: string | undefined;
  /** Events older than this one. */
  before?: string | undefined;
  limit?: number | undefined;
}

interface EventRow {
  id: string;
  host_id: string;
  at: Date;
  kind: string;
  tenant_id: string | null;
  container_id: string | null;
  container_name: string | null;
  cgroup_path: string | null;
  subject: unknown;
  detail: unknown;
  has_transcript: boolean;
  transcript?: unknown;
}

const columns = Prisma.raw(
  'id, host_id, at, kind, tenant_id, container_id, container_name, cgroup_path, subject, detail, transcript IS NOT NULL AS has_transcript',
);

function toEvent(row: EventRow): HostEvent {
  return HostEvent.parse({
    id: row.id,
    hostId: row.host_id,
    at: row.at.toISOString(),
    kind: row.kind,
    tenantId: row.tenant_id ?? undefined,
    containerId: row.container_id ?? undefined,
    containerName: row.container_name ?? undefined,
    cgroupPath: row.cgroup_path ?? undefined,
    subject: row.subject ?? undefined,
    detail: row.detail,
    transcript: row.transcript ?? undefined,
  });
}

/** The leading column of the index to walk, and its values: every host for all, else the tenants. */
const branches = (scope: TenantScope): { values: Prisma.Sql; column: Prisma.Sql } =>
  scope === 'all'
    ? { values: Prisma.sql`(SELECT host_id AS value FROM journal_cursor)`, column: Prisma.raw('host_id') }
    : { values: Prisma.sql`(SELECT unnest(${[...scope]}::text[]) AS value)`, column: Prisma.raw('tenant_id') };

/** Newest first; the id of the last one is `before` of the next page. */
export async function listEvents(database: Database, scope: TenantScope, filter: EventFilter = {}): Promise<ListedEvent[]> {
  const { container, cgroup, kind, before, limit = 100 } = filter;
  const { values, column } = branches(scope);
  const conditions = [
    Prisma.sql`e.${column} = branch.value`,
    ...(before === undefined ? [] : [Prisma.sql`e.id < ${before}::uuid`]),
    ...(kind === undefined ? [] : [Prisma.sql`e.kind = ${kind}`]),
    ...(cgroup === undefined ? [] : [Prisma.sql`e.cgroup_key = substr(sha256(convert_to(${cgroup}, 'UTF8')), 1, 16)`]),
    ...(container === undefined ? [] : [Prisma.sql`(e.container_id = ${container} OR e.container_name = ${container})`]),
  ];
  const rows = await inScope(
    database,
    scope,
    (transaction) => transaction.$queryRaw<EventRow[]>`
      SELECT newest.* FROM ${values} branch
      CROSS JOIN LATERAL (
        SELECT ${columns} FROM event e WHERE ${Prisma.join(conditions, ' AND ')} ORDER BY e.id DESC LIMIT ${limit}
      ) newest
      ORDER BY newest.id DESC LIMIT ${limit}`,
  );
  return rows.map((row) => ({ ...toEvent(row), hasTranscript: row.has_transcript }));
}

/** One event with its transcript; undefined where it is unknown or out of scope, which look the same. */
export async function findEvent(database: Database, scope: TenantScope, id: string): Promise<HostEvent | undefined> {
  const { values, column } = branches(scope);
  const [row] = await inScope(
    database,
    scope,
    (transaction) => transaction.$queryRaw<EventRow[]>`
      SELECT ${columns}, transcript FROM event e WHERE e.id = ${id}::uuid AND e.${column} IN ${values}`,
  );
  return row === undefined ? undefined : toEvent(row);
}
