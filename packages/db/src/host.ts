import { HostInfo, type Timestamp } from '@bulkhead/model';
import { type Database, inScope } from './database.ts';
import { toJsonText } from './json-text.ts';

/** What a host's agent last told of it. */
export interface KnownHost {
  info: HostInfo;
  lastSeenAt: Timestamp;
}

/** Stores what an agent says of its host, and that it was seen just now. */
export async function upsertHost(database: Database, info: HostInfo): Promise<void> {
  const text = toJsonText(info);
  await inScope(
    database,
    'all',
    (transaction) => transaction.$executeRaw`
      INSERT INTO host (id, info, last_seen_at) VALUES (${info.hostId}::uuid, ${text}::jsonb, now())
      ON CONFLICT (id) DO UPDATE SET info = excluded.info, last_seen_at = excluded.last_seen_at`,
  );
}

/** Every host that was ever joined, by name. Hosts belong to no tenant: callers have checked for the scope `host`. */
export async function listHosts(database: Database): Promise<KnownHost[]> {
  const rows = await inScope(database, 'all', (transaction) => transaction.host.findMany());
  return rows
    .map((row) => ({ info: HostInfo.parse(row.info), lastSeenAt: row.lastSeenAt.toISOString() }))
    .sort((left, right) => left.info.hostname.localeCompare(right.info.hostname));
}
