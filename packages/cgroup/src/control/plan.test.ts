import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AT_FDCWD, O_DIRECTORY, O_RDONLY, openat } from '@bulkhead/kernel';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Hierarchy } from '../hierarchy.ts';
import type { Hierarchies } from '../tree/hierarchies.ts';
import { hugePageSizes, withDeviceNumbers } from './block-devices.ts';
import { toList, toProgram } from './device-program.ts';
import { HostCgroupControl } from './index.ts';
import { parseMemberships } from './processes.ts';

// Directories with the files of real trees: what is planned is looked at, for a plan writes nothing.
let root: string;
let opened: Hierarchy[];
let control: HostCgroupControl;

function make(path: string, files: Record<string, string>): void {
  mkdirSync(join(root, path), { recursive: true });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(root, path, name), text);
}
function open(name: string, controllers: string[]): Hierarchy {
  const hierarchy = new Hierarchy(join(root, name), openat(AT_FDCWD, join(root, name), O_RDONLY | O_DIRECTORY), controllers);
  opened.push(hierarchy);
  return hierarchy;
}
function use(legacy: Hierarchy[], unified: Hierarchy | undefined): void {
  const hierarchies: Hierarchies = {
    setup: legacy.length === 0 ? 'unified' : unified === undefined ? 'legacy' : 'hybrid',
    legacy,
    unified,
    all: [...legacy, ...(unified === undefined ? [] : [unified])],
    with: (controller) => legacy.find((each) => each.controllers.has(controller)),
    [Symbol.dispose]() {},
  };
  control = new HostCgroupControl(hierarchies);
}
const group = (controllers: string, more: Record<string, string> = {}): Record<string, string> => ({
  'cgroup.controllers': `${controllers}\n`,
  'cgroup.subtree_control': '\n',
  'cgroup.type': 'domain\n',
  'cgroup.procs': '',
  ...more,
});
const all = 'cpuset cpu io memory hugetlb pids rdma misc';
const limits = {
  'cpu.weight': '100\n',
  'cpu.max': 'max 100000\n',
  'cpu.max.burst': '0\n',
  'cpu.idle': '0\n',
  'memory.max': 'max\n',
  'memory.swap.max': 'max\n',
  'memory.high': 'max\n',
  'pids.max': 'max\n',
  'io.max': '',
  'io.weight': 'default 100\n',
  'cpuset.cpus': '\n',
};

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'bulkhead-control-'));
  opened = [];
});
afterEach(() => {
  for (const hierarchy of opened) hierarchy[Symbol.dispose]();
  rmSync(root, { recursive: true });
});

const inShort = (path: string, changes: Record<string, string>, enableControllers = false): string[] =>
  control
    .plan(
      path,
      Object.entries(changes).map(([key, value]) => ({ key, value })),
      { enableControllers },
    )
    .steps.map(({ file, before, after }) => `${file.slice(root.length + 1)}: ${before ?? '?'} → ${after}`);
const refusing = (code: string, ...words: string[]) =>
  expect.objectContaining({ code, message: expect.stringMatching(new RegExp(words.join('.*'), 's')) });

