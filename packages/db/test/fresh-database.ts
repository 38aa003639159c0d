import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import type { TestPostgres } from '../../../test/support/postgres.ts';
import { createDatabase, type Database } from '../src/index.ts';
import { migrate } from '../src/migrate.ts';
import { ensureRoles } from '../src/role.ts';

export type Connection = pg.Client;

export const migrationsDirectory = fileURLToPath(new URL('../../../prisma/migrations', import.meta.url));

/** A migrated database of a test's own, as each of its three roles sees it. */
export interface FreshDatabase {
  name: string;
  url(role: 'bulkhead_owner' | 'bulkhead_web' | 'bulkhead_collector'): string;
  web: Database;
  collector: Database;
  /** The superuser's connection: an independent witness, past row-level security. */
  owner: pg.Client;
  [Symbol.asyncDispose](): Promise<void>;
}

export async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  // A server that a test kills ends this connection too; the next query tells.
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

export async function freshDatabase(server: TestPostgres): Promise<FreshDatabase> {
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  const maintenance = await connect(server.url());
  await maintenance.query(`CREATE DATABASE ${name}`);
  await maintenance.end();
  const owner = await connect(server.url('bulkhead_owner', name));
  await ensureRoles(owner, { instance: '0aa' });
  await migrate(owner, migrationsDirectory);
  const web = createDatabase(server.url('bulkhead_web', name));
  const collector = createDatabase(server.url('bulkhead_collector', name));
  return {
    name,
    url: (role) => server.url(role, name),
    web,
    collector,
    owner,
    async [Symbol.asyncDispose]() {
      await Promise.all([web.close(), collector.close(), owner.end()]);
    },
  };
}
