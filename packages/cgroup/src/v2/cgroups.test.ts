import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AT_FDCWD, O_DIRECTORY, O_RDONLY, openat } from '@bulkhead/kernel';
import { Problem } from '@bulkhead/model';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Hierarchy } from '../hierarchy.ts';
import { UnifiedCgroups } from './index.ts';

// A directory tree with the files of a v2 tree: what is written stays where it was written, which is what is looked at.
let root: string;
let tree: Hierarchy;
const controllers = 'cpuset cpu io memory hugetlb pids\n';

function makeGroup(path: string, files: Record<string, string>): void {
  const directory = join(root, path);
  mkdirSync(directory, { recursive: true });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text);
}
const fileOf = (path: string) => readFileSync(join(root, path), 'utf8');

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'bulkhead-cgroup-v2-'));
  makeGroup('', { 'cgroup.controllers': controllers, 'cgroup.subtree_control': '' });
  tree = new Hierarchy(root, openat(AT_FDCWD, root, O_RDONLY | O_DIRECTORY), []);
});
afterEach(() => {
  tree[Symbol.dispose]();
  rmSync(root, { recursive: true });
});

test('names the controllers that are there', () => {
  expect([...new UnifiedCgroups(tree).controllers].sort()).toEqual(['cpu', 'cpuset', 'freezer', 'io', 'memory', 'pids']);
});

test('hands controllers down on the way, and none below the group itself', () => {
  makeGroup('a', { 'cgroup.controllers': 'cpu memory pids\n', 'cgroup.subtree_control': '' });
  makeGroup('a/b', { 'cgroup.controllers': 'cpu memory pids\n', 'cgroup.subtree_control': '' });
  const cgroups = new UnifiedCgroups(tree);
  cgroups.create('a/b/init');
  expect(fileOf('cgroup.subtree_control')).toBe('+cpuset +cpu +io +memory +pids');
  expect(fileOf('a/cgroup.subtree_control')).toBe('+cpu +memory +pids');
  expect(fileOf('a/b/cgroup.subtree_control')).toBe('+cpu +memory +pids');
  expect(cgroups.children('a/b')).toEqual(['a/b/init']);
  expect(cgroups.exists('a/b/init')).toBe(true);
});

test('asks for no controller that is handed down already', () => {
  makeGroup('', { 'cgroup.subtree_control': 'cpuset cpu io memory\n' });
  new UnifiedCgroups(tree).create('a');
  expect(fileOf('cgroup.subtree_control')).toMatch(/^\+pids/);
});

test('divides what was delegated, and writes nothing above it', () => {
  makeGroup('system.slice', { 'cgroup.controllers': controllers, 'cgroup.subtree_control': '' });
  makeGroup('system.slice/ours.scope', { 'cgroup.controllers': 'cpu memory pids\n', 'cgroup.subtree_control': '' });
  const cgroups = new UnifiedCgroups(tree, 'system.slice/ours.scope');
  expect([...cgroups.controllers].sort()).toEqual(['cpu', 'freezer', 'memory', 'pids']);
  cgroups.create('system.slice/ours.scope/a');
  expect(fileOf('cgroup.subtree_control')).toBe('');
  expect(fileOf('system.slice/cgroup.subtree_control')).toBe('');
  expect(fileOf('system.slice/ours.scope/cgroup.subtree_control')).toBe('+cpu +memory +pids');
  expect(cgroups.exists('system.slice/ours.scope/a')).toBe(true);
  expect(() => new UnifiedCgroups(tree, 'system.slice/gone.scope').create('system.slice/gone.scope/a')).toThrow();
  expect(cgroups.exists('system.slice/gone.scope')).toBe(false);
});

