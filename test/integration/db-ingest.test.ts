import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  findContainer,
  findEvent,
  findPostMortem,
  ingest,
  type JournalPage,
  listContainers,
  listEvents,
  listPastContainers,
  listReadingConflicts,
  readCursor,
  readHistory,
  waitForSeq,
} from '../../packages/db/src/index.ts';
import { type FreshDatabase, freshDatabase } from '../../packages/db/test/fresh-database.ts';
import {
  atMinute,
  containerIdOf,
  makeContainer,
  makeEvent,
  makePostMortem,
  makeReading,
  toEntries,
} from '../../packages/db/test/journal.ts';
import { startPostgres, type TestPostgres } from '../support/postgres.ts';

let server: TestPostgres;
let db: FreshDatabase;
let hostId: string;
const bootId = randomUUID();

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
});

const count = async (table: string): Promise<number> => {
  const { rows } = await db.owner.query(`SELECT count(*)::int AS n FROM ${table} WHERE host_id = $1`, [hostId]);
  return rows[0].n;
};
const page = (records: Parameters<typeof toEntries>[0], after = 0): JournalPage => ({ hostId, after, entries: toEntries(records, after) });
const reading = (facts: Partial<Parameters<typeof makeReading>[0]> & { minute: number }) => makeReading({ hostId, bootId, ...facts });

describe('cards of containers that ended', () => {
  const ended = makeContainer({ status: 'stopped', exitStatus: { kind: 'signaled', signal: 9, coreDumped: false }, oomKilled: true });

  test('are there once, the latest as it was sealed, also after the container is gone', async () => {
    const first = makePostMortem({ hostId, sealedAt: atMinute(10), pidsRefusals: 1 });
    const later = makePostMortem({ hostId, sealedAt: atMinute(11), pidsRefusals: 2 });
    await ingest(db.collector, page([{ kind: 'container', container: ended, deleted: false }, first]));
    await ingest(db.collector, page([later, { kind: 'container', container: ended, deleted: true }], 2));
    // A page that comes again, and a card older than the one that is there, change nothing.
    await ingest(db.collector, page([later], 2));
    await ingest(db.collector, page([first], 4));
    expect(await count('post_mortem')).toBe(1);
    const found = await findPostMortem(db.web, ['acme'], ended.id);
    expect(found).toMatchObject({ container: { id: ended.id }, deleted: true, postMortem: later.card });
  });

  test('are found by the name of the newest as well, and by nobody else', async () => {
    await ingest(db.collector, page([{ kind: 'container', container: ended, deleted: true }, makePostMortem({ hostId })]));
    expect((await findPostMortem(db.web, ['acme'], ended.name))?.container.id).toBe(ended.id);
    expect(await findPostMortem(db.web, ['beta'], ended.id)).toBe(undefined);
    expect(await findPostMortem(db.web, ['beta'], ended.name)).toBe(undefined);
    expect(await findPostMortem(db.web, 'all', 'nobody')).toBe(undefined);
  });

  test('are absent where nothing was sealed, not empty', async () => {
    const container = makeContainer({ container: 99, status: 'stopped' });
    await ingest(db.collector, page([{ kind: 'container', container, deleted: true }]));
    expect(await findPostMortem(db.web, ['acme'], container.id)).toMatchObject({ deleted: true, postMortem: undefined });
  });
});

describe('events of cgroups', () => {
  test('are found by the path of theirs, however long', async () => {
    const long = `/${Array.from({ length: 16 }, () => 'x'.repeat(250)).join('/')}`;
    const [one, other] = [long, `${long}y`].map((cgroupPath) => makeEvent({ hostId, kind: 'cgroup.oom-killed', cgroupPath }));
    await ingest(
      db.collector,
      page([one, other, makeEvent({ hostId })].map((event) => ({ kind: 'event' as const, event: event as NonNullable<typeof event> }))),
    );
    const found = await listEvents(db.web, 'all', { cgroup: long });
    expect(found).toEqual([expect.objectContaining({ id: one?.id, cgroupPath: long })]);
    // Of no tenant: the host's alone.
    expect(await listEvents(db.web, ['acme'], { cgroup: long })).toEqual([]);
  });
});

