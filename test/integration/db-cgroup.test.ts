import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { dropCgroups, ingest, readCgroupHistory, readStorage, rollUpDay, rollUpHour } from '../../packages/db/src/index.ts';
import { type MinuteOf, makeCgroupMinutes } from '../../packages/db/test/cgroup-minutes.ts';
import { type FreshDatabase, freshDatabase } from '../../packages/db/test/fresh-database.ts';
import { toEntries } from '../../packages/db/test/journal.ts';
import { startPostgres, type TestPostgres } from '../support/postgres.ts';

let server: TestPostgres;
let db: FreshDatabase;
let hostId: string;
let seq: number;
const dayMsec = 86_400_000;
/** Midnight, UTC, so that hours and days are easily told. */
const epoch = Date.UTC(2026, 5, 1);
const at = (minute: number): string => new Date(epoch + minute * 60_000).toISOString();

beforeAll(async () => {
  server = await startPostgres();
  db = await freshDatabase(server);
});
afterAll(async () => {
  await db?.[Symbol.asyncDispose]();
  await server?.[Symbol.asyncDispose]();
});
beforeEach(() => {
  hostId = randomUUID();
  seq = 0;
});

const told = (minute: number, uses: readonly MinuteOf[], part = 0) => makeCgroupMinutes(hostId, at(minute), uses, part);
const store = async (records: ReturnType<typeof told>[]) => {
  const entries = toEntries(records, seq);
  const result = await ingest(db.collector, { hostId, after: seq, entries });
  seq = result.seq;
  return result;
};
const history = (path: string, fromMinute: number, toMinute: number) =>
  readCgroupHistory(db.web, 'all', { hostId, path, from: at(fromMinute), to: at(toMinute) });
const count = async (table: string): Promise<number> =>
  (await db.owner.query(`SELECT count(*)::int AS n FROM ${table} WHERE host_id = $1`, [hostId])).rows[0].n;
const rollUpHours = async (minute: number) => {
  while (!(await rollUpHour(db.collector, hostId, new Date(at(minute)))).finished);
};
const rollUpDays = async (minute: number) => {
  while (!(await rollUpDay(db.collector, hostId, new Date(at(minute)))).finished);
};

