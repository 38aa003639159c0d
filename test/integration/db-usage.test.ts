import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { usageOfContainers, usageOfIncarnations } from '../../packages/accounting/src/index.ts';
import { dropReadings, ingest, KnownIncarnations, summariseUsage, thinReadings, type UsageWindow } from '../../packages/db/src/index.ts';
import { type FreshDatabase, freshDatabase } from '../../packages/db/test/fresh-database.ts';
import { atMinute, makeReading, toEntries } from '../../packages/db/test/journal.ts';
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

/** Numbers that repeat with their seed (mulberry32). */
function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

/** A few containers of three tenants: restarts, resets of counters, counters not measured, ends. */
function makeLives(next: (below: number) => number, hostId: string): ReadingRecord[] {
  const boots = [randomUUID(), randomUUID()];
  const records: ReadingRecord[] = [];
  for (let container = 1; container <= 8; container += 1) {
    for (let life = 0; life < 1 + next(3); life += 1) {
      const [troubled, begin, length] = [next(2) === 0, life * 40 + next(10), 1 + next(30)];
      let [cpu, memory, io] = [0, 0, 0];
      for (let minute = begin; minute < begin + length; minute += 1) {
        const isReset = troubled && next(6) === 0;
        cpu = (isReset ? 0 : cpu) + next(60_000_000);
        io = (isReset ? 0 : io) + next(1_000_000);
        memory += next(1_000_000_000);
        records.push(
          makeReading({
            hostId,
            bootId: boots[life % 2] as string,
            cgroupIno: String(1000 + container * 10 + life),
            container,
            tenantId: ['acme', 'beta', 'gamma'][container % 3] as string,
            minute,
            final: minute === begin + length - 1 && next(3) > 0,
            cpuUsec: troubled && next(5) === 0 ? undefined : cpu,
            ioReadBytes: io,
            memoryByteSeconds: memory,
          }),
        );
      }
    }
  }
  return records;
}

/** What the pure accounting makes of the same readings, in the shape of the database's answer. */
function expected(records: readonly ReadingRecord[], window: UsageWindow) {
  const text = (value: bigint | undefined) => value?.toString();
  return usageOfContainers(usageOfIncarnations(records, window)).map(({ meters, flags: _, ...line }) => ({
    ...line,
    cpuUsageUsec: text(meters.cpuUsageUsec),
    cpuUsageNsec: text(meters.cpuUsageNsec),
    ioReadBytes: text(meters.ioReadBytes),
    ioWriteBytes: text(meters.ioWriteBytes),
    memoryByteSeconds: text(meters.memoryByteSeconds),
    unmeasuredMsec: text(meters.unmeasuredMsec),
  }));
}

const windows: UsageWindow[] = [
  { to: atMinute(1000) },
  { from: atMinute(20), to: atMinute(1000) },
  { from: atMinute(30), to: atMinute(60) },
  { to: atMinute(15) },
];

async function compare(records: readonly ReadingRecord[]): Promise<void> {
  for (const window of windows) {
    const summaries = await summariseUsage(db.web, 'all', window);
    expect(summaries.flatMap(({ containers }) => containers)).toEqual(expected(records, window));
    for (const summary of summaries) {
      const sum = (field: 'cpuUsageUsec' | 'memoryByteSeconds') =>
        summary.containers.reduce((total, line) => total + BigInt(line[field] ?? 0), 0n).toString();
      expect(summary.cpuUsageUsec).toBe(sum('cpuUsageUsec'));
      expect(summary.memoryByteSeconds).toBe(sum('memoryByteSeconds'));
    }
  }
}

const steadyShare = async (): Promise<{ steady: number; unsteady: number }> => {
  const { rows } = await db.owner.query(
    'SELECT count(*) FILTER (WHERE steady)::int AS steady, count(*) FILTER (WHERE NOT steady)::int AS unsteady FROM incarnation',
  );
  return rows[0];
};

describe.each([1, 2, 3, 4, 5])('usage of random lives %i', (seed) => {
  const hostId = randomUUID();
  const next = random(seed);
  const records = makeLives(next, hostId);

  // As the collector does, remembering where incarnations stand; and with a memory that forgets all the time.
  const known = seed % 2 === 0 ? new KnownIncarnations() : undefined;
  const deliver = async (deliveries: readonly ReadingRecord[]): Promise<void> => {
    for (let seq = 0; seq < deliveries.length; ) {
      const size = 1 + next(40);
      await ingest(db.collector, { hostId, after: seq, entries: toEntries(deliveries.slice(seq, seq + size), seq) }, known);
      seq = Math.min(deliveries.length, seq + size);
    }
  };

  beforeAll(async () => {
    db = await freshDatabase(server);
  });
  afterAll(async () => {
    await db?.[Symbol.asyncDispose]();
  });

  test('in the order of the journal SQL agrees with the accounting, by both of its ways', async () => {
    await deliver(records.toSorted((left, right) => (left.at < right.at ? -1 : 1)));
    await compare(records);
    const { steady, unsteady } = await steadyShare();
    expect(steady).toBeGreaterThan(0);
    expect(unsteady).toBeGreaterThan(0);
  });

  test('thinning the minutes changes no usage up to now', async () => {
    const before = await db.owner.query('SELECT count(*)::int AS n FROM reading_minute');
    let removed = 0;
    for (let finished = false; !finished; ) {
      const thinned = await thinReadings(db.collector, hostId, new Date(atMinute(300)));
      removed += thinned.removed;
      finished = thinned.finished;
    }
    const after = await db.owner.query('SELECT count(*)::int AS n FROM reading_minute');
    expect(removed).toBe(before.rows[0].n - after.rows[0].n);
    expect(removed).toBeGreaterThan(0);
    const summaries = await summariseUsage(db.web, 'all', { to: atMinute(1000) });
    expect(summaries.flatMap(({ containers }) => containers)).toEqual(expected(records, { to: atMinute(1000) }));
    expect(await thinReadings(db.collector, hostId, new Date(atMinute(300)))).toEqual({ removed: 0, finished: true });
  });
});

