import { randomUUID } from 'node:crypto';
import { finaliseMonth } from '@bulkhead/billing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { act, january, makeIssuer, makeTenant, proposal } from '../../packages/billing/test/books.ts';
import {
  addPlanVersion,
  assignPlan,
  checkLedger,
  ensureTenant,
  grantCredit,
  holdReadings,
  ingest,
  listContainers,
  listEvents,
  listHosts,
  listPastContainers,
  listReadingConflicts,
  listTenants,
  own,
  readCursor,
  rollUpDay,
  rollUpHour,
  rollUpUsage,
  summariseUsage,
  upsertHost,
} from '../../packages/db/src/index.ts';
import { makeCgroupMinutes } from '../../packages/db/test/cgroup-minutes.ts';
import { makeCgroupSums } from '../../packages/db/test/cgroup-sums.ts';
import { type Connection, connect, type FreshDatabase, freshDatabase } from '../../packages/db/test/fresh-database.ts';
import { atMinute, makeContainer, makeEvent, makePostMortem, makeReading, toEntries } from '../../packages/db/test/journal.ts';
import { startPostgres, type TestPostgres } from '../support/postgres.ts';

let server: TestPostgres;
let db: FreshDatabase;
let web: Connection;
let collector: Connection;
const hostId = randomUUID();
const bootId = randomUUID();

beforeAll(async () => {
  server = await startPostgres();
  db = await freshDatabase(server);
  [web, collector] = await Promise.all([connect(db.url('bulkhead_web')), connect(db.url('bulkhead_collector'))]);
  await upsertHost(db.collector, {
    hostId,
    instance: '0aa',
    hostname: 'one',
    bootId,
    bootedAt: atMinute(0),
    kernelRelease: '6.1.0',
    architecture: 'x64',
    cpus: 2,
    memoryBytes: 1024,
    cgroupSetup: 'hybrid',
    agentVersion: '0.0.0',
    agentStartedAt: atMinute(0),
    warnings: [],
  });
  const perTenant = ['acme', 'beta'].flatMap((tenantId, index) => [
    makeReading({ hostId, bootId, minute: 1, container: index + 1, tenantId }),
    // The same moment with another payload: a conflict of this tenant.
    makeReading({ hostId, bootId, minute: 1, container: index + 1, tenantId, cpuUsec: 1 }),
    { kind: 'container' as const, container: makeContainer({ container: index + 1, tenantId }), deleted: false },
    { kind: 'container' as const, container: makeContainer({ container: index + 11, tenantId }), deleted: true },
    { kind: 'event' as const, event: makeEvent({ hostId, tenantId }) },
    makePostMortem({ hostId, tenantId, container: index + 1 }),
  ]);
  // One minute for each table of cgroups: old enough to be turned about twice, once, and not at all.
  const minutes = [0, 1440, 2880].map((minute) => makeCgroupMinutes(hostId, atMinute(minute), [{ path: '/a', pids: 1 }]));
  await ingest(db.collector, {
    hostId,
    after: 0,
    entries: toEntries([...perTenant, { kind: 'event', event: makeEvent({ hostId }) }, ...minutes]),
  });
  await makeIssuer(db.web);
  await makeTenant(db.web, 'acme');
  await addPlanVersion(db.web, proposal(), { isNew: true, by: 'test' });
  await assignPlan(db.web, { tenantId: 'acme', planId: 'standard', from: '2026-01-01T00:00:00.000Z' });
  const credit = { creditId: randomUUID(), tenantId: 'acme', at: atMinute(0), currency: 'EUR', amount: '1.00', reason: 'test' };
  await grantCredit(db.web, { kind: 'grant', ...credit }, 'test');
  await finaliseMonth(db.web, { tenantId: 'acme', month: january, override: { reason: 'a test' } }, act);
  while (!(await rollUpHour(db.collector, hostId, new Date(atMinute(2880)))).finished);
  while (!(await rollUpDay(db.collector, hostId, new Date(atMinute(1440)))).finished);
  // Of the ledger: rows of two tenants, a mark that is left, sums of two moments, and what came late, over a leap.
  const sums = [0, 59, 119].map((minute) => makeCgroupSums({ hostId, bootId, minute }));
  const late = ['acme', 'beta'].map((tenantId, index) =>
    makeReading({ hostId, bootId, minute: 55, container: index + 1, tenantId, final: true }),
  );
  const { seq } = await readCursor(db.collector, hostId);
  await ingest(db.collector, { hostId, after: seq, entries: toEntries([...sums, ...late], seq + 5) });
  while (!(await rollUpUsage(db.collector, hostId, new Date(atMinute(60)))).finished);
  while (!(await checkLedger(db.collector, hostId, new Date(atMinute(120)))).finished);
  for (const tenantId of ['acme', 'beta']) {
    const period = { tenantId, start: atMinute(0), end: atMinute(60) };
    await holdReadings(db.web, { ...period, reason: 'a test' });
    await own(db.web, {
      tenantId,
      resource: { hostId, kind: 'cgroup', id: `/of-${tenantId}`, name: `/of-${tenantId}` },
      from: atMinute(0),
      by: 'a test',
    });
  }
});
afterAll(async () => {
  await Promise.all([web?.end(), collector?.end()]);
  await db?.[Symbol.asyncDispose]();
  await server?.[Symbol.asyncDispose]();
});