describe('a host with version 2 alone', () => {
  beforeEach(() => {
    make('tree', { 'cgroup.controllers': `${all}\n`, 'cgroup.subtree_control': 'cpuset cpu io memory pids\n', 'cgroup.procs': '1\n' });
    make('tree/a', group('cpuset cpu io memory pids', limits));
    use([], open('tree', []));
  });

  test('is planned in its own words', () => {
    expect(inShort('/a', { 'cpu.weight': '20', 'cpu.max': '50000', 'memory.high': '1G' })).toEqual([
      'tree/a/cpu.weight: 100 → 20',
      'tree/a/cpu.max: max 100000 → 50000 100000',
      'tree/a/memory.high: max → 1073741824',
    ]);
  });

  test('takes the words of version 1', () => {
    expect(inShort('/a', { 'cpu.shares': '800', 'cpuset.cpus': '0' })).toEqual(['tree/a/cpu.weight: 100 → 78', 'tree/a/cpuset.cpus:  → 0']);
  });

  test('converts memory with swap by what memory will be', () => {
    expect(inShort('/a', { 'memory.limit_in_bytes': '64M', 'memory.memsw.limit_in_bytes': '96M' })).toEqual([
      'tree/a/memory.max: max → 67108864',
      'tree/a/memory.swap.max: max → 33554432',
    ]);
    expect(inShort('/a', { 'cpu.cfs_period_us': '50000', 'cpu.cfs_quota_us': '25000' }).at(-1)).toBe(
      'tree/a/cpu.max: max 50000 → 25000 50000',
    );
    expect(inShort('/a', { 'blkio.bfq.weight': '300', 'blkio.throttle.read_bps_device': '8:0 1048576' })).toEqual([
      'tree/a/io.weight: default 100 → default 300',
      'tree/a/io.max:  → 8:0 rbps=1048576',
    ]);
  });

  test('says what has no word on version 2, and what the kernel lacks', () => {
    expect(() => inShort('/a', { 'memory.soft_limit_in_bytes': '1G' })).toThrow(refusing('unsupported', 'soft_limit', 'memory.low'));
    expect(() => inShort('/a', { 'cpu.rt_runtime_us': '1000' })).toThrow(refusing('unsupported', 'version 2', 'real-time'));
    expect(() => inShort('/a', { 'memory.min': '1G' })).toThrow(refusing('unsupported', 'has no memory.min', '4.18'));
    expect(() => inShort('/a', { 'net_cls.classid': '10:1' })).toThrow(refusing('unsupported', 'net_cls', 'nftables'));
    expect(() => inShort('/a', { 'rdma.max': 'x' })).toThrow(refusing('unsupported', 'rdma'));
    expect(() => inShort('/a', { 'cpuset.cpus.effective': '0' })).toThrow(/./);
  });

  test('hands controllers down only where that is asked for, from the outside in', () => {
    make('tree/a/b', group('', {}));
    make('tree/a/b/c', group('', {}));
    expect(() => inShort('/a/b/c', { 'pids.max': '5' })).toThrow(refusing('unsupported', '/a does not hand the controller pids down'));
    expect(inShort('/a/b/c', { 'pids.max': '5', 'memory.max': '1M' }, true)).toEqual([
      'tree/a/cgroup.subtree_control:  → +memory +pids',
      'tree/a/b/cgroup.subtree_control:  → +memory +pids',
      'tree/a/b/c/memory.max: ? → 1048576',
      'tree/a/b/c/pids.max: ? → 5',
    ]);
    make('tree/a/b', { 'cgroup.procs': '77\n' });
    expect(() => inShort('/a/b/c', { 'pids.max': '5' }, true)).toThrow(
      refusing('conflict', '/a/b holds processes itself', 'no internal processes'),
    );
    // The root is exempt, and so is what is handed down already.
    expect(inShort('/a', { 'pids.max': '5' }, true)).toEqual(['tree/a/pids.max: max → 5']);
  });

  test('names threaded and domain-invalid groups', () => {
    make('tree/t', group('cpu pids', { 'cgroup.type': 'threaded\n', 'cpu.weight': '100\n', 'pids.max': 'max\n' }));
    make('tree/i', group('cpu memory', { 'cgroup.type': 'domain invalid\n', ...limits }));
    expect(() => inShort('/t', { 'memory.max': '1M' })).toThrow(refusing('conflict', '/t is threaded', 'memory'));
    expect(inShort('/t', { 'cpu.weight': '5' })).toEqual(['tree/t/cpu.weight: 100 → 5']);
    expect(() => inShort('/i', { 'memory.max': '1M' })).toThrow(refusing('conflict', 'domain invalid'));
  });

  test('puts what makes room for the other first', () => {
    make('tree/a', { 'cpu.max': '50000 100000\n', 'cpu.max.burst': '40000\n', 'cpu.idle': '1\n', 'cpu.weight': '0\n' });
    expect(inShort('/a', { 'cpu.max': '20000', 'cpu.max.burst': '10000' })).toEqual([
      'tree/a/cpu.max.burst: 40000 → 10000',
      'tree/a/cpu.max: 50000 100000 → 20000 100000',
    ]);
    expect(inShort('/a', { 'cpu.max.burst': '60000', 'cpu.max': '80000' })).toEqual([
      'tree/a/cpu.max: 50000 100000 → 80000 100000',
      'tree/a/cpu.max.burst: 40000 → 60000',
    ]);
    expect(() => inShort('/a', { 'cpu.weight': '50' })).toThrow(refusing('conflict', 'is idle'));
    expect(inShort('/a', { 'cpu.weight': '50', 'cpu.idle': '0' })).toEqual(['tree/a/cpu.idle: 1 → 0', 'tree/a/cpu.weight: 0 → 50']);
  });

  test('refuses what is asked for twice, unknown, or too much', () => {
    const twice = [
      { key: 'pids.max', value: '1' },
      { key: 'pids.max', value: '2' },
    ];
    expect(() => control.plan('/a', twice)).toThrow(refusing('invalid', 'asked for twice'));
    expect(() => inShort('/a', { 'cpu.wait': '1' })).toThrow(refusing('invalid', 'no setting'));
    const many = Array.from({ length: 257 }, (_, index) => ({ key: `x${index}`, value: '1' }));
    expect(() => control.plan('/a', many)).toThrow(refusing('exhausted', '256'));
  });

  test('follows no link and takes no file for a group', () => {
    symlinkSync(join(root, 'tree/a'), join(root, 'tree/link'));
    expect(() => control.settings('/link')).toThrow(refusing('conflict', 'symbolic link'));
    expect(() => control.create('/link/x')).toThrow(refusing('conflict', 'symbolic link'));
    symlinkSync('/etc', join(root, 'tree/out'));
    expect(() => inShort('/out', { 'pids.max': '1' })).toThrow(refusing('conflict', 'symbolic link'));
    expect(() => control.settings('/a/pids.max')).toThrow(refusing('invalid', 'is a file'));
  });

  test('warns of limits below what is in use', () => {
    make('tree/a', { 'memory.current': '50000000\n', 'pids.current': '9\n' });
    const warnings = (changes: { key: string; value: string }[]) => control.plan('/a', changes).warnings;
    expect(warnings([{ key: 'memory.max', value: '1M' }])).toEqual([expect.stringContaining('OOM killer')]);
    expect(warnings([{ key: 'pids.max', value: '5' }])).toEqual([expect.stringContaining('It has 9')]);
    expect(
      warnings([
        { key: 'memory.max', value: '1G' },
        { key: 'pids.max', value: 'max' },
      ]),
    ).toEqual([]);
  });

  test('a plan writes nothing', () => {
    inShort('/a', { 'pids.max': '5' });
    expect(readFileSync(join(root, 'tree/a/pids.max'), 'utf8')).toBe('max\n');
  });
});

