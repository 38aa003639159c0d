import { spawn } from 'node:child_process';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeContainer, makeEvent, makeReading, temporaryDirectory } from '../../test/fixtures.ts';
import { Journal } from './journal.ts';

let directory: ReturnType<typeof temporaryDirectory>;
let path: string;
beforeEach(() => {
  directory = temporaryDirectory();
  path = join(directory.path, 'journal.sqlite');
});
afterEach(() => directory[Symbol.dispose]());

const numbers = async (journal: Journal, after = 0, limit = 100) => (await journal.pull(after, limit)).entries.map(({ seq }) => seq);

describe('journal', () => {
  it('gives entries in order, after a number, up to a limit', async () => {
    await using journal = new Journal({ path });
    expect(await journal.append([makeReading(), makeReading({ final: true })])).toBe(2);
    await journal.note([{ kind: 'event', event: makeEvent('0b9b3c1e-52a4-4a53-9a0e-0d3f6c1f9a12') }]);
    expect(await numbers(journal)).toEqual([1, 2, 3]);
    expect(await numbers(journal, 1, 1)).toEqual([2]);
    expect((await journal.pull(1, 1)).entries[0]?.record).toEqual(makeReading({ final: true }));
    expect(await journal.pull(3, 10)).toEqual({ entries: [], lastSeq: 3, acknowledgedSeq: 0 });
  });

  it('forgets what is acknowledged, and never gives a number twice', async () => {
    {
      await using journal = new Journal({ path });
      await journal.append([makeReading(), makeReading(), makeReading()]);
      journal.acknowledge(2);
      expect(await numbers(journal)).toEqual([3]);
      journal.acknowledge(99);
      expect(await journal.pull(0, 10)).toEqual({ entries: [], lastSeq: 3, acknowledgedSeq: 3 });
    }
    await using journal = new Journal({ path });
    expect(await journal.pull(0, 10)).toEqual({ entries: [], lastSeq: 3, acknowledgedSeq: 3 });
    expect(await journal.append([makeReading()])).toBe(4);
    // An acknowledgement that comes late takes nothing back.
    journal.acknowledge(1);
    expect((await journal.pull(0, 10)).acknowledgedSeq).toBe(3);
  });

  it('shares one transaction among the appends of one turn', async () => {
    const wal = () => statSync(`${path}-wal`).size;
    await using journal = new Journal({ path });
    await journal.append([makeReading()]);
    const before = wal();
    await Promise.all(Array.from({ length: 50 }, () => journal.append([makeReading()])));
    const together = wal() - before;
    for (let count = 0; count < 50; count += 1) await journal.append([makeReading()]);
    const apart = wal() - before - together;
    expect(together * 3).toBeLessThan(apart);
  });

  it('has written a note when it resolves, where another process can see it', async () => {
    await using journal = new Journal({ path });
    await journal.note([makeReading()]);
    const other = new DatabaseSync(path, { readOnly: true });
    expect(other.prepare('SELECT count(*) AS count FROM entry').get()).toEqual({ count: 1 });
    other.close();
  });

  it('lets a note wait for no disk that takes none, and writes it later', async () => {
    await using journal = new Journal({ path });
    const blocker = new DatabaseSync(path);
    blocker.exec('BEGIN IMMEDIATE');
    await journal.note([makeReading()]);
    await journal.note([makeReading()]);
    blocker.exec('ROLLBACK');
    blocker.close();
    await journal.append([makeReading()]);
    expect(await numbers(journal)).toEqual([1, 2, 3]);
  });

  it('remembers the containers its reader knows, also over a restart', async () => {
    const one = makeContainer();
    const other = makeContainer({ id: 'fedcba9876543210', name: 'other' });
    {
      await using journal = new Journal({ path });
      await journal.append([one, other].map((container) => ({ kind: 'container', container, deleted: false })));
      await journal.append([{ kind: 'container', container: one, deleted: true }]);
      journal.acknowledge(3);
    }
    await using journal = new Journal({ path });
    expect(journal.knownContainers()).toEqual([other]);
  });

  it('bounds a page by its size', async () => {
    await using journal = new Journal({ path });
    const long = makeContainer({ args: ['x'.repeat(3_000_000)] });
    await journal.append(Array.from({ length: 5 }, () => ({ kind: 'container', container: long, deleted: false }) as const));
    expect(await numbers(journal)).toEqual([1, 2]);
    expect(await numbers(journal, 4)).toEqual([5]);
  });

  it('keeps what cannot be written, says so, and writes it when it can', async () => {
    const troubles: boolean[] = [];
    await using journal = new Journal({ path, onTrouble: (failure) => troubles.push(failure !== undefined) });
    const blocker = new DatabaseSync(path);
    blocker.exec('BEGIN IMMEDIATE');
    const appended = journal.append([makeReading({ final: true })]);
    const later = journal.append([makeReading()]);
    await sleep(100);
    expect(troubles).toEqual([true]);
    expect(await Promise.race([appended, sleep(50)])).toBe(undefined);
    blocker.exec('ROLLBACK');
    blocker.close();
    expect(await appended).toBe(1);
    expect(await later).toBe(2);
    expect(troubles.at(-1)).toBe(false);
  });

  it('gives up readings in between, and no last one, when too much waits', async () => {
    await using journal = new Journal({ path });
    const blocker = new DatabaseSync(path);
    blocker.exec('BEGIN IMMEDIATE');
    const last = journal.append([makeReading({ final: true })]);
    const between = Array.from({ length: 21_000 }, () => makeReading());
    const many = journal.append(between);
    blocker.exec('ROLLBACK');
    blocker.close();
    await Promise.all([last, many]);
    expect(journal.dropped).toBe(21_000);
    expect((await journal.pull(0, 10)).entries.map(({ record }) => record)).toEqual([makeReading({ final: true })]);
  });

  it('gives up detail beyond its limit, and no use', async () => {
    await using journal = new Journal({ path, limitBytes: 400_000 });
    const transcript = { steps: [], commands: ['x'.repeat(20_000)], durationNsec: 1, dropped: 0 };
    await journal.append([{ kind: 'event', event: { ...makeEvent('0b9b3c1e-52a4-4a53-9a0e-0d3f6c1f9a12'), transcript } }]);
    // Two incarnations, a reading a minute over three hours, and a last one.
    const readings = Array.from({ length: 360 }, (_, index) =>
      makeReading({
        incarnation: { ...makeReading().incarnation, cgroupIno: String(index % 2) },
        boottimeMsec: String(Math.floor(index / 2) * 60_000),
        reading: { cpuUsageUsec: String(index), cpuUserUsec: '1'.repeat(20) },
        containerName: 'n'.repeat(60),
        final: index >= 358,
      }),
    );
    for (let from = 0; from < readings.length; from += 40) await journal.append(readings.slice(from, from + 40));
    journal.compact();
    expect(journal.overflowing).toBe(false);
    await journal.append(
      Array.from(
        { length: 20 },
        () => ({ kind: 'container', container: makeContainer({ args: ['x'.repeat(20_000)] }), deleted: false }) as const,
      ),
    );
    journal.compact();
    expect(journal.overflowing).toBe(true);
    const kept = (await journal.pull(0, 1000)).entries.map(({ record }) => record);
    expect(kept.filter(({ kind }) => kind === 'container')).toHaveLength(20);
    expect(kept.find(({ kind }) => kind === 'event')).toEqual({ kind: 'event', event: makeEvent('0b9b3c1e-52a4-4a53-9a0e-0d3f6c1f9a12') });
    const use = kept.filter((record) => record.kind === 'reading');
    // The last of each hour and incarnation, and the final ones.
    expect(use.map(({ reading }) => Number(reading.cpuUsageUsec))).toEqual([118, 119, 238, 239, 356, 357, 358, 359]);
    expect(journal.lastSeq).toBe(381);
  });

  it('loses nothing that was confirmed to the death of its process at any moment', async () => {
    const script = join(import.meta.dirname, '../../test/append-until-killed.ts');
    let begun = 0;
    for (let round = 0; round < 5; round += 1) {
      const child = spawn(process.execPath, [script, path], { stdio: ['ignore', 'pipe', 'inherit'] });
      let text = '';
      child.stdout.on('data', (chunk: Buffer) => {
        text += chunk.toString();
      });
      while (text.split('\n').length < 5) await sleep(5);
      await sleep(20 + round * 37);
      const ended = new Promise((resolve) => child.once('close', resolve));
      child.kill('SIGKILL');
      await ended;
      const confirmed = text.split('\n').slice(0, -1).map(Number);
      await using journal = new Journal({ path });
      const present = new Set(await numbers(journal, 0, 1_000_000));
      const lastConfirmed = confirmed.at(-1) ?? 0;
      expect(lastConfirmed).toBeGreaterThan(begun);
      for (let seq = 1; seq <= lastConfirmed; seq += 1) expect(present.has(seq)).toBe(true);
      begun = lastConfirmed;
    }
  });
});
