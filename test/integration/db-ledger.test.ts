import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { boundingReadings, gapsOf, rowsOfReadings, toLedgerReading } from '../../packages/accounting/src/index.ts';
import {
  boundingReadingsOf,
  gapsOfTenant,
  ingest,
  KnownIncarnations,
  rollUpUsage,
  rowOptionsOf,
  usageRowsOf,
  watermarksOf,
} from '../../packages/db/src/index.ts';
import { type FreshDatabase, freshDatabase } from '../../packages/db/test/fresh-database.ts';
import { atMinute, makeReading, toEntries } from '../../packages/db/test/journal.ts';
import { random } from '../../packages/db/test/random.ts';
import { makeTroubledLives } from '../../packages/db/test/troubled-lives.ts';
import type { ReadingRecord } from '../../packages/model/src/index.ts';
import { startPostgres, type TestPostgres } from '../support/postgres.ts';

let server: TestPostgres;
let db: FreshDatabase;

beforeAll(async () => {
  server = await startPostgres();
});
afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
});
beforeEach(async () => {
  db = await freshDatabase(server);
});
afterEach(async () => {
  await db?.[Symbol.asyncDispose]();
});

const tenants = ['acme', 'beta', 'gamma'];
const forever = new Date('2027-01-01T00:00:00.000Z');
const period = { start: atMinute(0), end: atMinute(24 * 60) };

async function rollUpAll(hostId: string, before = forever): Promise<void> {
  while (!(await rollUpUsage(db.collector, hostId, before)).finished);
}

/** What packages/accounting makes of all readings there are. */
function expected(records: readonly ReadingRecord[], tenantId: string, cuts: readonly string[], window = period) {
  const options = rowOptionsOf({ ...window, cuts }, []);
  return rowsOfReadings(records.map(toLedgerReading), options).filter((row) => row.tenantId === tenantId);
}

async function compare(records: readonly ReadingRecord[]): Promise<void> {
  const cuts = [[], [atMinute(95), atMinute(100.5)], [atMinute(60), atMinute(121)]];
  for (const tenantId of tenants)
    for (const some of cuts) {
      const rows = await usageRowsOf(db.web, [tenantId], { tenantId, ...period, cuts: some });
      expect(rows).toEqual(expected(records, tenantId, some));
    }
  const half = { start: atMinute(90), end: atMinute(210) };
  expect(await usageRowsOf(db.web, 'all', { tenantId: 'acme', ...half })).toEqual(expected(records, 'acme', [], half));
}

const shuffled = <T>(items: readonly T[], next: (below: number) => number): T[] =>
  items
    .map((item) => ({ item, key: next(1_000_000) }))
    .sort((left, right) => left.key - right.key)
    .map(({ item }) => item);

