import { Container, type ContainerId, type HostId } from '@bulkhead/model';
import { type Database, inScope, type TenantScope } from './database.ts';
import type { ContainerModel } from './generated/models.ts';

/** A container with the host it is on. */
export interface HostContainer {
  hostId: HostId;
  container: Container;
  /** Nothing of it is left on its host. */
  deleted: boolean;
}

export function toContainer(row: ContainerModel): Container {
  return Container.parse({
    id: row.id,
    name: row.name,
    tenantId: row.tenantId,
    image: row.image,
    args: row.args,
    status: row.status,
    pid: row.pid ?? undefined,
    exitStatus: row.exitStatus ?? undefined,
    oomKilled: row.oomKilled ?? undefined,
    createdAt: row.createdAt.toISOString(),
    startedAt: row.startedAt?.toISOString(),
    finishedAt: row.finishedAt?.toISOString(),
    limits: row.limits,
    terminal: row.terminal,
  });
}

const tenantFilter = (scope: TenantScope) => (scope === 'all' ? {} : { tenantId: { in: [...scope] } });

/** Containers that were on their hosts when the journal was last read, newest first. */
export async function listContainers(database: Database, scope: TenantScope, limit = 5000): Promise<HostContainer[]> {
  const rows = await inScope(database, scope, (transaction) =>
    transaction.container.findMany({ where: { ...tenantFilter(scope), deleted: false }, orderBy: { createdAt: 'desc' }, take: limit }),
  );
  return rows.map((row) => ({ hostId: row.hostId, container: toContainer(row), deleted: row.deleted }));
}

/** Containers that are gone, newest first. */
export async function listPastContainers(database: Database, scope: TenantScope, limit = 100): Promise<Container[]> {
  const rows = await inScope(database, scope, (transaction) =>
    transaction.container.findMany({ where: { ...tenantFilter(scope), deleted: true }, orderBy: { createdAt: 'desc' }, take: limit }),
  );
  return rows.map(toContainer);
}

/** One container by its id, gone or not; undefined where it is unknown or out of scope, which look the same. */
export async function findContainer(database: Database, scope: TenantScope, id: ContainerId): Promise<HostContainer | undefined> {
  const row = await inScope(database, scope, async (transaction) => {
    if (scope !== 'all') return await transaction.container.findFirst({ where: { ...tenantFilter(scope), id } });
    // The key begins with the host, and hosts are few.
    const hosts = await transaction.journalCursor.findMany({ select: { hostId: true } });
    return await transaction.container.findFirst({ where: { hostId: { in: hosts.map(({ hostId }) => hostId) }, id } });
  });
  return row === null ? undefined : { hostId: row.hostId, container: toContainer(row), deleted: row.deleted };
}
