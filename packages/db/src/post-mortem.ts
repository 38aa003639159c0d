import { type Container, ContainerId, type HostId, PostMortem } from '@bulkhead/model';
import { findContainer, toContainer } from './container.ts';
import { type Database, inScope, type TenantScope, type Transaction } from './database.ts';
import { toJsonText } from './json-text.ts';

/** Writes cards of containers that ended; one sealed earlier changes nothing. */
export async function writePostMortems(transaction: Transaction, hostId: HostId, cards: readonly PostMortem[]): Promise<void> {
  await transaction.$executeRaw`
    INSERT INTO post_mortem (tenant_id, host_id, container_id, sealed_at, card)
    SELECT r ->> 'tenantId', ${hostId}::uuid, r ->> 'containerId', (r ->> 'sealedAt')::timestamptz, r
    FROM jsonb_array_elements(${toJsonText(cards)}::jsonb) r
    ON CONFLICT (tenant_id, host_id, container_id) DO UPDATE SET sealed_at = excluded.sealed_at, card = excluded.card
    WHERE excluded.sealed_at >= post_mortem.sealed_at`;
}

/** A container that is remembered, with its card where one was sealed. */
export interface RememberedContainer {
  container: Container;
  deleted: boolean;
  postMortem: PostMortem | undefined;
}

/**
 * A container by its id, or the newest by that name, with its card; undefined where it is unknown or out of scope, which
 * look the same.
 */
export async function findPostMortem(database: Database, scope: TenantScope, reference: string): Promise<RememberedContainer | undefined> {
  const found = ContainerId.safeParse(reference).success ? await findContainer(database, scope, reference) : undefined;
  return await inScope(database, scope, async (transaction) => {
    const named =
      found ?? (await transaction.container.findFirst({ where: { name: reference }, orderBy: { createdAt: 'desc' } }).then(toNamed));
    if (named === undefined) return undefined;
    const { hostId, container, deleted } = named;
    const key = { tenantId: container.tenantId, hostId, containerId: container.id };
    const row = await transaction.postMortem.findUnique({ where: { tenantId_hostId_containerId: key } });
    return { container, deleted, postMortem: row === null ? undefined : PostMortem.parse(row.card) };
  });
}

type Row = Parameters<typeof toContainer>[0];
const toNamed = (row: Row | null) => (row === null ? undefined : { hostId: row.hostId, container: toContainer(row), deleted: row.deleted });