test('readings that come shuffled and twice give the same usage', async () => {
  const hostId = randomUUID();
  const next = random(99);
  const records = makeLives(next, hostId);
  const shuffled = [...records, ...records].map((record) => ({ record, order: next(1e9) })).sort((left, right) => left.order - right.order);
  db = await freshDatabase(server);
  const known = new KnownIncarnations();
  const entries = toEntries(shuffled.map(({ record }) => record));
  for (let seq = 0; seq < entries.length; seq += 37)
    await ingest(db.collector, { hostId, after: seq, entries: entries.slice(seq, seq + 37) }, known);
  await compare(records);
  await db[Symbol.asyncDispose]();
});

test('one tenant of many, and nanoseconds only where every container has them', async () => {
  db = await freshDatabase(server);
  const hostId = randomUUID();
  const bootId = randomUUID();
  const records = [
    makeReading({ hostId, bootId, minute: 1, container: 1, cpuUsec: 10 }),
    makeReading({ hostId, bootId, minute: 1, container: 2, cpuUsec: 20 }),
    makeReading({ hostId, bootId, minute: 1, container: 3, cpuUsec: 40, tenantId: 'beta' }),
  ];
  delete records[1]?.reading.cpuUsageNsec;
  await ingest(db.collector, { hostId, after: 0, entries: toEntries(records) });
  const [acme, ...others] = await summariseUsage(db.web, 'all', { tenantId: 'acme' });
  expect(others).toEqual([]);
  expect(acme?.cpuUsageUsec).toBe('30');
  expect(acme).not.toHaveProperty('cpuUsageNsec');
  expect((await summariseUsage(db.web, ['beta']))[0]?.cpuUsageNsec).toBe('40007');
  expect(await summariseUsage(db.web, ['beta'], { tenantId: 'acme' })).toEqual([]);
  await db[Symbol.asyncDispose]();
});

test('dropping old readings takes use before with it, and never adds any after', async () => {
  db = await freshDatabase(server);
  const hostId = randomUUID();
  const bootId = randomUUID();
  const of = (container: number, minutes: readonly number[], final = false) =>
    minutes.map((minute, index) =>
      makeReading({ hostId, bootId, minute, container, cpuUsec: minute * 1000, final: final && index === minutes.length - 1 }),
    );
  // One that ended long ago, one that goes on, one that was silent where the line is drawn.
  const records = [...of(1, [1, 2, 3], true), ...of(2, [1, 59, 90, 119, 121, 300, 400]), ...of(3, [5, 500])];
  await ingest(db.collector, { hostId, after: 0, entries: toEntries(records) });
  const usage = async (window: UsageWindow) =>
    Object.fromEntries(
      (await summariseUsage(db.web, 'all', window)).flatMap(({ containers }) =>
        containers.map(({ containerId, cpuUsageUsec, firstAt }) => [Number.parseInt(containerId, 16), [cpuUsageUsec, firstAt]]),
      ),
    );
  const after = { from: atMinute(120) };
  const before = await usage(after);
  expect(before).toEqual({ 2: ['281000', atMinute(121)], 3: ['495000', atMinute(500)] });
  let removed = 0;
  for (let finished = false; !finished; ) {
    const dropped = await dropReadings(db.collector, hostId, new Date(atMinute(125)));
    removed += dropped.removed;
    finished = dropped.finished;
  }
  expect(removed).toBe(6);
  const { rows } = await db.owner.query('SELECT container_id, at FROM reading_minute WHERE host_id = $1 ORDER BY 1, 2', [hostId]);
  expect(rows.map(({ at }) => at.toISOString())).toEqual([119, 121, 300, 400, 5, 500].map(atMinute));
  expect(await usage(after)).toEqual(before);
  // Of all time only what is still known: since the oldest reading that is left.
  expect(await usage({})).toEqual({ 2: ['281000', atMinute(119)], 3: ['500000', atMinute(5)] });
  expect(await usage({ from: atMinute(60) })).toMatchObject({ 2: ['281000', atMinute(119)] });
  expect(await dropReadings(db.collector, hostId, new Date(atMinute(125)))).toEqual({ removed: 0, finished: true });
  await db[Symbol.asyncDispose]();
});
