import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { rowsOfReadings } from '../../packages/accounting/src/index.ts';
import {
  addTenant,
  boundingReadingsOf,
  dropReadings,
  dropUsage,
  gapsOfTenant,
  holdReadings,
  ingest,
  listTenants,
  preparePartitions,
  releaseReadings,
  renameTenant,
  reportUsage,
  rollUpUsage,
  rowOptionsOf,
  thinReadings,
  usageRowsOf,
} from '../../packages/db/src/index.ts';
import { type FreshDatabase, freshDatabase } from '../../packages/db/test/fresh-database.ts';
import { atMinute, makeReading, toEntries } from '../../packages/db/test/journal.ts';
import type { UsageRow } from '../../packages/model/src/index.ts';
import { startPostgres, type TestPostgres } from '../support/postgres.ts';

let server: TestPostgres;
let db: FreshDatabase;
let hostId: string;

beforeAll(async () => {
  server = await startPostgres();
});
afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
});

const hours = 30;
const period = { start: atMinute(0), end: atMinute(hours * 60) };
const query = { tenantId: 'acme', ...period };

/** Some hours of two containers, a reading a minute, but for an hour and a half in the middle of one. */
beforeEach(async () => {
  db = await freshDatabase(server);
  hostId = randomUUID();
  const bootId = randomUUID();
  const records = Array.from({ length: hours * 60 }, (_, index) => index + 1).flatMap((minute) =>
    [1, 2]
      .filter((container) => container === 1 || minute < 300 || minute > 390)
      .map((container) =>
        makeReading({ hostId, bootId, minute, container, cpuUsec: minute * (1_000_000 + container), ioReadBytes: minute }),
      ),
  );
  for (let from = 0; from < records.length; from += 1000)
    await ingest(db.collector, { hostId, after: from, entries: toEntries(records.slice(from, from + 1000), from) });
  while (!(await rollUpUsage(db.collector, hostId, new Date(atMinute(hours * 60)))).finished);
  return () => db[Symbol.asyncDispose]();
});

const thin = async () => {
  while (!(await thinReadings(db.collector, hostId, new Date(atMinute(hours * 60)))).finished);
};
const readingCount = async (): Promise<number> => (await db.owner.query('SELECT count(*)::int AS count FROM reading_minute')).rows[0].count;
/** Which readings were missing is told by gaps: bounding readings are far apart by themselves. */
const unspread = (rows: readonly UsageRow[]) => rows.map((row) => ({ ...row, flags: row.flags.filter((flag) => flag !== 'spread') }));

test('what bounds the rows outlives the minutes: rows, gaps and proof after thinning are those of before', async () => {
  const [rows, gaps] = [await usageRowsOf(db.web, ['acme'], query), await gapsOfTenant(db.web, ['acme'], query)];
  expect(gaps).toMatchObject([{ reason: 'readings', from: atMinute(299), to: atMinute(391) }]);
  expect(rows.filter(({ flags }) => flags.includes('spread')).length).toBeGreaterThan(0);
  const before = await readingCount();
  await thin();
  expect(await readingCount()).toBeLessThan(before / 20);
  expect(await usageRowsOf(db.web, ['acme'], query)).toEqual(rows);
  expect(await gapsOfTenant(db.web, ['acme'], query)).toEqual(gaps);
  const bounding = await boundingReadingsOf(db.web, ['acme'], query);
  expect(unspread(rowsOfReadings(bounding, { ...rowOptionsOf(query, []), maximumStepMsec: 'max' }))).toEqual(unspread(rows));
});

test('a reading that comes late for thinned hours makes their rows anew, with what was missing still told', async () => {
  const rows = await usageRowsOf(db.web, ['acme'], query);
  await thin();
  await db.owner.query(`SELECT set_config('bulkhead.tenants', '*', false)`);
  await db.owner.query(`INSERT INTO usage_dirty (host_id, tenant_id, hour) SELECT DISTINCT host_id, tenant_id, start_at FROM usage_hour`);
  while (!(await rollUpUsage(db.collector, hostId, new Date(atMinute(hours * 60)))).finished);
  expect(await usageRowsOf(db.web, ['acme'], query)).toEqual(rows);
});

