import { describe, expect, test } from 'vitest';
import type { FileIntent } from './intent.ts';
import { translateFiles } from './translate.ts';
import type { Version } from './words.ts';

const at = { line: 1, column: 1 };
/** `cpu cpu.shares=200` */
const files = (...lines: string[]): FileIntent[] =>
  lines.map((line) => {
    const [, controller = '', file = '', value = ''] = /^(\S+) ([^=]+)=(.*)$/s.exec(line) ?? [];
    return { controller, file, value, at, valueAt: at };
  });
const writesOf = (version: Version, lines: string[], held?: Record<string, string>): string[] => {
  const { writes, faults } = translateFiles(version, files(...lines), held === undefined ? {} : { held: (file) => held[file] });
  expect(faults).toEqual([]);
  return writes.map(({ controller, file, value }) => `${controller}: ${file} = ${value}`);
};
const lossesOf = (version: Version, lines: string[]) =>
  translateFiles(version, files(...lines)).losses.map(({ code, reason }) => `${code}: ${reason}`);
const faultsOf = (version: Version, lines: string[], held?: Record<string, string>): string[] =>
  translateFiles(version, files(...lines), held === undefined ? {} : { held: (file) => held[file] }).faults.map(({ what }) => what);

describe('a new group, on v1 and on v2', () => {
  test.each<[string, string[], string[], string[]]>([
    ['shares', ['cpu cpu.shares=200'], ['cpu: cpu.shares = 200'], ['cpu: cpu.weight = 20']],
    ['shares', ['cpu cpu.shares=800'], ['cpu: cpu.shares = 800'], ['cpu: cpu.weight = 78']],
    ['what a new group has anyway', ['cpu cpu.shares=1024'], [], []],
    ['a weight', ['cpu cpu.weight=50'], ['cpu: cpu.shares = 512'], ['cpu: cpu.weight = 50']],
    [
      'a quota, in whatever order its files stand',
      ['cpu cpu.cfs_quota_us=50000', 'cpu cpu.cfs_period_us=200000'],
      ['cpu: cpu.cfs_period_us = 200000', 'cpu: cpu.cfs_quota_us = 50000'],
      ['cpu: cpu.max = 50000 200000'],
    ],
    ['no quota', ['cpu cpu.max=max 100000'], [], []],
    ['a quota of v2', ['cpu cpu.max=50000 100000'], ['cpu: cpu.cfs_quota_us = 50000'], ['cpu: cpu.max = 50000 100000']],
    [
      'memory with a suffix',
      ['memory memory.limit_in_bytes=512M'],
      ['memory: memory.limit_in_bytes = 536870912'],
      ['memory: memory.max = 536870912'],
    ],
    ['no limit as -1', ['memory memory.limit_in_bytes=-1'], [], []],
    [
      'memory and swap together, the sum first',
      ['memory memory.memsw.limit_in_bytes=768M', 'memory memory.limit_in_bytes=512M'],
      ['memory: memory.limit_in_bytes = 536870912', 'memory: memory.memsw.limit_in_bytes = 805306368'],
      ['memory: memory.max = 536870912', 'memory: memory.swap.max = 268435456'],
    ],
    ['processes', ['pids pids.max=64'], ['pids: pids.max = 64'], ['pids: pids.max = 64']],
    ['processors', ['cpuset cpuset.cpus=3,0-1'], ['cpuset: cpuset.cpus = 0-1,3'], ['cpuset: cpuset.cpus = 0-1,3']],
    ['the freezer', ['freezer freezer.state=FROZEN'], ['freezer: freezer.state = FROZEN'], ['cgroup: cgroup.freeze = 1']],
    ['freezing in words of v2', ['cgroup cgroup.freeze=1'], ['freezer: freezer.state = FROZEN'], ['cgroup: cgroup.freeze = 1']],
    [
      'a disk, line by line',
      ['blkio blkio.throttle.read_bps_device=8:0 1048576', 'blkio blkio.throttle.write_iops_device=8:0 100'],
      ['blkio: blkio.throttle.read_bps_device = 8:0 1048576', 'blkio: blkio.throttle.write_iops_device = 8:0 100'],
      ['io: io.max = 8:0 rbps=1048576 wiops=100'],
    ],
    ['the weight of a disk', ['blkio blkio.weight=300'], ['blkio: blkio.weight = 300'], ['io: io.weight = default 2930']],
    ['a class of tc', ['net_cls net_cls.classid=0x100001'], ['net_cls: net_cls.classid = 0x100001'], []],
    [
      'devices',
      ['devices devices.deny=a *:* rwm', 'devices devices.allow=c 1:3 rwm\nc 1:5 rwm'],
      ['devices: devices.deny = a', 'devices: devices.allow = c 1:3 rwm', 'devices: devices.allow = c 1:5 rwm'],
      ['cgroup: device program = deny a *:* rwm\nallow c 1:3 rwm\nallow c 1:5 rwm'],
    ],
    ['a file that no setting speaks of', ['cpuset cpuset.memory_migrate=1'], ['cpuset: cpuset.memory_migrate = 1'], []],
  ])('%s: %j', (_what, lines, legacy, unified) => {
    expect(writesOf(1, lines)).toEqual(legacy);
    expect(writesOf(2, lines)).toEqual(unified);
  });
});

