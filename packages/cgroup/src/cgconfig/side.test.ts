import { describe, expect, test } from 'vitest';
import { articleConfig, examples } from '../../test/cgconfig-samples.ts';
import { parseAccounts } from './accounts.ts';
import { readIntent } from './intent.ts';
import { parseConfig } from './parser.ts';
import { type ConfigHost, planSide, type Side } from './side.ts';
import type { Version } from './words.ts';

const accounts = parseAccounts({ passwd: 'root:x:0:0\n', group: 'root:x:0:\nadm:x:4:\nusers:x:100:\nwww-data:x:33:\n' });

/** A host in words: where its controllers are, and what groups hold (`cpu /a cpu.shares`). */
function hostOf(versions: Record<string, Version>, files: Record<string, string> = {}): ConfigHost {
  return {
    versionOf: (controller) => versions[controller],
    exists: (_version, controller, path) => Object.keys(files).some((key) => key.startsWith(`${controller} ${path} `)),
    read: (_version, controller, path, file) => files[`${controller} ${path} ${file}`],
    hasFile: () => undefined,
  };
}
const legacy = hostOf({ cpu: 1, cpuacct: 1, memory: 1, freezer: 1, pids: 1, devices: 1, blkio: 1 });
const unified = hostOf({ cpu: 2, memory: 2, pids: 2, blkio: 2, io: 2, cgroup: 2, cpuacct: 2, freezer: 2, devices: 2, net_cls: 2 });

const sideOf = (version: Version, text: string, host: ConfigHost): Side =>
  planSide(version, readIntent(parseConfig(text), text, accounts), { text, host });
const told = ({ groups }: Side): string[] =>
  groups.map(
    ({ path, controllers, here, writes }) =>
      `${here ? 'here' : 'elsewhere'} ${path} [${controllers.join(' ')}]${writes.map(({ file, value }) => ` ${file}=${value}`).join('')}`,
  );
const faultsOf = ({ faults }: Side): string[] => faults.map(({ here, fault }) => `${here ? 'here' : 'elsewhere'}: ${fault.message}`);

describe('on both versions', () => {
  test("the article's file, wherever the host has its controllers", () => {
    expect(told(sideOf(1, articleConfig, legacy))).toEqual(['here /lesscpu [cpu] cpu.shares=200', 'here /morecpu [cpu] cpu.shares=800']);
    expect(told(sideOf(2, articleConfig, legacy))).toEqual([
      'elsewhere /lesscpu [cpu] cpu.weight=20',
      'elsewhere /morecpu [cpu] cpu.weight=78',
    ]);
    expect(told(sideOf(1, articleConfig, unified))).toEqual([
      'elsewhere /lesscpu [cpu] cpu.shares=200',
      'elsewhere /morecpu [cpu] cpu.shares=800',
    ]);
    expect(told(sideOf(2, articleConfig, unified))).toEqual(['here /lesscpu [cpu] cpu.weight=20', 'here /morecpu [cpu] cpu.weight=78']);
  });
  test('a group of a hybrid host is in part of the one and in part of the other', () => {
    const hybrid = hostOf({ cpu: 1, memory: 2, cgroup: 2 });
    const text = 'group a { cpu { cpu.shares = 200; } memory { memory.limit_in_bytes = 1M; } }';
    expect(told(sideOf(1, text, hybrid))).toEqual(['here /a [cpu] cpu.shares=200', 'elsewhere /a [memory] memory.limit_in_bytes=1048576']);
    expect(told(sideOf(2, text, hybrid))).toEqual(['elsewhere /a [cpu] cpu.weight=20', 'here /a [memory] memory.max=1048576']);
  });
  test('controllers of v1 that v2 has otherwise, or not at all', () => {
    const text =
      'group a { cpuacct {} blkio { blkio.throttle.read_bps_device = "8:0 1000"; } freezer { freezer.state = FROZEN; } net_cls { net_cls.classid = 1; } }';
    const side = sideOf(2, text, unified);
    expect(told(side)).toEqual(['here /a [cpu io] io.max=8:0 rbps=1000 cgroup.freeze=1']);
    expect(side.groups[0]?.notes.map(({ code }) => code)).toEqual(['controller-of-v1', 'controller-of-v1', 'no-equivalent']);
  });
  test('words of v2 bring the controller along that v1 has them in', () => {
    expect(told(sideOf(1, 'group a { cgroup { cgroup.freeze = 1; } }', legacy))).toEqual(['elsewhere /a [freezer] freezer.state=FROZEN']);
  });
  test('a group without a controller is one of v2 alone', () => {
    const text = 'group a { perm { task { uid = 0; } admin { uid = 0; } } }';
    expect(told(sideOf(2, text, unified))).toEqual(['here /a []']);
    const side = sideOf(1, text, unified);
    expect(told(side)).toEqual(['elsewhere /a []']);
    expect(side.groups[0]?.notes).toMatchObject([{ code: 'no-controller' }]);
  });
});