test('readings that something rests on are kept whole, until nothing does', async () => {
  const before = await readingCount();
  await holdReadings(db.web, { ...query, reason: 'invoice A-1' });
  await holdReadings(db.web, { ...query, reason: 'invoice A-1' });
  await thin();
  while (!(await dropReadings(db.collector, hostId, new Date(atMinute(hours * 60)))).finished);
  expect(await readingCount()).toBe(before);
  expect(await dropUsage(db.collector, { hours: new Date(atMinute(90 * 1440)), days: new Date(atMinute(0)) })).toBe(0);
  await releaseReadings(db.web, { tenantId: 'acme', reason: 'invoice A-1' });
  expect(await dropUsage(db.collector, { hours: new Date(atMinute(90 * 1440)), days: new Date(atMinute(0)) })).toBe(1);
  expect(await usageRowsOf(db.web, ['acme'], query)).toEqual([]);
});

test('a report adds up days, edges and hours that are not made yet to what the rows say', async () => {
  await preparePartitions(db.collector, new Date(atMinute(0)));
  const check = async (window: { start: string; end: string }) => {
    const rows = await usageRowsOf(db.web, ['acme'], { tenantId: 'acme', ...window });
    const sums = Map.groupBy(rows, ({ resource, meter }) => `${resource.id} ${meter}`);
    const report = await reportUsage(db.web, ['acme'], { tenantId: 'acme', ...window });
    expect(report.length).toBe(sums.size);
    for (const { resource, meter, quantity, durationMsec, flags } of report) {
      const parts = sums.get(`${resource.id} ${meter}`) ?? [];
      const quantities = parts.map((row) => BigInt(row.quantity));
      const most = quantities.toSorted((left, right) => (left < right ? -1 : 1)).at(-1);
      expect(quantity).toBe(String(meter === 'memory-peak' ? most : quantities.reduce((sum, each) => sum + each, 0n)));
      expect(durationMsec).toBe(String(parts.reduce((sum, row) => sum + BigInt(row.durationMsec), 0n)));
      expect(flags).toEqual([...new Set(parts.flatMap((row) => row.flags))].sort());
    }
  };
  await check(period);
  await check({ start: atMinute(330), end: atMinute(1500) });
  await check({ start: atMinute(345), end: atMinute(1501) });
  const { seq } = (await db.owner.query('SELECT seq::int FROM journal_cursor')).rows[0];
  const [{ boot_id: bootId }] = (await db.owner.query('SELECT boot_id FROM incarnation LIMIT 1')).rows;
  const late = makeReading({ hostId, bootId, minute: hours * 60 + 2, container: 1, cpuUsec: 3_000_000_000, ioReadBytes: 5000 });
  await ingest(db.collector, { hostId, after: seq, entries: toEntries([late], seq) });
  await check({ ...period, end: atMinute(hours * 60 + 60) });
  expect(await reportUsage(db.web, ['beta'], query)).toEqual([]);
});

test('a tenant is added once and renamed, and its id stays', async () => {
  await addTenant(db.web, { tenantId: 'delta', name: 'Delta Ltd' });
  await expect(addTenant(db.web, { tenantId: 'delta' })).rejects.toThrow('tenant delta is there already');
  await renameTenant(db.web, { tenantId: 'delta', name: 'Delta plc' });
  await expect(renameTenant(db.web, { tenantId: 'nobody', name: 'x' })).rejects.toThrow('no tenant nobody');
  expect(await listTenants(db.web, ['delta'])).toMatchObject([{ tenantId: 'delta', name: 'Delta plc' }]);
});