describe.each([1, 2, 3, 4, 5, 6])('rows of random lives %i', (seed) => {
  const hostId = randomUUID();
  const next = random(seed);
  const records = makeTroubledLives(next, hostId);

  async function deliver(deliveries: readonly ReadingRecord[], after = 0, known = new KnownIncarnations()): Promise<number> {
    let seq = after;
    for (let position = 0; position < deliveries.length; ) {
      const page = deliveries.slice(position, position + 1 + next(60));
      await ingest(db.collector, { hostId, after: seq, entries: toEntries(page, seq) }, known);
      position += page.length;
      seq += page.length;
    }
    return seq;
  }

  test('in the order of the journal: before, amid and after the making of hours they are those of the accounting', async () => {
    const ordered = records.toSorted((left, right) => Number(left.boottimeMsec) - Number(right.boottimeMsec));
    const middle = Math.floor(ordered.length / 2);
    const known = new KnownIncarnations();
    const seq = await deliver(ordered.slice(0, middle), 0, known);
    await compare(ordered.slice(0, middle));
    await rollUpAll(hostId, new Date(atMinute(150)));
    await compare(ordered.slice(0, middle));
    await deliver(ordered.slice(middle), seq, known);
    await compare(ordered);
    await rollUpAll(hostId);
    await compare(ordered);
    const { rows } = await db.owner.query(`SELECT count(*)::int AS marks FROM usage_dirty WHERE tenant_id <> '*'`);
    expect(rows).toEqual([{ marks: 0 }]);
  });

  test('shuffled, and everything twice, with hours made in between: the same rows', async () => {
    const order = shuffled([...records, ...records], next);
    let seq = 0;
    for (let position = 0; position < order.length; position += 97) {
      seq = await deliver(order.slice(position, position + 97), seq);
      await rollUpAll(hostId);
    }
    await compare(records);
  });

  test('gaps and bounding readings are those of the accounting', async () => {
    await deliver(records.toSorted((left, right) => (left.at < right.at ? -1 : 1)));
    const whole = records.map(toLedgerReading);
    const check = async () => {
      for (const tenantId of tenants) {
        const query = { tenantId, ...period };
        const mine = whole.filter((reading) => reading.tenantId === tenantId);
        expect(await gapsOfTenant(db.web, [tenantId], query)).toEqual(gapsOf(mine));
        expect(await boundingReadingsOf(db.web, [tenantId], query)).toEqual(boundingReadings(mine, rowOptionsOf(query, [])));
      }
    };
    await check();
    await rollUpAll(hostId);
    await check();
  });

  test('days are the sums of their hours', async () => {
    await deliver(records);
    await rollUpAll(hostId);
    const { rows } = await db.owner.query(`
      SELECT tenant_id, resource_id, meter, max(start_at)::text, sum(quantity)::text AS quantity, sum(duration)::text AS duration, bit_or(f.flags) AS flags
      FROM usage_hour, unnest(meters, quantities, duration_msec, flags) AS f (meter, quantity, duration, flags)
      WHERE meter <> 5 GROUP BY 1, 2, 3, date_trunc('day', start_at, 'UTC') ORDER BY 1, 2, 3, 4`);
    const days = await db.owner.query(`
      SELECT tenant_id, resource_id, meter, quantity::text, duration::text, f.flags
      FROM usage_day, unnest(meters, quantities, duration_msec, flags) AS f (meter, quantity, duration, flags)
      WHERE meter <> 5 ORDER BY 1, 2, 3, start_at`);
    expect(days.rows).toEqual(rows.map(({ max: _, ...row }) => row));
    expect(rows.length).toBeGreaterThan(50);
  });
});

describe('what came when', () => {
  const hostId = randomUUID();
  const bootId = randomUUID();

  test('a reading that came twice with two values flags its row, and the first one counts', async () => {
    const [one, two] = [makeReading({ hostId, bootId, minute: 2 }), makeReading({ hostId, bootId, minute: 2, cpuUsec: 1 })];
    await ingest(db.collector, { hostId, after: 0, entries: toEntries([one]) });
    await rollUpAll(hostId);
    await ingest(db.collector, { hostId, after: 1, entries: toEntries([two], 1) });
    const told = async () => (await usageRowsOf(db.web, 'all', { tenantId: 'acme', ...period })).find(({ meter }) => meter === 'cpu-used');
    expect(await told()).toMatchObject({ quantity: '60000000', flags: ['conflict'] });
    await rollUpAll(hostId);
    expect(await told()).toMatchObject({ quantity: '60000000', flags: ['conflict'] });
  });

  test('the watermark is the last dated record, and what never came is told with its time', async () => {
    const entries = [1, 2, 5].map((minute) => ({ seq: minute * 10, record: makeReading({ hostId, bootId, minute }) }));
    await ingest(db.collector, { hostId, after: 0, entries });
    expect(await watermarksOf(db.web, period)).toEqual([{ hostId, name: hostId, until: atMinute(5), missing: 9 + 9 + 29 }]);
    expect(await watermarksOf(db.web, { start: atMinute(3), end: atMinute(4) })).toMatchObject([{ missing: 29 }]);
    expect(await watermarksOf(db.web, { start: atMinute(6), end: atMinute(9) })).toMatchObject([{ missing: 0 }]);
  });

  test('a scope without the tenant is told nothing', async () => {
    await ingest(db.collector, { hostId, after: 0, entries: toEntries([makeReading({ hostId, bootId, minute: 5 })]) });
    expect(await usageRowsOf(db.web, ['beta'], { tenantId: 'acme', ...period })).toEqual([]);
    expect(await usageRowsOf(db.web, ['acme'], { tenantId: 'acme', ...period })).not.toEqual([]);
  });
});