describe('namespaces', () => {
  test('each controller of v1 has its own; on v2 there is one tree', () => {
    const text = 'namespace { cpu = daemons; } group web { cpu {} memory {} }';
    expect(told(sideOf(1, text, legacy))).toEqual(['here /daemons/web [cpu]', 'here /web [memory]']);
    expect(told(sideOf(2, text, legacy))).toEqual(['elsewhere /daemons/web [cpu memory]']);
    expect(told(sideOf(1, examples.namespaces, legacy))).toEqual(['here /daemons/web [cpu cpuacct] cpu.shares=700']);
  });
  test('the root group of a namespace is the namespace', () => {
    expect(told(sideOf(1, 'namespace { cpu = daemons; } group . { cpu {} }', legacy))).toEqual(['here /daemons [cpu]']);
    expect(told(sideOf(1, 'group . { cpu {} }', legacy))).toEqual(['here / [cpu]']);
  });
});

describe('a group that is there', () => {
  const host = hostOf({ cpu: 1, memory: 1, cpuacct: 1 }, { 'cpu /a cpu.shares': '300', 'cpuacct /a cpuacct.usage': '5' });
  test('is told with what stands there', () => {
    const [group] = sideOf(1, 'group a { cpu { cpu.shares = 200; } memory {} }', host).groups;
    expect(group).toMatchObject({ missing: ['memory'], writes: [{ file: 'cpu.shares', value: '200', before: '300', undo: '300' }] });
  });
  test('holds already what it is to hold', () => {
    expect(sideOf(1, 'group a { cpu { cpu.shares = 300; } }', host).groups[0]).toMatchObject({
      missing: [],
      writes: [],
      same: [{ file: 'cpu.shares', value: '300' }],
    });
  });
});

describe('what is wrong', () => {
  test('here it is a fault of the file, elsewhere it is told', () => {
    const text = 'group a {\n cpu { memory.limit_in_bytes = 1M; } }';
    const fault = 'line 2, column 8: memory.limit_in_bytes is a file of memory, and stands in the section of cpu';
    expect(faultsOf(sideOf(1, text, legacy))).toEqual([`here: ${fault}`]);
    expect(faultsOf(sideOf(1, text, unified))).toEqual([`elsewhere: ${fault}`]);
  });
  test('the root of v2 has no limits', () => {
    expect(faultsOf(sideOf(2, 'group . { cpu { cpu.shares = 200; } }', unified))).toEqual([
      'here: line 1, column 17: the root group of version 2 has no cpu.weight: it cannot be limited',
    ]);
  });
  test('what moves or ends processes is no setting', () => {
    expect(faultsOf(sideOf(1, 'group a { cpu { tasks = 1; } }', legacy))).toEqual([
      expect.stringContaining('line 1, column 25: tasks is no setting'),
    ]);
  });
});

test('who may move processes is told on v2, which has no tasks file', () => {
  const text = 'group a { perm { task { gid = users; } admin { uid = 0; } } cpu {} }';
  expect(sideOf(2, text, unified).groups[0]).toMatchObject({
    permissions: { task: { gid: 100 } },
    notes: [{ code: 'task-on-v2', at: { line: 1, column: 11 } }],
  });
});