/** Everything that a scope is shown, by tenant. */
async function seen(scope: 'all' | string[]) {
  const [containers, past, events, usage, tenants, conflicts] = await Promise.all([
    listContainers(db.web, scope),
    listPastContainers(db.web, scope),
    listEvents(db.web, scope),
    summariseUsage(db.web, scope),
    listTenants(db.web, scope),
    listReadingConflicts(db.web, scope),
  ]);
  return {
    containers: containers.map(({ container }) => container.tenantId).sort(),
    past: past.map(({ tenantId }) => tenantId).sort(),
    events: events.map(({ tenantId }) => tenantId ?? 'host').sort(),
    usage: usage.map(({ tenantId }) => tenantId),
    tenants: tenants.map(({ tenantId }) => tenantId),
    conflicts: conflicts.map(({ record }) => record.tenantId).sort(),
  };
}
const only = (...tenants: string[]) => ({
  containers: tenants,
  past: tenants,
  events: tenants,
  usage: tenants,
  tenants,
  conflicts: tenants,
});

describe('a scope', () => {
  test.each([
    ['one tenant', ['acme'], only('acme')],
    ['the other tenant', ['beta'], only('beta')],
    ['both', ['acme', 'beta'], only('acme', 'beta')],
    ['a tenant that does not exist', ['nobody'], only()],
    ['no tenant', [], only()],
    ['all', 'all', { ...only('acme', 'beta'), events: ['acme', 'beta', 'host'] }],
  ] as const)('%s sees its own rows and no others', async (_, scope, rows) => {
    expect(await seen(scope === 'all' ? 'all' : [...scope])).toEqual(rows);
  });

  test('a tenant id that could widen the scope is refused before any query', async () => {
    for (const id of ['*', 'acme,beta', '', 'ACME']) await expect(listContainers(db.web, [id])).rejects.toThrow();
  });

  test('ends with its transaction: the next user of the connection has none', async () => {
    await listContainers(db.web, 'all');
    for (let attempt = 0; attempt < 10; attempt += 1) expect(await db.web.client.container.findMany()).toEqual([]);
  });

  test('hosts are told with what their agents said', async () => {
    expect((await listHosts(db.web)).map(({ info }) => info.hostname)).toEqual(['one']);
  });

  test('a tenant is made once', async () => {
    await ensureTenant(db.web, 'delta');
    await ensureTenant(db.web, 'delta');
    expect(await listTenants(db.web, ['delta'])).toHaveLength(1);
  });
});

describe('row-level security by itself', () => {
  const tables = [
    'tenant',
    'host',
    'container',
    'incarnation',
    'reading_minute',
    'reading_conflict',
    'event',
    'post_mortem',
    'journal_cursor',
    'cgroup',
    'cgroup_minute',
    'cgroup_hour',
    'cgroup_day',
    'journal_gap',
    'ownership',
    'group_reading',
    'usage_dirty',
    'usage_hour',
    'usage_day',
    'usage_gap',
    'conservation',
    'reading_hold',
  ];

  const billing = [
    ...['billing_issuer', 'billing_account', 'price_plan', 'price_plan_version', 'plan_assignment', 'credit_ledger', 'invoice_series'],
    ...['invoice', 'invoice_evidence'],
  ];

  test.each(tables)('%s shows nothing without a scope, and everything to *', async (table) => {
    for (const client of [web, collector]) {
      expect((await client.query(`SELECT * FROM ${table}`)).rows).toEqual([]);
      await client.query(`BEGIN; SELECT set_config('bulkhead.tenants', '*', true)`);
      expect((await client.query(`SELECT * FROM ${table}`)).rows).not.toEqual([]);
      await client.query('ROLLBACK');
      // After a transaction the setting is an empty text, not null.
      expect((await client.query(`SELECT * FROM ${table}`)).rows).toEqual([]);
    }
  });

  test.each(billing)('%s shows nothing without a scope, everything to *, and nothing at all to the collector', async (table) => {
    expect((await web.query(`SELECT * FROM ${table}`)).rows).toEqual([]);
    await web.query(`BEGIN; SELECT set_config('bulkhead.tenants', '*', true)`);
    expect((await web.query(`SELECT * FROM ${table}`)).rows).not.toEqual([]);
    await web.query(`ROLLBACK; BEGIN; SELECT set_config('bulkhead.tenants', 'beta', true)`);
    expect((await web.query(`SELECT * FROM ${table}`)).rows).toEqual([]);
    await web.query('ROLLBACK');
    await expect(collector.query(`SELECT * FROM ${table}`)).rejects.toThrow(/permission denied/);
  });

  test('holds for every table that has a tenant or a host, the owner included', async () => {
    const { rows } = await db.owner.query(`
      SELECT c.relname, c.relrowsecurity, c.relforcerowsecurity FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND (c.relname IN ('tenant', 'host') OR EXISTS (
        SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname IN ('tenant_id', 'host_id')))`);
    const ofTenants = billing.filter((table) => !['billing_issuer', 'invoice_series', 'price_plan', 'price_plan_version'].includes(table));
    expect(rows.map(({ relname }) => relname).sort()).toEqual([...tables, ...ofTenants].sort());
    for (const row of rows) expect(row).toMatchObject({ relrowsecurity: true, relforcerowsecurity: true });
  });

  test('a row of another tenant cannot be written', async () => {
    await collector.query(`BEGIN; SELECT set_config('bulkhead.tenants', 'acme', true)`);
    await expect(collector.query(`INSERT INTO tenant (id) VALUES ('elsewhere')`)).rejects.toThrow(/row-level security/);
    await collector.query('ROLLBACK');
  });
});