describe('minutes of cgroups', () => {
  test('are stored once, however often they come', async () => {
    await store([told(0, [{ path: '/', cpuMillis: 1 }]), told(1, [{ path: '/', cpuMillis: 2 }])]);
    const again = toEntries([told(1, [{ path: '/', cpuMillis: 99 }]), told(2, [{ path: '/', cpuMillis: 3 }])], seq);
    await ingest(db.collector, { hostId, after: seq, entries: again });
    expect((await history('/', 0, 10)).map(({ cpuMillis }) => cpuMillis)).toEqual([1, 2, 3]);
    expect(await count('cgroup')).toBe(1);
  });

  test('with the cursor, or not at all', async () => {
    await store([told(0, [{ path: '/', cpuMillis: 1 }])]);
    const entries = toEntries([told(1, [{ path: '/new', cpuMillis: 1 }])], 5);
    expect(await ingest(db.collector, { hostId, after: 5, entries })).toMatchObject({ applied: false, seq: 1 });
    expect([await count('cgroup_minute'), await count('cgroup')]).toEqual([1, 1]);
  });

  test('what was not measured is absent, never 0, and a missing minute is a gap', async () => {
    await store([
      told(0, [{ path: '/a', cpuMillis: 0, memoryBytes: 4096, pressure: { cpuSome: 0.25 } }]),
      told(1, [{ path: '/b', cpuMillis: 5 }]),
      told(2, [{ path: '/a', cpuMillis: 500, pids: 3 }]),
    ]);
    const expected = [
      { at: at(0), stepSeconds: 60, cpuMillis: 0, cpuMillisMost: 0, memoryBytes: 4096, memoryBytesMost: 4096, pressure: { cpuSome: 0.25 } },
      { at: at(2), stepSeconds: 60, cpuMillis: 500, cpuMillisMost: 1000, pids: 3 },
    ];
    expect(await history('/a', 0, 60)).toEqual(expected);
    // Turned about, they say the same.
    await rollUpHours(60);
    expect(await count('cgroup_minute')).toBe(0);
    expect(await count('cgroup_hour')).toBe(2);
    expect(await history('/a', 0, 60)).toEqual(expected);
    expect(await history('/unknown', 0, 60)).toEqual([]);
  });

  test('paths of any length and spelling are told apart', async () => {
    const long = `/${'x'.repeat(200)}`.repeat(20);
    const paths = [long, `${long}y`, '/a b', '/grün', '/a"b\\c{},NULL', '/NULL'];
    await store([
      told(
        0,
        paths.map((path, index) => ({ path, pids: index })),
      ),
    ]);
    for (const [index, path] of paths.entries()) expect(await history(path, 0, 5)).toMatchObject([{ pids: index }]);
  });

  test('an hour is shown by minutes, a day by five of them, a week by half hours: means, and the most', async () => {
    const records = Array.from({ length: 7 * 24 * 60 }, (_, minute) =>
      told(minute, [{ path: '/a', cpuMillis: minute % 60, memoryBytes: 8 }]),
    );
    for (let from = 0; from < records.length; from += 2000) await store(records.slice(from, from + 2000));
    const window = async (fromMinute: number, toMinute: number) => {
      const points = await history('/a', fromMinute, toMinute);
      return { points, steps: new Set(points.map(({ stepSeconds }) => stepSeconds)), length: points.length };
    };
    const end = records.length;
    const before = [await window(end - 60, end), await window(end - 1440, end), await window(0, end)] as const;
    expect(before.map(({ length }) => length)).toEqual([60, 288, 336]);
    expect(before.map(({ steps }) => [...steps])).toEqual([[60], [300], [1800]]);
    expect(before[1].points[0]).toMatchObject({ cpuMillis: 2, cpuMillisMost: 8, memoryBytes: 8, memoryBytesMost: 8 });
    expect(before[2].points[1]).toMatchObject({ cpuMillis: 44.5, cpuMillisMost: 118 });
    await rollUpHours(end);
    expect(await count('cgroup_hour')).toBe(7 * 24);
    expect([await window(end - 60, end), await window(end - 1440, end), await window(0, end)]).toEqual(before);
  }, 120_000);

  test('of a cgroup that is removed and made anew are one chart with a gap', async () => {
    const minutes = [0, 1, 2, 30, 31];
    await store(minutes.map((minute) => told(minute, [{ path: '/a', cpuMillis: minute + 1 }])));
    await rollUpHours(60);
    expect((await history('/a', 0, 60)).map((point) => point.at)).toEqual(minutes.map(at));
  });
});

