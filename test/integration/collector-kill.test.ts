import { type ChildProcess, spawn } from 'node:child_process';
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { JournalAgent } from '../../apps/collector/test/journal-agent.ts';
import { listHosts, readCursor, summariseUsage, waitForSeq } from '../../packages/db/src/index.ts';
import { type FreshDatabase, freshDatabase } from '../../packages/db/test/fresh-database.ts';
import { atMinute, makeContainer, makeEvent, makeReading } from '../../packages/db/test/journal.ts';
import { instancePaths, type JournalRecord } from '../../packages/model/src/index.ts';
import { startPostgres, type TestPostgres } from '../support/postgres.ts';

const main = fileURLToPath(new URL('../../apps/collector/src/main.ts', import.meta.url));
let server: TestPostgres;
let db: FreshDatabase;
let agent: JournalAgent;
let directory: string;
let runDirectory: string;
let config: string;
let hostId: string;
let bootId: string;
let running: ChildProcess | undefined;
let log: Record<string, unknown>[];

beforeAll(async () => {
  server = await startPostgres();
});
afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
});

beforeEach(async () => {
  [hostId, bootId, log] = [randomUUID(), randomUUID(), []];
  directory = mkdtempSync(join(tmpdir(), 'bulkhead-collector-'));
  const instance = Math.floor(Math.random() * 4096)
    .toString(16)
    .padStart(3, '0');
  const paths = instancePaths(directory, instance);
  runDirectory = paths.run;
  mkdirSync(dirname(paths.agentSocket), { recursive: true });
  db = await freshDatabase(server);
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const signingKeyFile = join(directory, 'key.pem');
  writeFileSync(signingKeyFile, privateKey.export({ type: 'pkcs8', format: 'pem' }));
  config = join(directory, 'collector.json');
  writeFileSync(
    config,
    JSON.stringify({
      service: 'collector',
      version: '0.0.0',
      instance,
      hostId,
      stateDirectory: directory,
      databaseUrl: db.url('bulkhead_collector'),
      signingKeyFile,
    }),
  );
  agent = new JournalAgent({
    socketPath: paths.agentSocket,
    publicKeyPem: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    hostInfo: {
      hostId,
      instance,
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
    },
  });
  await agent.start();
});
afterEach(async () => {
  await kill();
  await agent.stop();
  await db[Symbol.asyncDispose]();
  for (const path of [directory, runDirectory]) rmSync(path, { recursive: true, force: true });
});

function startCollector(): void {
  const child = spawn(process.execPath, [main], {
    env: { PATH: process.env.PATH, BULKHEAD_CONFIG: config },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let rest = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    log.push(...lines.map((line) => JSON.parse(line)));
  });
  running = child;
}

async function kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<number | null> {
  const child = running;
  if (child === undefined) return null;
  running = undefined;
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  child.kill(signal);
  return await ended;
}

/** What hosts write: containers that live some minutes, their events, their final readings. */
function makeRecords(count: number): { records: JournalRecord[]; cpuUsec: bigint } {
  const records: JournalRecord[] = [];
  // Younger than what retention thins.
  const beginMsec = Date.now() - 3_600_000;
  let cpuUsec = 0n;
  for (let container = 1; records.length < count; container += 1) {
    const lastMinute = 1 + (container % 7);
    records.push(
      { kind: 'container', container: makeContainer({ container }), deleted: false },
      { kind: 'event', event: makeEvent({ hostId, tenantId: 'acme' }) },
    );
    for (let minute = 1; minute <= lastMinute; minute += 1)
      records.push(
        makeReading({ hostId, bootId, beginMsec, minute, container, cpuUsec: minute * 1000 + container, final: minute === lastMinute }),
      );
    cpuUsec += BigInt(lastMinute * 1000 + container);
    records.push({ kind: 'container', container: makeContainer({ container, status: 'stopped' }), deleted: true });
  }
  return { records, cpuUsec };
}

const countOf = async (table: string): Promise<number> => (await db.owner.query(`SELECT count(*)::int AS n FROM ${table}`)).rows[0].n;

async function expectExactly(records: readonly JournalRecord[], cpuUsec: bigint): Promise<void> {
  const kinds = Map.groupBy(records, ({ kind }) => kind);
  expect(await countOf('reading_minute')).toBe(kinds.get('reading')?.length);
  expect(await countOf('event')).toBe(kinds.get('event')?.length);
  expect(await countOf('container')).toBe((kinds.get('container')?.length ?? 0) / 2);
  expect(await countOf('reading_conflict')).toBe(0);
  const [usage] = await summariseUsage(db.web, ['acme']);
  expect(usage?.cpuUsageUsec).toBe(cpuUsec.toString());
  expect(usage?.containers.every(({ final }) => final)).toBe(true);
  expect(await readCursor(db.web, hostId)).toEqual({ seq: records.length, missing: 0 });
}