describe('a group that is there', () => {
  test('what it holds already is not written again', () => {
    expect(writesOf(1, ['cpu cpu.shares=200'], { 'cpu.shares': '200' })).toEqual([]);
    expect(writesOf(1, ['memory memory.limit_in_bytes=512M'], { 'memory.limit_in_bytes': '536870912' })).toEqual([]);
    expect(writesOf(2, ['cpu cpu.shares=200'], { 'cpu.weight': '20' })).toEqual([]);
    expect(writesOf(2, ['io io.weight=200'], { 'io.weight': 'default 200\n8:0 50' })).toEqual([]);
    expect(writesOf(1, ['net_cls net_cls.classid=0x100001'], { 'net_cls.classid': '1048577' })).toEqual([]);
  });
  test('shares that mean the same weight are written all the same: 200 is 200', () => {
    expect(
      translateFiles(1, files('cpu cpu.shares=200'), { held: (file) => (file === 'cpu.shares' ? '205' : undefined) }).writes,
    ).toMatchObject([{ file: 'cpu.shares', value: '200', before: '205', undo: '205' }]);
  });
  test('a quota above its period is never held on the way', () => {
    expect(
      writesOf(1, ['cpu cpu.cfs_period_us=10000', 'cpu cpu.cfs_quota_us=5000'], {
        'cpu.cfs_period_us': '100000',
        'cpu.cfs_quota_us': '50000',
      }),
    ).toEqual(['cpu: cpu.cfs_quota_us = -1', 'cpu: cpu.cfs_period_us = 10000', 'cpu: cpu.cfs_quota_us = 5000']);
  });
  test('what a kernel does not have is told before anything is written', () => {
    const { faults, writes } = translateFiles(1, files('cpu cpu.rt_runtime_us=1000', 'cpu cpu.of_tomorrow=1'), {
      held: () => undefined,
      hasFile: () => false,
    });
    expect(faults.map(({ what }) => what)).toEqual(['this kernel has no cpu.rt_runtime_us', 'this kernel has no cpu.of_tomorrow']);
    expect(writes).toEqual([]);
  });
  test('a file of tomorrow is written as it stands where the kernel has it', () => {
    expect(
      translateFiles(2, files('cpu cpu.of_tomorrow=1 2'), {
        held: (file) => (file === 'cpu.of_tomorrow' ? '0' : undefined),
        hasFile: () => true,
      }).writes,
    ).toMatchObject([{ controller: 'cpu', file: 'cpu.of_tomorrow', value: '1 2', before: '0', undo: '0' }]);
  });
});

describe('what is lost is said', () => {
  test.each<[Version, string, string]>([
    [2, 'memory memory.soft_limit_in_bytes=256M', 'no-equivalent: All of it.'],
    [2, 'memory memory.swappiness=10', 'no-equivalent: v2 has it for the whole host'],
    [2, 'net_cls net_cls.classid=1', 'no-equivalent: nftables'],
    [2, 'memory memory.use_hierarchy=1', 'no-equivalent: v2 always counts what is below as well'],
    [2, 'cpu cpu.rt_runtime_us=1000', 'no-equivalent: v2 hands out no real-time time'],
    [2, 'cpu cpu.shares=200', 'approximate: Shares between two weights'],
    [1, 'memory memory.high=256M', 'no-equivalent: v1 has none'],
    [1, 'cgroup cgroup.max.depth=2', 'no-equivalent: v1 has none'],
    [1, 'cpu cpu.of_tomorrow=1', 'unknown-file: cpu.of_tomorrow is not known here'],
    [2, 'cpu cpu.of_tomorrow=1', 'unknown-file: cpu.of_tomorrow is not known here'],
    [1, 'cpuacct cpuacct.usage_percpu=0', 'read-only: cpuacct.usage_percpu can only be read'],
  ])('on v%i: %s', (version, line, loss) => {
    const [first] = lossesOf(version, [line]);
    expect(first).toContain(loss);
  });
});

describe('what cannot be', () => {
  test.each<[Version, string[], string]>([
    [1, ['cpu cpu.shares=many'], 'cpu.shares'],
    [2, ['cpu cpu.shares=many'], 'cpu.shares'],
    [2, ['cpu cpu.weight=0'], 'the kernel takes 1 to 10000'],
    [1, ['cpuset cpuset.cpus=abc123'], 'cpuset.cpus'],
    [1, ['memory memory.limit_in_bytes=1G', 'memory memory.memsw.limit_in_bytes=512M'], 'memory.swap.max'],
    [1, ['memory memory.memsw.limit_in_bytes=512M'], 'memory.memsw.limit_in_bytes cannot be 512M here'],
    [1, ['cpu tasks=1'], 'tasks is no setting: it moves a process'],
    [2, ['cgroup cgroup.kill=1'], 'cgroup.kill is no setting'],
    [1, ['devices devices.allow=everything'], 'devices'],
  ])('on v%i: %j', (version, lines, fault) => expect(faultsOf(version, lines)).toEqual([expect.stringContaining(fault)]));
});