describe('hours and days', () => {
  test('a minute that comes after its hour was turned about is added to it', async () => {
    await store([told(0, [{ path: '/a', cpuMillis: 1, memoryBytes: 5 }]), told(1, [{ path: '/a', cpuMillis: 1, memoryBytes: 5 }])]);
    await rollUpHours(60);
    await store([told(3, [{ path: '/a', cpuMillis: 7, pids: 2 }]), told(4, [{ path: '/b', cpuMillis: 8 }])]);
    const expected = [at(0), at(1), at(3)];
    expect((await history('/a', 0, 60)).map((point) => point.at)).toEqual(expected);
    await rollUpHours(60);
    const points = await history('/a', 0, 60);
    expect(points.map((point) => point.at)).toEqual(expected);
    expect(points).toMatchObject([
      { cpuMillis: 1, memoryBytes: 5 },
      { cpuMillis: 1, memoryBytes: 5 },
      { cpuMillis: 7, pids: 2 },
    ]);
    expect(points[2]).not.toHaveProperty('memoryBytes');
    expect(await history('/b', 0, 60)).toMatchObject([{ at: at(4), cpuMillis: 8 }]);
  });

  test('an hour that still grows is left', async () => {
    await store([told(59, [{ path: '/a', cpuMillis: 1 }]), told(60, [{ path: '/a', cpuMillis: 1 }])]);
    await rollUpHours(119);
    expect([await count('cgroup_minute'), await count('cgroup_hour')]).toEqual([1, 1]);
  });

  test('what stood still all hour costs one number', async () => {
    await store(Array.from({ length: 60 }, (_, minute) => told(minute, [{ path: '/a', cpuMillis: 0, memoryBytes: minute }])));
    await rollUpHours(60);
    const { rows } = await db.owner.query('SELECT * FROM cgroup_hour WHERE host_id = $1', [hostId]);
    expect(rows[0]).toMatchObject({ cpu_millis: [0], minutes: null, throttled: null });
    expect(rows[0].memory_bytes).toHaveLength(60);
    expect(await history('/a', 0, 60)).toHaveLength(60);
  });

  test('old minutes become hours, and the chart goes on with those', async () => {
    const minutes = Array.from({ length: 3 * 60 }, (_, index) => index).filter((minute) => minute < 60 || minute >= 120);
    await store(minutes.map((minute) => told(minute, [{ path: '/a', cpuMillis: minute < 60 ? minute : 7, memoryBytes: 5 }])));
    await store([told(1440, [{ path: '/a', cpuMillis: 3 }])]);
    await rollUpHours(2880);
    await rollUpDays(1440);
    expect([await count('cgroup_hour'), await count('cgroup_day')]).toEqual([1, 1]);
    expect(await history('/a', 0, 240)).toEqual([
      { at: at(0), stepSeconds: 3600, cpuMillis: 29.5, cpuMillisMost: 118, memoryBytes: 5, memoryBytesMost: 5 },
      { at: at(120), stepSeconds: 3600, cpuMillis: 7, cpuMillisMost: 14, memoryBytes: 5, memoryBytesMost: 5 },
    ]);
    // A day that comes late is added too.
    await store([told(300, [{ path: '/a', cpuMillis: 9 }])]);
    await rollUpHours(2880);
    await rollUpDays(1440);
    expect((await history('/a', 0, 400)).map((point) => point.at)).toEqual([at(0), at(120), at(300)]);
    expect((await history('/a', 1400, 1500)).map((point) => point.at)).toEqual([at(1440)]);
  });

  test('days and then paths are dropped when they are old, of this host alone', async () => {
    const other = randomUUID();
    await store([
      told(0, [
        { path: '/old', cpuMillis: 1 },
        { path: '/both', cpuMillis: 1 },
      ]),
      told(400 * 1440, [{ path: '/both', cpuMillis: 2 }]),
    ]);
    await ingest(db.collector, {
      hostId: other,
      after: 0,
      entries: toEntries([makeCgroupMinutes(other, at(0), [{ path: '/old', pids: 1 }])]),
    });
    await rollUpHours(401 * 1440);
    await rollUpDays(390 * 1440);
    expect(await count('cgroup_day')).toBe(2);
    while (!(await dropCgroups(db.collector, hostId, new Date(epoch + 395 * dayMsec))).finished);
    expect([await count('cgroup_day'), await count('cgroup_hour'), await count('cgroup')]).toEqual([0, 1, 1]);
    expect(await history('/both', 400 * 1440, 400 * 1440 + 60)).toHaveLength(1);
    expect(await readCgroupHistory(db.web, 'all', { hostId: other, path: '/old', from: at(0), to: at(60) })).toHaveLength(1);
  });

  test('several days and hundreds of cgroups are turned about in bounded steps', async () => {
    const paths = Array.from({ length: 1200 }, (_, index) => `/group-${index}`);
    for (const day of [0, 1])
      for (let part = 0; part < 3; part += 1)
        await store([
          told(
            day * 1440,
            paths.slice(part * 400, part * 400 + 400).map((path) => ({ path, pids: part })),
            part,
          ),
        ]);
    await rollUpHours(3 * 1440);
    let steps = 0;
    for (let finished = false; !finished; steps += 1) {
      const step = await rollUpDay(db.collector, hostId, new Date(at(3 * 1440)));
      expect(step.removed).toBeLessThanOrEqual(100);
      finished = step.finished;
    }
    expect(steps).toBe(25);
    expect([await count('cgroup_hour'), await count('cgroup_day'), await count('cgroup')]).toEqual([0, 2400, 1200]);
  });
});