describe('grants', () => {
  const denied = /permission denied/;
  const asRole = async (client: Connection, statement: string) => {
    await client.query(`BEGIN; SELECT set_config('bulkhead.tenants', '*', true)`);
    try {
      return await client.query(statement);
    } finally {
      await client.query('ROLLBACK');
    }
  };

  test.each(['user', 'session', 'account', 'verification', 'organization', 'member', 'invitation'])(
    'the collector cannot touch %s',
    async (table) => {
      for (const statement of [`SELECT * FROM "${table}"`, `DELETE FROM "${table}"`, `INSERT INTO "${table}" (id) VALUES ('x')`])
        await expect(asRole(collector, statement)).rejects.toThrow(denied);
      await expect(asRole(web, `SELECT * FROM "${table}"`)).resolves.toBeDefined();
    },
  );

  test.each([
    ...['host', 'container', 'incarnation', 'reading_minute', 'reading_conflict', 'event', 'journal_cursor'],
    ...['cgroup', 'cgroup_minute', 'cgroup_hour', 'cgroup_day'],
    ...['usage_hour', 'usage_day', 'usage_gap', 'conservation'],
  ])('the web cannot change %s', async (table) => {
    await expect(asRole(web, `DELETE FROM ${table}`)).rejects.toThrow(denied);
    await expect(asRole(web, `INSERT INTO ${table} SELECT * FROM ${table}`)).rejects.toThrow(denied);
    const column = table === 'host' ? 'info' : table === 'journal_cursor' ? 'seq' : table.startsWith('cgroup') ? 'host_id' : 'tenant_id';
    await expect(asRole(web, `UPDATE ${table} SET ${column} = ${column}`)).rejects.toThrow(denied);
  });

  test.each(['reading_minute', 'event', 'reading_conflict'])('the collector cannot change what it has written to %s', async (table) => {
    await expect(asRole(collector, `UPDATE ${table} SET tenant_id = tenant_id`)).rejects.toThrow(denied);
  });
  test.each(['group_reading', 'usage_hour', 'conservation', 'ownership', 'reading_hold'])(
    'the collector cannot write anew %s',
    async (table) => {
      await expect(asRole(collector, `UPDATE ${table} SET tenant_id = tenant_id`)).rejects.toThrow(denied);
    },
  );

  test('what was owned can be ended and not taken away, and a partition is reached through its table alone', async () => {
    await expect(asRole(web, 'DELETE FROM ownership')).rejects.toThrow(denied);
    await expect(asRole(web, 'UPDATE ownership SET from_at = from_at')).rejects.toThrow(denied);
    const { rows } = await db.owner.query(`SELECT relname FROM pg_class WHERE relnamespace = 'ledger'::regnamespace AND relkind = 'r'`);
    expect(rows.map(({ relname }) => relname).sort()).toEqual(['usage_day_2026', 'usage_hour_2026_01']);
    for (const client of [web, collector]) await expect(asRole(client, 'SELECT * FROM ledger.usage_hour_2026_01')).rejects.toThrow(denied);
  });

  test('the collector cannot change what an agent told of cgroups', async () => {
    await expect(asRole(collector, 'UPDATE cgroup_minute SET pids = pids')).rejects.toThrow(denied);
    await expect(asRole(collector, 'UPDATE cgroup SET path = path')).rejects.toThrow(denied);
  });

  test('neither owns anything, makes anything or passes row-level security', async () => {
    const { rows } = await db.owner.query(
      `SELECT rolname, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb FROM pg_roles WHERE rolname IN ('bulkhead_web', 'bulkhead_collector')`,
    );
    expect(rows).toHaveLength(2);
    for (const row of rows) expect(row).toMatchObject({ rolsuper: false, rolbypassrls: false, rolcreaterole: false, rolcreatedb: false });
    const owned = await db.owner.query(
      `SELECT relname FROM pg_class WHERE pg_get_userbyid(relowner) IN ('bulkhead_web', 'bulkhead_collector')`,
    );
    expect(owned.rows).toEqual([]);
    for (const client of [web, collector]) {
      await expect(client.query('CREATE TABLE mine (id int)')).rejects.toThrow(denied);
      await expect(client.query('ALTER TABLE event DISABLE ROW LEVEL SECURITY')).rejects.toThrow(/must be owner/);
      await expect(client.query('SELECT * FROM _prisma_migrations')).rejects.toThrow(denied);
    }
  });
});