describe('a host with hierarchies of version 1', () => {
  beforeEach(() => {
    make('cpu', {});
    make('cpu/a', {
      'cpu.shares': '1024\n',
      'cpu.cfs_quota_us': '-1\n',
      'cpu.cfs_period_us': '100000\n',
      'cpu.idle': '0\n',
      'cgroup.procs': '',
    });
    make('cpuset', { 'cpuset.cpus': '0-3\n' });
    make('cpuset/a', { 'cpuset.cpus': '0-1\n', 'cpuset.mems': '0\n' });
    make('tree', { 'cgroup.controllers': '\n', 'cgroup.subtree_control': '\n' });
    use([open('cpu', ['cpu', 'cpuacct']), open('cpuset', ['cpuset'])], open('tree', []));
  });

  test('takes the words of both versions for the same', () => {
    expect(inShort('/a', { 'cpu.weight': '20' })).toEqual(['cpu/a/cpu.shares: 1024 → 205']);
    expect(inShort('/a', { 'cpu.shares': '200' })).toEqual(['cpu/a/cpu.shares: 1024 → 200']);
    expect(() => inShort('/a', { 'cpu.shares': 'many' })).toThrow(refusing('invalid', 'cpu.shares holds "many"'));
  });

  test('tells before writing what the kernel is sure to refuse', () => {
    expect(() => inShort('/a', { 'cpuset.cpus': '0-5' })).toThrow(refusing('invalid', 'has 0-3', 'not 4,5'));
    make('cpu/a', { 'cpu.cfs_quota_us': '50000\n' });
    make('cpu/a/b', { 'cpu.cfs_quota_us': '-1\n', 'cpu.cfs_period_us': '100000\n', 'cpu.shares': '1024\n' });
    expect(() => inShort('/a/b', { 'cpu.max': '60000 100000' })).toThrow(refusing('invalid', '50000 100000'));
    expect(() => inShort('/a/b', { 'cpu.cfs_quota_us': '60000' })).toThrow(refusing('invalid', '50000 100000'));
    expect(inShort('/a/b', { 'cpu.max': '30000 60000' })).toEqual([
      'cpu/a/b/cpu.cfs_period_us: 100000 → 60000',
      'cpu/a/b/cpu.cfs_quota_us: -1 → 30000',
    ]);
  });

  test('says which hierarchy lacks the group, and which controller nobody has', () => {
    make('cpu/only', { 'cpu.shares': '1024\n' });
    expect(() => inShort('/only', { 'cpuset.cpus': '0' })).toThrow(refusing('unsupported', 'has no group /only'));
    expect(() => inShort('/a', { 'memory.max': '1M' })).toThrow(refusing('unsupported', 'no controller memory'));
    expect(() => inShort('/a', { 'cpuset.cpus.partition': 'root' })).toThrow(refusing('unsupported', 'version 1', 'cpu_exclusive'));
  });
});

