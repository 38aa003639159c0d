import { readFileSync } from 'node:fs';
import { Problem, ServiceConfig } from '@bulkhead/model';
import pg from 'pg';
import { z } from 'zod';
import { migrate } from './migrate.ts';
import { readEnvironment } from './migrate-env.ts';
import { ensureRoles } from './role.ts';

const RolePasswords = z.object({ web: z.string().min(16), collector: z.string().min(16) });

function readJson<S extends z.ZodType>(file: string, schema: S): z.output<S> {
  const parsed = schema.safeParse(JSON.parse(readFileSync(file, 'utf8')));
  if (!parsed.success)
    throw new Problem('invalid', `${file}: ${parsed.error.issues.map((issue) => `${issue.path.join('.')} ${issue.message}`).join('; ')}`);
  return parsed.data;
}

async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url, application_name: 'bulkhead-migrate', connectionTimeoutMillis: 15_000 });
  await client.connect();
  return client;
}

const sqlStateOf = (failure: unknown): string | undefined =>
  failure instanceof Error && 'code' in failure && typeof failure.code === 'string' ? failure.code : undefined;

/** Connects as the owner; a database that is not there yet is made. */
async function connectOwner(url: string): Promise<pg.Client> {
  try {
    return await connect(url);
  } catch (failure) {
    // invalid_catalog_name: the server answers, the database is missing
    if (sqlStateOf(failure) !== '3D000') throw failure;
    const maintenance = new URL(url);
    const name = decodeURIComponent(maintenance.pathname.slice(1));
    maintenance.pathname = '/postgres';
    const client = await connect(maintenance.href);
    try {
      await client.query(`CREATE DATABASE ${pg.escapeIdentifier(name)}`);
    } catch (creation) {
      // duplicate_database, unique_violation: another run made it just now
      if (!['42P04', '23505'].includes(sqlStateOf(creation) ?? '')) throw creation;
    } finally {
      await client.end();
    }
    return await connect(url);
  }
}

/** One line for a person: what failed and what to do. No connection string: it may hold a password. */
function explain(failure: unknown): string {
  if (failure instanceof Problem) return failure.remedy === undefined ? failure.message : `${failure.message} (${failure.remedy})`;
  if (failure instanceof AggregateError && failure.message === '') return failure.errors.map(explain).join('; ');
  return failure instanceof Error ? failure.message : String(failure);
}

async function main(): Promise<void> {
  const directory = process.argv[2];
  if (directory === undefined) throw new Problem('invalid', 'usage: migrate-main MIGRATIONS-DIRECTORY');
  const { configFile, rolePasswordsFile } = readEnvironment();
  const config = readJson(configFile, ServiceConfig);
  if (config.databaseUrl === undefined) throw new Problem('invalid', 'the configuration names no databaseUrl');
  const passwords = rolePasswordsFile === undefined ? undefined : readJson(rolePasswordsFile, RolePasswords);
  const client = await connectOwner(config.databaseUrl);
  try {
    await ensureRoles(client, { instance: config.instance, passwords });
    const count = await migrate(client, directory);
    console.log(count === 0 ? 'nothing to migrate' : `migrated ${count}`);
  } finally {
    await client.end();
  }
}

try {
  await main();
} catch (failure) {
  console.error(`migration: ${explain(failure).replaceAll(/\s*\n\s*/g, ' ')}`);
  process.exitCode = 1;
}
