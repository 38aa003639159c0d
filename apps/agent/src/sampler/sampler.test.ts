import { join } from 'node:path';
import type { CgroupReader, Cgroups } from '@bulkhead/cgroup';
import type { Container, JournalRecord, Reading, ReadingRecord } from '@bulkhead/model';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bootId, hostId, makeContainer, temporaryDirectory } from '../../test/fixtures.ts';
import { KeptIntegralsFile } from './kept-integrals.ts';
import { Sampler } from './sampler.ts';

/** Cgroups that hold what the test says: the real ones are tried in test/integration. */
class Files {
  readonly present = new Map<string, { ino: bigint; reading: Reading; failure?: Error }>();
  readers = 0;

  reader(path: string): CgroupReader {
    const gone = () => Object.assign(new Error('gone'), { code: 'ENODEV' });
    const opened = this.present.get(path);
    if (opened === undefined) throw Object.assign(new Error('none'), { code: 'ENOENT' });
    this.readers += 1;
    return {
      ino: opened.ino,
      readRare: () => ({}),
      read: () => {
        const now = this.present.get(path);
        if (now?.failure !== undefined) throw now.failure;
        if (now?.ino !== opened.ino) throw gone();
        return { ...now.reading };
      },
      [Symbol.dispose]: () => {
        this.readers -= 1;
      },
    };
  }

  readMany(readers: readonly CgroupReader[]) {
    return readers.map((reader) => {
      try {
        return { reading: reader.read() };
      } catch (failure) {
        return { failure: failure as Error };
      }
    });
  }
}

let directory: ReturnType<typeof temporaryDirectory>;
let files: Files;
let written: ReadingRecord[];
let errors: string[];
let durable: () => Promise<void>;
const path = 'bulkhead-abc/acme/0123456789abcdef';

const log = {
  info: () => undefined,
  warn: () => undefined,
  fatal: () => undefined,
  error: (_: object, text: string) => void errors.push(text),
};
const open = () =>
  new Sampler({
    hostId,
    bootId,
    cgroups: files as unknown as Cgroups,
    journal: {
      async append(records: readonly JournalRecord[]) {
        await durable();
        written.push(...(records as ReadingRecord[]));
        return written.length;
      },
    },
    kept: new KeptIntegralsFile(join(directory.path, 'integrals.json'), bootId),
    liveSeconds: 900,
    cgroupPath: ({ tenantId, id }) => `bulkhead-abc/${tenantId}/${id}`,
    onClockStep: () => undefined,
    log: log as never,
  });
const container = (facts: Partial<Container> = {}): Container => makeContainer({ createdAt: new Date().toISOString(), ...facts });
const counters = () => written.map(({ final, reading }) => [final, reading.cpuUsageUsec]);

beforeEach(() => {
  directory = temporaryDirectory();
  files = new Files();
  written = [];
  errors = [];
  durable = async () => undefined;
  files.present.set(path, { ino: 7n, reading: { cpuUsageUsec: '100', memoryCurrentBytes: '4096' } });
});
afterEach(() => directory[Symbol.dispose]());

describe('the last reading of a container', () => {
  it('is written once, and again only where counters moved', async () => {
    using sampler = open();
    await sampler.finish(container());
    await sampler.finish(container());
    // A gauge that falls is no use that was not counted.
    files.present.set(path, { ino: 7n, reading: { cpuUsageUsec: '100', memoryCurrentBytes: '0' } });
    await sampler.finish(container());
    expect(counters()).toEqual([[true, '100']]);
    files.present.set(path, { ino: 7n, reading: { cpuUsageUsec: '101', memoryCurrentBytes: '0' } });
    await sampler.finish(container());
    expect(counters()).toEqual([
      [true, '100'],
      [true, '101'],
    ]);
    const moments = written.map(({ boottimeMsec }) => boottimeMsec);
    expect(new Set(moments).size).toBe(2);
  });

  it('is durable before anybody goes on', async () => {
    using sampler = open();
    let confirm: () => void = () => undefined;
    durable = () => new Promise((resolve) => (confirm = resolve));
    let finished = false;
    const finishing = sampler.finish(container()).then(() => {
      finished = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(finished).toBe(false);
    confirm();
    await finishing;
  });

  it('does not exist where there never was a cgroup', async () => {
    using sampler = open();
    files.present.clear();
    await sampler.finish(container());
    expect(written).toEqual([]);
    expect(errors).toEqual([]);
  });

  it('is the one before, where somebody else removed the cgroup', async () => {
    using sampler = open();
    sampler.note(container());
    await sampler.flush();
    files.present.clear();
    await sampler.flush();
    expect(counters()).toEqual([
      [false, '100'],
      [true, '100'],
    ]);
    expect(errors).toHaveLength(1);
    await sampler.flush();
    expect(written).toHaveLength(2);
  });

  it('says that time before the first reading was not measured', async () => {
    using sampler = open();
    await sampler.finish(container({ createdAt: new Date(Date.now() - 5000).toISOString() }));
    const { measuredMsec, unmeasuredMsec, memoryByteSeconds } = written[0]?.accumulators ?? {};
    expect([measuredMsec, memoryByteSeconds]).toEqual(['0', '0']);
    expect(Number(unmeasuredMsec)).toBeGreaterThanOrEqual(5000);
    expect(Number(unmeasuredMsec)).toBeLessThan(5500);
  });

  it('counts no time after the end, however late it is read', async () => {
    using sampler = open();
    const createdAt = new Date(Date.now() - 60_000).toISOString();
    await sampler.finish(container({ createdAt, status: 'stopped', finishedAt: new Date(Date.now() - 58_000).toISOString() }));
    expect(Number(written[0]?.accumulators.unmeasuredMsec)).toBeLessThan(2500);
  });
});

describe('sampling', () => {
  it('is not ended by a reading that fails for another reason', async () => {
    using sampler = open();
    sampler.note(container());
    await sampler.flush();
    files.present.set(path, { ino: 7n, reading: {}, failure: new Error('memory.stat: not a number') });
    await sampler.flush();
    expect(errors).toEqual(['a container could not be measured']);
    files.present.set(path, { ino: 7n, reading: { cpuUsageUsec: '200' } });
    await sampler.flush();
    expect(counters().at(-1)).toEqual([false, '200']);
  });

  it('goes on with integrals of the life before, of the same cgroup only', async () => {
    {
      using sampler = open();
      sampler.note(container());
      await sampler.flush();
      await new Promise((resolve) => setTimeout(resolve, 300));
      await sampler.flush();
    }
    const before = Number(written.at(-1)?.accumulators.measuredMsec);
    expect(before).toBeGreaterThanOrEqual(290);
    {
      using sampler = open();
      sampler.note(container());
      await sampler.flush();
      expect(Number(written.at(-1)?.accumulators.measuredMsec)).toBe(before);
    }
    files.present.set(path, { ino: 8n, reading: { cpuUsageUsec: '1' } });
    using sampler = open();
    sampler.note(container());
    await sampler.flush();
    expect(written.at(-1)?.accumulators.measuredMsec).toBe('0');
    expect(written.at(-1)?.incarnation.cgroupIno).toBe('8');
  });

  it('closes what it opened', async () => {
    const sampler = open();
    sampler.note(container());
    await sampler.flush();
    expect(files.readers).toBe(1);
    sampler.forget('0123456789abcdef');
    expect(files.readers).toBe(0);
    await sampler.finish(container());
    expect(files.readers).toBe(1);
    sampler[Symbol.dispose]();
    expect(files.readers).toBe(0);
  });
});