test('groups of a process, each hierarchy by its controllers (cgroups(7))', () => {
  expect(parseMemberships('12:name=systemd:/x\n4:cpu,cpuacct:/a b:c\n0::/gone (deleted)\nrubbish\n')).toEqual([
    { controllers: ['name=systemd'], path: 'x' },
    { controllers: ['cpu', 'cpuacct'], path: 'a b:c' },
    { controllers: [], path: 'gone' },
  ]);
});

test('disks by name are disks by number, and partitions and strangers are refused', () => {
  make('block/sda', { dev: '8:0\n' });
  make('block/sda1', { dev: '8:1\n', partition: '1\n' });
  const at = join(root, 'block');
  expect(withDeviceNumbers('io.max', 'sda rbps=1\n8:16 wbps=2\n/dev/sda wiops=3', at)).toBe('8:0 rbps=1\n8:16 wbps=2\n8:0 wiops=3');
  expect(withDeviceNumbers('io.weight', '100\ndefault 200\nsda 50', at)).toBe('100\ndefault 200\n8:0 50');
  expect(() => withDeviceNumbers('io.max', 'sda1 rbps=1', at)).toThrow(refusing('invalid', 'sda1 is a partition'));
  expect(() => withDeviceNumbers('io.max', 'sdz rbps=1', at)).toThrow(refusing('invalid', 'no disk sdz'));
});

test('huge pages by the names that control groups give them', () => {
  for (const name of ['hugepages-2048kB', 'hugepages-1048576kB', 'hugepages-64kB', 'other'])
    mkdirSync(join(root, 'huge', name), { recursive: true });
  expect(hugePageSizes(join(root, 'huge')).sort()).toEqual(['1GB', '2MB', '64KB']);
  expect(hugePageSizes(join(root, 'none'))).toEqual([]);
});

test('a list of devices is a program and comes back', () => {
  const list = {
    allowed: false,
    exceptions: [
      { allow: true, type: 'c' as const, major: 1, minor: 3, access: 'rw' },
      { allow: true, type: 'b' as const, major: 8, minor: '*' as const, access: 'rwm' },
      { allow: true, type: 'c' as const, major: '*' as const, minor: '*' as const, access: 'm' },
    ],
  };
  expect(toList(toProgram(list))).toEqual(list);
});
