import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AT_FDCWD, O_RDONLY, openat } from '@bulkhead/kernel';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Hierarchy } from '../hierarchy.ts';
import { parseFreezerState, parseFrozenEvent, parseProcessCount, readFacts, readProcessCount } from './facts.ts';
import { readFiles } from './files.ts';

// Files as kernels write them, in a directory that stands for a mount; live trees are read in test/integration.
let directory: string;
const opened: Hierarchy[] = [];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'bulkhead-facts-'));
});
afterEach(() => {
  for (const hierarchy of opened.splice(0)) hierarchy[Symbol.dispose]();
  rmSync(directory, { recursive: true, force: true });
});

function hierarchy(name: string, controllers: readonly string[], files: Record<string, string>): Hierarchy {
  const mountPoint = join(directory, name);
  mkdirSync(join(mountPoint, 'a'), { recursive: true });
  for (const [file, text] of Object.entries(files)) writeFileSync(join(mountPoint, 'a', file), text);
  const made = new Hierarchy(mountPoint, openat(AT_FDCWD, mountPoint, O_RDONLY), controllers);
  opened.push(made);
  return made;
}
const together = (legacy: readonly Hierarchy[], unified?: Hierarchy) => ({
  unified,
  with: (controller: string) => legacy.find((each) => each.controllers.has(controller)),
});

const oldFiles = {
  cpu: { 'cpu.shares': '1024\n', 'cpu.cfs_quota_us': '25000\n', 'cpu.cfs_period_us': '100000\n' },
  memory: { 'memory.limit_in_bytes': '9223372036854771712\n', 'cgroup.procs': '1\n' },
  pids: { 'pids.max': 'max\n' },
  freezer: { 'freezer.state': 'FROZEN\n' },
  cpuacct: { 'cgroup.procs': '12\n0\n13\n' },
};
const newFiles = {
  'cgroup.controllers': 'cpuset cpu io memory pids\n',
  'cgroup.procs': '7\n',
  'cgroup.events': 'populated 1\nfrozen 0\n',
  'cpu.max': 'max 100000\n',
  'cpu.weight': '100\n',
  'memory.max': '67108864\n',
  'memory.high': 'max\n',
  'pids.max': '77\n',
};

describe('facts of a group', () => {
  test('come out of every hierarchy of version 1 that it is in', () => {
    const legacy = Object.entries(oldFiles).map(([name, files]) => hierarchy(name, [name], files));
    expect(readFacts(together(legacy), 'a', legacy)).toEqual({
      controllers: ['cpu', 'memory', 'pids', 'freezer'],
      processes: 3,
      frozen: true,
      limits: { cpuMaxMillis: 250, cpuWeight: 100, memoryMaxBytes: 'max', pidsMax: 'max' },
      unread: [],
    });
    const alone = legacy.filter(({ controllers }) => controllers.has('memory'));
    expect(readFacts(together(legacy), 'a', alone)).toEqual({
      controllers: ['memory'],
      processes: 1,
      limits: { memoryMaxBytes: 'max' },
      unread: [],
    });
  });

  test('come out of the one tree of version 2, as far as controllers are enabled', () => {
    const unified = hierarchy('unified', [], newFiles);
    expect(readFacts(together([], unified), 'a', [unified])).toEqual({
      controllers: ['cpuset', 'cpu', 'io', 'memory', 'pids'],
      processes: 1,
      frozen: false,
      limits: { cpuMaxMillis: 'max', cpuWeight: 100, memoryMaxBytes: 67_108_864, memoryHighBytes: 'max', pidsMax: 77 },
      unread: [],
    });
    writeFileSync(join(unified.mountPoint, 'a/cgroup.controllers'), 'pids\n');
    expect(readFacts(together([], unified), 'a', [unified])).toMatchObject({ controllers: ['pids'], limits: { pidsMax: 77 } });
    expect(readFacts(together([], unified), 'a', [unified]).limits).toEqual({ pidsMax: 77 });
  });

  test('of a hybrid are those of version 1 first: its controllers are in force', () => {
    const legacy = [hierarchy('pids', ['pids'], { 'pids.max': '5\n', 'cgroup.procs': '' })];
    const unified = hierarchy('unified', [], { ...newFiles, 'cgroup.controllers': '\n' });
    expect(readFacts(together(legacy, unified), 'a', [...legacy, unified])).toEqual({
      controllers: ['pids'],
      processes: 0,
      frozen: false,
      limits: { pidsMax: 5 },
      unread: [],
    });
  });

  test('of a group that is gone are none, without a failure', () => {
    const unified = hierarchy('unified', [], newFiles);
    expect(readFacts(together([], unified), 'gone', [unified])).toEqual({ controllers: [], limits: {}, unread: [] });
    expect(readProcessCount(together([], unified), 'gone', [unified])).toBe(undefined);
    expect(readFiles([unified], 'gone')).toEqual([]);
  });

  test('that nobody understands are absent and named; the others are told', () => {
    const unified = hierarchy('unified', [], { ...newFiles, 'memory.max': 'lots\n', 'cpu.max': '100000\n', 'cgroup.events': 'frozen 2\n' });
    const { limits, unread, frozen } = readFacts(together([], unified), 'a', [unified]);
    expect(limits).toEqual({ cpuWeight: 100, memoryHighBytes: 'max', pidsMax: 77 });
    expect(frozen).toBe(undefined);
    expect(unread.map((reason) => reason.split(':')[0]).sort()).toEqual(['cgroup.events', 'cpu.max', 'memory.max']);
  });
});

test('files are told as they stand, and those that cannot be read say so', () => {
  const unified = hierarchy('unified', [], { 'pids.max': 'max\n', 'cgroup.kill': '', long: 'x'.repeat(70_000) });
  rmSync(join(unified.mountPoint, 'a/cgroup.kill'));
  writeFileSync(join(unified.mountPoint, 'a/cgroup.kill'), '', { mode: 0o200 });
  const at = (name: string) => join(unified.mountPoint, 'a', name);
  expect(readFiles([unified], 'a')).toEqual([
    { name: 'cgroup.kill', path: at('cgroup.kill'), unreadable: 'it can only be written' },
    { name: 'long', path: at('long'), content: 'x'.repeat(65_536), unreadable: expect.stringContaining('its beginning') },
    { name: 'pids.max', path: at('pids.max'), content: 'max\n' },
  ]);
});

test.each([
  ['FROZEN\n', true],
  ['THAWED\n', false],
  ['FREEZING\n', false],
])('freezer.state %j', (text, frozen) => expect(parseFreezerState(text)).toBe(frozen));
test('freezer.state of another word is garbage', () => expect(() => parseFreezerState('COLD\n')).toThrow('"COLD"'));

test.each([
  ['populated 1\nfrozen 1\n', true],
  ['populated 0\nfrozen 0\n', false],
  ['populated 0\n', undefined],
])('cgroup.events %j', (text, frozen) => expect(parseFrozenEvent(text)).toBe(frozen));

test.each([
  ['', 0],
  ['1\n', 1],
  ['1\n0\n0\n99\n', 4],
])('cgroup.procs %j', (text, count) => expect(parseProcessCount(text)).toBe(count));
