import { createHash, randomUUID } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Problem } from '@bulkhead/model';
import type { Client } from 'pg';

/** One directory below prisma/migrations. */
interface Migration {
  name: string;
  sql: string;
  /** SHA-256 of the file, hexadecimal: Prisma's own checksum. */
  checksum: string;
}

interface AppliedRow {
  migration_name: string;
  checksum: string;
  finished_at: Date | null;
}

/** The lock that Prisma's own `migrate` takes, so that neither runs beside the other. */
const prismaAdvisoryLock = 72_707_369;

// As Prisma creates it, so that `prisma migrate status` and `deploy` agree with this runner.
const createHistory = `
CREATE TABLE IF NOT EXISTS _prisma_migrations (
    id                  VARCHAR(36) PRIMARY KEY NOT NULL,
    checksum            VARCHAR(64) NOT NULL,
    finished_at         TIMESTAMPTZ,
    migration_name      VARCHAR(255) NOT NULL,
    logs                TEXT,
    rolled_back_at      TIMESTAMPTZ,
    started_at          TIMESTAMPTZ NOT NULL DEFAULT now(),
    applied_steps_count INTEGER NOT NULL DEFAULT 0
)`;

function readMigrations(directory: string): Migration[] {
  if (!existsSync(directory)) throw new Problem('invalid', `there are no migrations at ${directory}`);
  return readdirSync(directory, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort()
    .map((name) => {
      const file = join(directory, name, 'migration.sql');
      if (!existsSync(file)) throw new Problem('invalid', `migration ${name} has no migration.sql`);
      const content = readFileSync(file);
      return { name, sql: content.toString('utf8'), checksum: createHash('sha256').update(content).digest('hex') };
    });
}

/** Line of the file that PostgreSQL points at, counted from 1. */
function lineOf(sql: string, position: unknown): string {
  const offset = Number(position);
  return Number.isInteger(offset) && offset > 0 ? ` at line ${sql.slice(0, offset - 1).split('\n').length}` : '';
}

/** Throws where history and files disagree; nothing is applied on top of what nobody understands. */
function checkHistory(applied: readonly AppliedRow[], migrations: readonly Migration[]): void {
  const known = new Map(migrations.map((migration) => [migration.name, migration]));
  for (const row of applied) {
    const migration = known.get(row.migration_name);
    if (row.finished_at === null)
      throw new Problem('conflict', `migration ${row.migration_name} was begun and never finished; the database may be half changed`, {
        remedy: 'restore the database from before it, or finish it by hand and set finished_at in _prisma_migrations',
      });
    if (migration === undefined)
      throw new Problem('conflict', `the database has migration ${row.migration_name}, which this version does not know: it is newer`, {
        remedy: 'start the version that made it, or a later one',
      });
    if (migration.checksum !== row.checksum)
      throw new Problem('conflict', `migration ${row.migration_name} was changed after it had been applied`, {
        remedy: 'restore its migration.sql; changes go into a new migration',
      });
  }
}

async function apply(client: Client, migration: Migration): Promise<void> {
  await client.query('BEGIN');
  try {
    await client.query(migration.sql);
    await client.query(
      `INSERT INTO _prisma_migrations (id, checksum, finished_at, migration_name, applied_steps_count)
       VALUES ($1, $2, clock_timestamp(), $3, 1)`,
      [randomUUID(), migration.checksum, migration.name],
    );
    await client.query('COMMIT');
  } catch (failure) {
    await client.query('ROLLBACK').catch(() => undefined);
    const reason = failure instanceof Error ? failure.message : String(failure);
    const line = failure instanceof Error && 'position' in failure ? lineOf(migration.sql, failure.position) : '';
    throw new Problem('internal', `migration ${migration.name} failed${line}: ${reason}; nothing of it was kept`, { cause: failure });
  }
}

/**
 * Brings the database to the newest migration of a directory in Prisma's layout, each with its line of history in one
 * transaction, so that none can be half applied. Waits for a run elsewhere. Answers how many were applied.
 */
export async function migrate(client: Client, directory: string): Promise<number> {
  const migrations = readMigrations(directory);
  await client.query("SET lock_timeout = '60s'");
  try {
    await client.query('SELECT pg_advisory_lock($1)', [prismaAdvisoryLock]);
  } catch (failure) {
    throw new Problem('unavailable', 'another migration of this database has not ended within a minute', { cause: failure });
  }
  try {
    await client.query(createHistory);
    const { rows } = await client.query<AppliedRow>(
      'SELECT migration_name, checksum, finished_at FROM _prisma_migrations WHERE rolled_back_at IS NULL ORDER BY started_at',
    );
    checkHistory(rows, migrations);
    const done = new Set(rows.map((row) => row.migration_name));
    const wanted = migrations.filter((migration) => !done.has(migration.name));
    for (const migration of wanted) await apply(client, migration);
    return wanted.length;
  } finally {
    await client.query('SELECT pg_advisory_unlock($1)', [prismaAdvisoryLock]).catch(() => undefined);
  }
}