describe('limits', () => {
  const limitFiles = { 'cpu.max': '', 'cpu.weight': '', 'memory.max': '', 'pids.max': '' };

  test('are written and read back', () => {
    makeGroup('a', { 'cgroup.controllers': controllers, ...limitFiles });
    const cgroups = new UnifiedCgroups(tree);
    const limits = { memoryMaxBytes: 67_108_864, cpuWeight: 50, cpuMaxMillis: 500, pidsMax: 20 };
    cgroups.setLimits('a', limits);
    expect(fileOf('a/cpu.max')).toBe('50000 100000');
    expect(fileOf('a/cpu.weight')).toBe('50');
    expect(fileOf('a/memory.max')).toBe('67108864');
    expect(fileOf('a/pids.max')).toBe('20');
    expect(cgroups.limits('a')).toEqual(limits);
  });

  test('that are not given are left as they are', () => {
    makeGroup('a', { 'cgroup.controllers': controllers, ...limitFiles, 'pids.max': 'max\n' });
    new UnifiedCgroups(tree).setLimits('a', { cpuWeight: 7 });
    expect([fileOf('a/cpu.weight'), fileOf('a/cpu.max'), fileOf('a/memory.max'), fileOf('a/pids.max')]).toEqual(['7', '', '', 'max\n']);
  });

  test('none read as max, and files that are not there as absent', () => {
    makeGroup('a', { 'cpu.max': 'max 100000\n', 'memory.max': 'max\n', 'pids.max': 'max\n' });
    makeGroup('b', {});
    const cgroups = new UnifiedCgroups(tree);
    expect(cgroups.limits('a')).toEqual({ cpuMaxMillis: 'max', memoryMaxBytes: 'max', pidsMax: 'max' });
    expect(cgroups.limits('b')).toEqual({});
  });

  test('without their controller name it, and what it was wanted for', () => {
    makeGroup('a', { 'cgroup.controllers': 'cpu\n' });
    const cgroups = new UnifiedCgroups(tree);
    for (const [limits, words] of [
      [{ memoryMaxBytes: 67_108_864 }, /memory.*67108864 bytes/],
      [{ pidsMax: 20 }, /pids.*20 processes/],
    ] as const) {
      expect(() => cgroups.setLimits('a', limits)).toThrow(words);
      expect(() => cgroups.setLimits('a', limits)).toThrow(expect.objectContaining({ code: 'unsupported' }));
    }
  });
});

describe('a reader', () => {
  test('reads what the kernel has and leaves out what it lacks', () => {
    makeGroup('a', { 'cpu.stat': 'usage_usec 5\nuser_usec 4\nsystem_usec 1\n', 'memory.current': '4096\n', 'pids.current': '2\n' });
    using reader = new UnifiedCgroups(tree).reader('a');
    expect(reader.read()).toEqual({
      cpuUsageUsec: '5',
      cpuUserUsec: '4',
      cpuSystemUsec: '1',
      memoryCurrentBytes: '4096',
      pidsCurrent: '2',
    });
    makeGroup('a', { 'pids.current': '17\n' });
    expect(reader.read().pidsCurrent).toBe('17');
  });

  test('names file and line of garbage', () => {
    makeGroup('a', { 'memory.current': 'plenty\n' });
    using reader = new UnifiedCgroups(tree).reader('a');
    expect(() => reader.read()).toThrow(`${root}/a/memory.current: not a number: "plenty"`);
  });

  test('many at once: one with garbage does not hold up the others', () => {
    for (const [path, text] of [
      ['a', '1\n'],
      ['b', 'x\n'],
      ['c', '3\n'],
    ] as const)
      makeGroup(path, { 'memory.current': text, 'pids.current': '1\n' });
    const cgroups = new UnifiedCgroups(tree);
    const readers = ['a', 'b', 'c'].map((path) => cgroups.reader(path));
    const [first, second, third] = cgroups.readMany(readers);
    for (const reader of readers) reader[Symbol.dispose]();
    expect(first).toEqual({ reading: { memoryCurrentBytes: '1', pidsCurrent: '1' } });
    expect(second).toEqual({ failure: expect.objectContaining({ line: 'x' }) });
    expect(third).toEqual({ reading: { memoryCurrentBytes: '3', pidsCurrent: '1' } });
  });

  test('reads a file longer than its buffer to the end', () => {
    const line = (device: number) => `8:${device} rbytes=1 wbytes=2 rios=3 wios=4 dbytes=0 dios=0\n`;
    makeGroup('a', { 'io.stat': Array.from({ length: 1000 }, (_, index) => line(index)).join('') });
    using reader = new UnifiedCgroups(tree).reader('a');
    expect(reader.read()).toEqual({ ioReadBytes: '1000', ioWriteBytes: '2000', ioReadOperations: '3000', ioWriteOperations: '4000' });
  });

  test('of a group that is not there throws ENOENT', () => {
    expect(() => new UnifiedCgroups(tree).reader('a')).toThrow(expect.objectContaining({ code: 'ENOENT' }));
  });
});

test('processes of a group and everything below it, each once, foreign pid namespaces left out', () => {
  makeGroup('a', { 'cgroup.procs': '' });
  makeGroup('a/init', { 'cgroup.procs': '12\n7\n' });
  makeGroup('a/exec-1', { 'cgroup.procs': '7\n0\n9\n' });
  makeGroup('b', { 'cgroup.procs': '99\n' });
  expect(new UnifiedCgroups(tree).processes('a').sort()).toEqual([12, 7, 9]);
});

test('no path leads out of the tree', () => {
  const cgroups = new UnifiedCgroups(tree);
  const calls = [
    () => cgroups.create('../x'),
    () => cgroups.setLimits('/etc', {}),
    () => cgroups.limits('a/..'),
    () => cgroups.entry('..'),
    () => cgroups.reader('a//b'),
    () => cgroups.processes(''),
    () => cgroups.children('.'),
    () => cgroups.exists('a/../../etc'),
  ];
  for (const call of calls) expect(call).toThrow(Problem);
});