describe('ingest', () => {
  test('stores a page and its cursor together, every counter digit for digit', async () => {
    const big = reading({ minute: 1 });
    big.reading.ioReadBytes = '18446744073709551615';
    big.accumulators.memoryByteSeconds = '99999999999999999999';
    const result = await ingest(db.collector, page([big]));
    expect(result).toEqual({ applied: true, seq: 1, readings: 1, conflicts: 0, missing: 0 });
    const { rows } = await db.owner.query('SELECT * FROM reading_minute WHERE host_id = $1', [hostId]);
    expect(rows[0]).toMatchObject({
      io_read_bytes: '18446744073709551615',
      memory_byte_seconds: '99999999999999999999',
      cpu_max_millis: 'max',
      memory_max_bytes: '536870912',
      cgroup_ino: '4294967297',
      final: false,
    });
    expect(rows[0].at.toISOString()).toBe(atMinute(1));
    expect(await readCursor(db.web, hostId)).toEqual({ seq: 1, missing: 0 });
  });

  test('what was not measured is null, never 0', async () => {
    await ingest(db.collector, page([reading({ minute: 1, cpuUsec: undefined })]));
    const { rows } = await db.owner.query('SELECT cpu_usage_usec, io_read_bytes FROM reading_minute WHERE host_id = $1', [hostId]);
    expect(rows[0]).toEqual({ cpu_usage_usec: null, io_read_bytes: null });
  });

  test('a page for another cursor than the stored one writes nothing', async () => {
    const first = page([reading({ minute: 1 })]);
    await ingest(db.collector, first);
    expect(await ingest(db.collector, page([reading({ minute: 2 })], 0))).toMatchObject({ applied: false, seq: 1 });
    expect(await count('reading_minute')).toBe(1);
  });

  test('two collectors with the same page: one of them stores it', async () => {
    const same = page(Array.from({ length: 200 }, (_, minute) => reading({ minute: minute + 1 })));
    const results = await Promise.all([ingest(db.collector, same), ingest(db.collector, same), ingest(db.collector, same)]);
    expect(results.filter(({ applied }) => applied)).toHaveLength(1);
    expect(await count('reading_minute')).toBe(200);
  });

  test('a reading that comes again is a no-op; with another payload it is kept as a conflict, once', async () => {
    const readings = [reading({ minute: 1 }), reading({ minute: 2 })];
    await ingest(db.collector, page(readings));
    expect(await ingest(db.collector, page(readings, 2))).toMatchObject({ readings: 0, conflicts: 0 });
    const other = reading({ minute: 2, cpuUsec: 1 });
    expect(await ingest(db.collector, page([other, reading({ minute: 3 })], 4))).toMatchObject({ readings: 1, conflicts: 1 });
    expect(await ingest(db.collector, page([other], 6))).toMatchObject({ readings: 0, conflicts: 0 });
    const conflicts = await listReadingConflicts(db.web, 'all');
    expect(conflicts.map(({ record }) => record)).toContainEqual(other);
    const { rows } = await db.owner.query('SELECT cpu_usage_usec::text FROM reading_minute WHERE host_id = $1 ORDER BY boottime_msec', [
      hostId,
    ]);
    expect(rows[1].cpu_usage_usec).toBe(String(60_000_000));
  });

  test('sequence numbers that never came are counted', async () => {
    const [first, second] = [reading({ minute: 1 }), reading({ minute: 2 })];
    await ingest(db.collector, {
      hostId,
      after: 0,
      entries: [
        { seq: 1, record: first },
        { seq: 5, record: second },
      ],
    });
    expect(await readCursor(db.web, hostId)).toEqual({ seq: 5, missing: 3 });
  });

  test('a page that speaks for another host, or runs backwards, is refused whole', async () => {
    const foreign = makeReading({ hostId: randomUUID(), bootId, minute: 1 });
    await expect(ingest(db.collector, page([reading({ minute: 1 }), foreign]))).rejects.toMatchObject({ code: 'invalid' });
    const entries = toEntries([reading({ minute: 1 }), reading({ minute: 2 })]).reverse();
    await expect(ingest(db.collector, { hostId, after: 0, entries })).rejects.toMatchObject({ code: 'invalid' });
    expect(await count('reading_minute')).toBe(0);
    expect(await readCursor(db.web, hostId)).toEqual({ seq: 0, missing: 0 });
  });

  test('a failure in the middle leaves neither rows nor cursor', async () => {
    const broken = reading({ minute: 2 });
    broken.reading.pidsCurrent = '100000000000000000000';
    await expect(ingest(db.collector, page([reading({ minute: 1 }), broken]))).rejects.toThrow();
    expect(await count('reading_minute')).toBe(0);
    expect(await count('incarnation')).toBe(0);
    expect(await readCursor(db.web, hostId)).toEqual({ seq: 0, missing: 0 });
  });

  test('a container is listed with its last state, and among the past ones when it is gone', async () => {
    const running = makeContainer({ container: 77, tenantId: 'gamma' });
    const stopped = {
      ...makeContainer({ container: 77, tenantId: 'gamma', status: 'stopped', finishedAt: atMinute(3), oomKilled: false }),
      exitStatus: { kind: 'signaled', signal: 9, coreDumped: false } as const,
    };
    delete stopped.pid;
    await ingest(db.collector, page([{ kind: 'container', container: running, deleted: false }]));
    expect(await listContainers(db.web, ['gamma'])).toEqual([{ hostId, container: running, deleted: false }]);
    await ingest(
      db.collector,
      page(
        [
          { kind: 'container', container: running, deleted: false },
          { kind: 'container', container: stopped, deleted: true },
        ],
        1,
      ),
    );
    expect(await listContainers(db.web, ['gamma'])).toEqual([]);
    expect(await listPastContainers(db.web, ['gamma'])).toEqual([stopped]);
    expect(await findContainer(db.web, 'all', containerIdOf(77))).toEqual({ hostId, container: stopped, deleted: true });
    expect(await findContainer(db.web, ['acme'], containerIdOf(77))).toBeUndefined();
  });

  test('events are listed newest first, in pages, and inspected with their transcript', async () => {
    const transcript = { steps: [], commands: ['unshare -n'], durationNsec: 12, dropped: 0 };
    const events = Array.from({ length: 5 }, (_, index) =>
      makeEvent({
        hostId,
        tenantId: 'delta',
        containerId: containerIdOf(5),
        containerName: 'five',
        ...(index === 4 ? { transcript } : {}),
      }),
    );
    const ofHost = makeEvent({ hostId, kind: 'agent.started', detail: { text: 'a\0b\ud800' } });
    await ingest(db.collector, page([...events, ofHost].map((event) => ({ kind: 'event', event }))));
    const [newest, ...rest] = await listEvents(db.web, ['delta'], { limit: 3 });
    expect(newest).toMatchObject({ id: events[4]?.id, hasTranscript: true });
    expect(rest.map(({ id }) => id)).toEqual([events[3]?.id, events[2]?.id]);
    expect((await listEvents(db.web, ['delta'], { before: rest[1]?.id ?? '' })).map(({ id }) => id)).toEqual([
      events[1]?.id,
      events[0]?.id,
    ]);
    expect(await findEvent(db.web, ['delta'], events[4]?.id ?? '')).toEqual(events[4]);
    // An event of the host is for those who see every tenant; its NUL and half surrogate did not stop the journal.
    expect(await findEvent(db.web, ['delta'], ofHost.id)).toBeUndefined();
    expect((await findEvent(db.web, 'all', ofHost.id))?.detail).toEqual({ text: 'a\ufffdb\ufffd' });
    expect((await listEvents(db.web, 'all', { kind: 'agent.started' })).map(({ id }) => id)).toContain(ofHost.id);
    expect(await listEvents(db.web, 'all', { container: 'five', limit: 10 })).toHaveLength(5);
  });

  test('waiting for a sequence number ends when it is in, or with a clear problem', async () => {
    const waiting = waitForSeq(db.web, hostId, 2, 5000);
    await ingest(db.collector, page([reading({ minute: 1 }), reading({ minute: 2 })]));
    await expect(waiting).resolves.toBeUndefined();
    await expect(waitForSeq(db.web, hostId, 3, 60)).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('2 of 3'),
    });
  });

  test('listeners are told of each page', async () => {
    const heard = new Promise<unknown>((resolve) => db.owner.once('notification', ({ payload }) => resolve(JSON.parse(payload ?? '{}'))));
    await db.owner.query('LISTEN bulkhead_journal');
    await ingest(db.collector, page([reading({ minute: 1 })]));
    expect(await heard).toEqual({ hostId, seq: 1 });
    await db.owner.query('UNLISTEN bulkhead_journal');
  });
});