describe('the collector', () => {
  test('killed ten times in the middle, it loses nothing and doubles nothing', async () => {
    const { records, cpuUsec } = makeRecords(12_000);
    // A third is there from the beginning, the rest comes while it works and dies.
    const parts = Array.from({ length: 10 }, (_, part) => records.slice((part * records.length) / 10, ((part + 1) * records.length) / 10));
    const stops: string[] = [];
    for (const [round, part] of parts.entries()) {
      agent.write(part);
      // In turn: while it pulls, after the transaction and before the acknowledgement, after it, and at any moment.
      const point = (['pull', 'acknowledge', 'acknowledged', undefined] as const)[round % 4];
      const died = new Promise<void>((resolve) => {
        const stop = async (): Promise<void> => {
          agent.at = {};
          stops.push(point ?? 'any');
          await kill();
          resolve();
        };
        if (point === undefined) setTimeout(stop, 350 + round * 40);
        else agent.at = { [point]: stop };
      });
      startCollector();
      await died;
    }
    expect(stops).toHaveLength(10);
    startCollector();
    await waitForSeq(db.web, hostId, records.length, 30_000);
    await expectExactly(records, cpuUsec);
    // The last acknowledgement comes after the last commit.
    for (let tries = 0; agent.acknowledgedSeq < records.length && tries < 100; tries += 1) await sleep(50);
    expect(agent.acknowledgedSeq).toBe(records.length);
    expect((await listHosts(db.web))[0]?.info.hostname).toBe('one');
  }, 120_000);

  test('a database killed under it comes back, and all is there once', async () => {
    const { records, cpuUsec } = makeRecords(4000);
    agent.write(records.slice(0, 2000));
    let pulls = 0;
    agent.at.pull = async () => {
      pulls += 1;
      if (pulls === 2) await server.kill();
    };
    startCollector();
    while (!log.some(({ to }) => to === 'database-away')) await sleep(20);
    agent.write(records.slice(2000));
    await server.start();
    await db[Symbol.asyncDispose]().catch(() => undefined);
    db = await reopen(db);
    await waitForSeq(db.web, hostId, records.length, 30_000);
    await expectExactly(records, cpuUsec);
    expect(log.filter(({ to }) => to === 'database-away')).toHaveLength(1);
  }, 60_000);

  test('an agent that is away is told once in the log, however often it is tried', async () => {
    await agent.stop();
    startCollector();
    while (!log.some(({ to }) => to === 'agent-away')) await sleep(20);
    await sleep(3500);
    await agent.start();
    const { records, cpuUsec } = makeRecords(50);
    agent.write(records);
    await waitForSeq(db.web, hostId, records.length, 20_000);
    await expectExactly(records, cpuUsec);
    const changes = () => log.map(({ to }) => to).filter((to) => to !== undefined);
    await vi.waitFor(() => expect(changes()).toContain('collecting'), 5000);
    expect(changes()).toEqual(['agent-away', 'collecting']);
  }, 60_000);

  test('an agent that lost its journal is read from its new beginning', async () => {
    const { records } = makeRecords(200);
    agent.write(records);
    startCollector();
    await waitForSeq(db.web, hostId, records.length, 20_000);
    await vi.waitFor(() => expect(agent.acknowledgedSeq).toBe(records.length), 5000);
    agent.lose();
    const later = makeReading({ hostId, bootId, minute: 99, container: 999, tenantId: 'beta', cpuUsec: 5, final: true });
    agent.write([later]);
    while ((await summariseUsage(db.web, ['beta'])).length === 0) await sleep(50);
    expect((await summariseUsage(db.web, ['beta']))[0]?.cpuUsageUsec).toBe('5');
    expect(await readCursor(db.web, hostId)).toEqual({ seq: 1, missing: 0 });
  }, 60_000);

  test('ends by itself when it is told to, with code 0', async () => {
    startCollector();
    while (!log.some(({ to }) => to === 'collecting')) await sleep(20);
    expect(await kill('SIGTERM')).toBe(0);
    expect(log.at(-1)?.msg).toBe('collector stopped');
  });

  test('each call carries a statement of its own, which the agent takes once', async () => {
    agent.write(makeRecords(100).records);
    startCollector();
    await waitForSeq(db.web, hostId, 100, 20_000);
    // The acknowledgement comes after the commit that was waited for.
    await vi.waitFor(() => expect(agent.acknowledgedSeq, JSON.stringify(log)).toBeGreaterThanOrEqual(100), 10_000);
    expect(agent.usedStatements.size).toBeGreaterThanOrEqual(2);
    expect(log.filter(({ to }) => to === 'refused')).toEqual([]);
  });
});

/** New connections to a database whose server was killed. */
async function reopen(old: FreshDatabase): Promise<FreshDatabase> {
  const { createDatabase } = await import('../../packages/db/src/index.ts');
  const { connect } = await import('../../packages/db/test/fresh-database.ts');
  const [web, collector, owner] = [
    createDatabase(old.url('bulkhead_web')),
    createDatabase(old.url('bulkhead_collector')),
    await connect(old.url('bulkhead_owner')),
  ];
  return {
    ...old,
    web,
    collector,
    owner,
    [Symbol.asyncDispose]: async () => {
      await Promise.all([web.close(), collector.close(), owner.end()]);
    },
  };
}