/** Runs the roll-up in a process of its own, and kills it after a moment. @returns whether it came to its end before */
async function rollUpAndKill(before: string, afterMsec: number): Promise<boolean> {
  const program = join(import.meta.dirname, '../../packages/db/test/roll-up-main.ts');
  const child = spawn(process.execPath, [program, db.url('bulkhead_collector'), hostId, before], { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => {
    const isBeginning = output === '';
    output += chunk.toString();
    if (isBeginning) setTimeout(() => child.kill('SIGKILL'), afterMsec);
  });
  await once(child, 'close');
  return output.includes('finished');
}

test('a roll-up that is killed at any moment goes on where it was: nothing is lost, nothing is there twice', async () => {
  const groups = Array.from({ length: 900 }, (_, index) => index);
  /** Groups move from one part to another when others come and go: the same one is then in two parts of an hour. */
  const minute = (index: number) =>
    [0, 1, 2].map((part) =>
      told(
        index,
        groups
          .filter((group) => Math.floor(((group + (index % 60 > 30 ? 150 : 0)) % 900) / 300) === part)
          .map((group) => ({ path: `/group-${group}`, cpuMillis: (group * 31 + index * 7) % 1000, pids: 3 })),
        part,
      ),
    );
  const minutes = Array.from({ length: 180 }, (_, index) => index);
  for (let from = 0; from < 180; from += 30) await store(minutes.slice(from, from + 30).flatMap(minute));
  const looked = ['/group-0', '/group-299', '/group-300', '/group-571', '/group-899'];
  const look = () => Promise.all(looked.map((path) => history(path, 0, 180)));
  const whole = await look();
  expect(whole.map((points) => points.length)).toEqual(looked.map(() => 180));

  let kills = 0;
  for (let isDone = false; !isDone; kills += 1) {
    isDone = await rollUpAndKill(at(180), 20 + kills * 60);
    expect(await look()).toEqual(whole);
    // What comes meanwhile, late, is taken too.
    if (kills === 1) await store([told(0, [{ path: '/late', cpuMillis: 5 }], 7)]);
    if (kills > 60) throw new Error('it does not come to its end');
  }
  expect(kills).toBeGreaterThan(2);
  expect([await count('cgroup_minute'), await count('cgroup_hour')]).toEqual([0, 3 * 900 + 1]);
  expect(await history('/late', 0, 60)).toMatchObject([{ at: at(0), cpuMillis: 5 }]);

  // And hours into a day.
  const hours = async () => Promise.all(looked.map((path) => history(path, -10 * 1440, 1440)));
  await store([told(1440, [{ path: '/next-day', pids: 1 }])]);
  for (let isDone = false, tries = 0; !isDone; tries += 1) {
    isDone = await rollUpAndKill(at(1440), 20 + tries * 60);
    if (tries > 60) throw new Error('it does not come to its end');
  }
  expect([await count('cgroup_hour'), await count('cgroup_day')]).toEqual([0, 901]);
  for (const [index, points] of (await hours()).entries())
    for (const [hour, point] of points.entries()) {
      const values = (whole[index] ?? []).slice(hour * 60, hour * 60 + 60).map(({ cpuMillis = Number.NaN }) => cpuMillis);
      expect(point.at).toBe(at(hour * 60));
      expect(point.cpuMillis).toBeCloseTo(values.reduce((sum, value) => sum + value, 0) / 60, 2);
    }
}, 120_000);

test('nobody sees them but who sees all tenants', async () => {
  await store([told(0, [{ path: '/a', cpuMillis: 1 }])]);
  expect(await readCgroupHistory(db.web, ['acme'], { hostId, path: '/a', from: at(0), to: at(60) })).toEqual([]);
  expect(await history('/a', 0, 60)).toHaveLength(1);
});

test('the size of what is stored is told, rows of small tables to the row', async () => {
  await store([told(0, [{ path: '/a', cpuMillis: 1 }]), told(1, [{ path: '/a', cpuMillis: 1 }])]);
  const { databaseBytes, tables } = await readStorage(db.web);
  const { rows } = await db.owner.query('SELECT count(*)::text AS n FROM cgroup');
  const table = tables.find(({ name }) => name === 'cgroup');
  expect(table?.rows).toBe(rows[0].n);
  // Not to the byte: PostgreSQL tidies up by itself.
  expect(Number(table?.bytes)).toBeGreaterThanOrEqual(16_384);
  expect(tables.map(({ name }) => name)).toEqual(expect.arrayContaining(['user', 'reading_minute', 'event', 'cgroup_day']));
  expect(tables.map(({ bytes }) => Number(bytes))).toEqual(tables.map(({ bytes }) => Number(bytes)).sort((left, right) => right - left));
  expect(Number(databaseBytes)).toBeGreaterThan(tables.reduce((sum, { bytes }) => sum + Number(bytes), 0));
});