describe('history', () => {
  test('rates between readings, a gap where nothing was read, a restart counted from zero', async () => {
    const container = makeContainer({ container: 900 });
    const ofContainer = (minute: number, cpuUsec: number, cgroupIno: string) => reading({ minute, cpuUsec, container: 900, cgroupIno });
    await ingest(
      db.collector,
      page([
        { kind: 'container', container, deleted: false },
        ofContainer(1, 30_000_000, '1'),
        ofContainer(2, 90_000_000, '1'),
        ofContainer(10, 90_000_000, '1'),
        { ...ofContainer(11, 6_000_000, '2'), accumulators: { ...ofContainer(11, 0, '2').accumulators, measuredMsec: '60000' } },
      ]),
    );
    const points = await readHistory(db.web, 'all', { containerId: container.id, from: atMinute(0), to: atMinute(20) });
    expect(points?.map(({ at, cpuMillis }) => [at, cpuMillis])).toEqual([
      [atMinute(1), 500],
      [atMinute(2), 1000],
      [atMinute(10), 0],
      [atMinute(11), 100],
    ]);
    expect(points?.[0]).toMatchObject({ memoryBytes: 268_436_356, pids: 5 });
    expect(points?.[0]).not.toHaveProperty('ioReadBytesPerSecond');
    expect(await readHistory(db.web, ['beta'], { containerId: container.id, from: atMinute(0), to: atMinute(20) })).toBeUndefined();
  });

  test('a long window comes back in at most 500 points', async () => {
    const container = makeContainer({ container: 901 });
    const readings = Array.from({ length: 3000 }, (_, minute) => reading({ minute: minute + 1, container: 901 }));
    await ingest(db.collector, page([{ kind: 'container', container, deleted: false }, ...readings]));
    const points = await readHistory(db.web, 'all', { containerId: container.id, from: atMinute(0), to: atMinute(3000) });
    expect(points?.length).toBe(500);
    expect(points?.every(({ cpuMillis }) => cpuMillis === 500)).toBe(true);
    expect(points?.at(-1)?.at).toBe(atMinute(3000));
  });
});
