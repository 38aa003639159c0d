import { spawn } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { appendFileSync, cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Connection, connect, migrationsDirectory } from '../../packages/db/test/fresh-database.ts';
import { sqlOfSchema } from '../../packages/db/test/schema-engine.ts';
import { startPostgres, type TestPostgres } from '../support/postgres.ts';

let server: TestPostgres;
let directory: string;
let name: string;
const migrateMain = fileURLToPath(new URL('../../packages/db/src/migrate-main.ts', import.meta.url));

beforeAll(async () => {
  server = await startPostgres();
});
afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
});
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'bulkhead-migrate-'));
  name = `test_${randomUUID().replaceAll('-', '')}`;
  cpSync(migrationsDirectory, join(directory, 'migrations'), { recursive: true });
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

/** Runs the entry as the supervisor does. */
async function run(options: { url?: string; passwords?: object } = {}): Promise<{ code: number; output: string }> {
  const config = join(directory, 'migrate.json');
  writeFileSync(
    config,
    JSON.stringify({
      service: 'database',
      version: '0.0.0',
      instance: '0aa',
      hostId: randomUUID(),
      stateDirectory: directory,
      databaseUrl: options.url ?? server.url('bulkhead_owner', name),
    }),
  );
  const environment: NodeJS.ProcessEnv = { PATH: process.env.PATH, BULKHEAD_CONFIG: config };
  if (options.passwords !== undefined) {
    environment.BULKHEAD_ROLE_PASSWORDS_FILE = join(directory, 'passwords.json');
    writeFileSync(environment.BULKHEAD_ROLE_PASSWORDS_FILE, JSON.stringify(options.passwords));
  }
  const child = spawn(process.execPath, [migrateMain, join(directory, 'migrations')], {
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  const code = await new Promise<number>((resolve) => child.once('close', (status) => resolve(status ?? -1)));
  return { code, output };
}

function addMigration(migration: string, sql: string): void {
  mkdirSync(join(directory, 'migrations', migration));
  writeFileSync(join(directory, 'migrations', migration, 'migration.sql'), sql);
}

async function withOwner<T>(work: (owner: Connection) => Promise<T>, database = name): Promise<T> {
  const owner = await connect(server.url('bulkhead_owner', database));
  try {
    return await work(owner);
  } finally {
    await owner.end();
  }
}
const tables = () =>
  withOwner(async (owner) =>
    (await owner.query(`SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1`)).rows.map((row) => row.tablename),
  );

describe('the runner', () => {
  test('makes database, roles and tables, and the second time does nothing', async () => {
    const count = readdirSync(migrationsDirectory, { withFileTypes: true }).filter((entry) => entry.isDirectory()).length;
    expect(await run()).toEqual({ code: 0, output: `migrated ${count}\n` });
    expect(await tables()).toContain('reading_minute');
    expect(await run()).toEqual({ code: 0, output: 'nothing to migrate\n' });
  });

  test("writes Prisma's history with Prisma's checksums", async () => {
    await run();
    const { rows } = await withOwner((owner) => owner.query('SELECT * FROM _prisma_migrations'));
    for (const row of rows) {
      const file = readFileSync(join(migrationsDirectory, row.migration_name, 'migration.sql'));
      expect(row).toMatchObject({
        checksum: createHash('sha256').update(file).digest('hex'),
        applied_steps_count: 1,
        rolled_back_at: null,
      });
      expect(row.finished_at).toBeInstanceOf(Date);
      expect(row.id).toMatch(/^[0-9a-f-]{36}$/);
    }
  });

  test('a migration that fails leaves nothing of itself and names its line', async () => {
    addMigration('20990101000000_broken', 'CREATE TABLE half (id int);\nSELECT 1;\nALTER TABLE nowhere ADD x int;\n');
    const { code, output } = await run();
    expect(code).toBe(1);
    expect(output).toMatch(/^migration: migration 20990101000000_broken failed.*nowhere.*nothing of it was kept\n$/);
    expect(await tables()).not.toContain('half');
    writeFileSync(join(directory, 'migrations/20990101000000_broken/migration.sql'), 'CREATE TABLE whole (id int);');
    expect(await run()).toEqual({ code: 0, output: 'migrated 1\n' });
  });

  test('a syntax error is told with its line', async () => {
    addMigration('20990101000000_broken', 'SELECT 1;\n\nCREAT TABLE x (id int);\n');
    expect((await run()).output).toMatch(/failed at line 3: syntax error/);
  });

  test.each([
    [
      'changed after it was applied',
      async () => appendFileSync(join(directory, 'migrations/20261123000000_first/migration.sql'), '-- more\n'),
      /was changed after it had been applied/,
    ],
    [
      'unknown to this version',
      () => withOwner((owner) => owner.query(`UPDATE _prisma_migrations SET migration_name = '20990101000000_later'`)),
      /20990101000000_later, which this version does not know/,
    ],
    [
      'begun and never finished',
      () => withOwner((owner) => owner.query('UPDATE _prisma_migrations SET finished_at = NULL')),
      /was begun and never finished/,
    ],
    ['without its file', async () => rmSync(join(directory, 'migrations/20261123000000_first/migration.sql')), /has no migration.sql/],
  ])('a migration %s stops everything with one line', async (_, spoil, words) => {
    await run();
    await spoil();
    addMigration('20990102000000_next', 'CREATE TABLE never (id int);');
    const { code, output } = await run();
    expect(code).toBe(1);
    expect(output).toMatch(words);
    expect(output.trimEnd().split('\n')).toHaveLength(1);
    expect(await tables()).not.toContain('never');
  });

  test('two runs at once: both succeed, each migration is applied once', async () => {
    const results = await Promise.all([run(), run(), run()]);
    expect(results.map(({ code }) => code)).toEqual([0, 0, 0]);
    expect(results.filter(({ output }) => output.startsWith('migrated'))).toHaveLength(1);
  });

  test('a server that is away is one line without the connection string', async () => {
    const { code, output } = await run({ url: `postgresql://bulkhead_owner:geheim@localhost/x?host=${directory}` });
    expect(code).toBe(1);
    expect(output.trimEnd().split('\n')).toHaveLength(1);
    expect(output).toMatch(/^migration: .*ENOENT/);
    expect(output).not.toContain('geheim');
  });
});

describe('on a server that others use', () => {
  const passwords = { web: 'first-password-of-web', collector: 'first-password-of-collector' };

  test('login roles of the instance get passwords, and new ones when they change', async () => {
    // The embedded test server trusts everybody on its socket; what PostgreSQL stores is checked instead.
    expect((await run({ passwords })).code).toBe(0);
    const stored = () =>
      withOwner(
        async (owner) =>
          (
            await owner.query(
              `SELECT rolname, rolpassword, rolcanlogin, rolbypassrls FROM pg_authid WHERE rolname LIKE 'bulkhead\\_%\\_0aa' ORDER BY 1`,
            )
          ).rows,
      );
    const before = await stored();
    expect(before.map(({ rolname }) => rolname)).toEqual(['bulkhead_collector_0aa', 'bulkhead_web_0aa']);
    for (const role of before) {
      expect(role).toMatchObject({ rolcanlogin: true, rolbypassrls: false });
      expect(role.rolpassword).toMatch(/^SCRAM-SHA-256\$4096:/);
    }
    await run({ passwords: { ...passwords, web: 'second-password-of-web' } });
    expect((await stored())[1].rolpassword).not.toBe(before[1].rolpassword);
    const web = await connect(server.url('bulkhead_web_0aa', name));
    await expect(web.query('SELECT * FROM "session"')).resolves.toBeDefined();
    await expect(web.query('DELETE FROM reading_minute')).rejects.toThrow(/permission denied/);
    await web.end();
  });

  test('a role that could pass row-level security is refused', async () => {
    await run();
    await withOwner((owner) => owner.query('ALTER ROLE bulkhead_web BYPASSRLS'));
    try {
      expect(await run()).toMatchObject({ code: 1, output: expect.stringContaining('could pass row-level security') });
    } finally {
      await withOwner((owner) => owner.query('ALTER ROLE bulkhead_web NOBYPASSRLS'));
    }
  });
});

/** Columns, keys and indexes of the public schema, as PostgreSQL describes them. */
async function shapeOf(owner: Connection): Promise<Record<string, unknown[]>> {
  const rows = async (sql: string): Promise<unknown[]> => (await owner.query(sql)).rows;
  return {
    columns: await rows(`
      SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod) AS type, a.attnotnull, pg_get_expr(d.adbin, d.adrelid) AS preset
      FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
      WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped
        AND c.relname <> '_prisma_migrations' ORDER BY 1, 2`),
    constraints: await rows(`
      SELECT conrelid::regclass::text AS relation, conname, pg_get_constraintdef(oid) AS definition FROM pg_constraint
      WHERE connamespace = 'public'::regnamespace AND conrelid::regclass::text <> '_prisma_migrations' ORDER BY 1, 2`),
    // Tables with partitions are written ON ONLY.
    indexes: await rows(
      `SELECT tablename, indexname, replace(indexdef, ' ON ONLY ', ' ON ') AS indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename <> '_prisma_migrations' ORDER BY 1, 2`,
    ),
  };
}

describe('the migrated database', () => {
  test('is what schema.prisma says, column by column, key by key, index by index', async () => {
    await run();
    const schema = readFileSync(join(migrationsDirectory, '../schema.prisma'), 'utf8');
    const twin = `${name}_twin`;
    await withOwner((owner) => owner.query(`CREATE DATABASE ${twin}`), 'postgres');
    await withOwner(async (owner) => void (await owner.query(await sqlOfSchema(schema))), twin);
    const [migrated, modelled] = await Promise.all([withOwner(shapeOf), withOwner(shapeOf, twin)]);
    expect(migrated).toEqual(modelled);
    expect(migrated.columns?.length).toBeGreaterThan(100);
  });

  test('begins every key of a large table with its tenant or host', async () => {
    await run();
    const { rows } = await withOwner((owner) =>
      owner.query(`
        SELECT i.indrelid::regclass::text AS relation, a.attname AS leading FROM pg_index i
        JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
        WHERE i.indrelid::regclass::text IN ('reading_minute', 'reading_conflict', 'incarnation', 'event', 'container', 'post_mortem',
          'usage_hour', 'usage_day', 'usage_gap', 'usage_dirty', 'conservation', 'ownership', 'group_reading', 'journal_gap')`),
    );
    expect(rows.length).toBeGreaterThanOrEqual(8);
    for (const { leading } of rows) expect(['host_id', 'tenant_id']).toContain(leading);
  });
});
