import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AT_FDCWD, O_RDONLY, openat } from '@bulkhead/kernel';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Hierarchy } from '../hierarchy.ts';
import { parseCount } from './count-kinds.ts';
import { type CountedGroup, GroupCounts } from './group-counts.ts';

// Files as kernels write them, in a directory that stands for a mount; live ones are in test/integration.
let directory: string;
let made: Hierarchy | undefined;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'bulkhead-counts-'));
});
afterEach(() => {
  made?.[Symbol.dispose]();
  rmSync(directory, { recursive: true, force: true });
});

const write = (path: string, file: string, text: string) => {
  mkdirSync(join(directory, path), { recursive: true });
  writeFileSync(join(directory, path, file), text);
};
function counts(version: 1 | 2, controllers: string[], onGrown?: (group: CountedGroup) => void) {
  const hierarchy = new Hierarchy(directory, openat(AT_FDCWD, directory, O_RDONLY), version === 1 ? controllers : []);
  made = hierarchy;
  const hierarchies = {
    unified: version === 2 ? hierarchy : undefined,
    with: (name: string) => (version === 1 && controllers.includes(name) ? hierarchy : undefined),
  };
  const groups = new GroupCounts(hierarchies, onGrown);
  return { groups, add: (path: string) => groups.add(path, [hierarchy]) };
}

const oomControl = (kills: number) => `oom_kill_disable 0\nunder_oom 0\noom_kill ${kills}\n`;
const memoryEvents = (kills: number) => `low 0\nhigh 0\nmax 9\noom 3\noom_kill ${kills}\noom_group_kill 0\n`;

it('are read out of the files of both versions, and are unknown where the kernel does not count', () => {
  expect(parseCount('oomKills', oomControl(2))).toBe(2);
  expect(parseCount('oomKills', memoryEvents(4))).toBe(4);
  expect(parseCount('pidsRefusals', 'max 17\n')).toBe(17);
  // Before Linux 4.13.
  expect(parseCount('oomKills', 'oom_kill_disable 0\nunder_oom 0\n')).toBe(undefined);
  expect(() => parseCount('pidsRefusals', 'max many\n')).toThrow('max many');
});

it('of version 1 are summed up over what is below, and stay when that is gone', () => {
  write('a', 'memory.oom_control', oomControl(0));
  write('a/init', 'memory.oom_control', oomControl(1));
  const { groups, add } = counts(1, ['memory']);
  const [root, group, init] = [add(''), add('a'), add('a/init')];
  groups.refresh(group, 'oomKills');
  expect(groups.total('a', 'oomKills')).toBe(1);
  expect(groups.total('', 'oomKills')).toBe(1);
  write('a/init', 'memory.oom_control', oomControl(3));
  expect(groups.read(init, 'oomKills')).toBe(true);
  expect(groups.read(init, 'oomKills')).toBe(false);
  groups.remove('a/init');
  rmSync(join(directory, 'a/init'), { recursive: true });
  groups.refresh(root, 'oomKills');
  expect(groups.total('a', 'oomKills')).toBe(3);
  // Made anew by the same name it counts from 0.
  write('a/init', 'memory.oom_control', oomControl(1));
  add('a/init');
  groups.refresh(group, 'oomKills');
  expect(groups.total('a', 'oomKills')).toBe(4);
});

it('of version 2 are the kernel’s own sums, refused forks from that kernel on which counts them so', () => {
  write('a', 'memory.events', memoryEvents(2));
  write('a', 'pids.events', 'max 5\n');
  write('a', 'pids.events.local', 'max 5\n');
  write('a/b', 'memory.events', memoryEvents(2));
  write('a/b', 'pids.events', 'max 0\n');
  write('a/b', 'pids.events.local', 'max 0\n');
  const { groups, add } = counts(2, []);
  add('');
  const [group] = [add('a'), add('a/b')];
  for (const kind of ['oomKills', 'pidsRefusals'] as const) groups.refresh(group, kind);
  expect(groups.total('a', 'oomKills')).toBe(2);
  expect(groups.total('a', 'pidsRefusals')).toBe(5);
});

it('of version 2 before Linux 6.11 are summed up where a fork is counted at the group of the task alone', () => {
  write('a', 'pids.events', 'max 0\n');
  write('a/b', 'pids.events', 'max 7\n');
  const { groups, add } = counts(2, []);
  add('');
  const [group] = [add('a'), add('a/b')];
  groups.refresh(group, 'pidsRefusals');
  expect(groups.total('a', 'pidsRefusals')).toBe(7);
  expect(groups.total('a', 'oomKills')).toBe(undefined);
});

it('that went back are those of another group, and count in full', () => {
  const grown: string[] = [];
  write('a', 'memory.events', memoryEvents(5));
  const { groups, add } = counts(2, [], ({ path }) => grown.push(path));
  add('');
  const group = add('a');
  groups.refresh(group, 'oomKills');
  write('a', 'memory.events', memoryEvents(2));
  groups.refresh(group, 'oomKills');
  expect(groups.total('a', 'oomKills')).toBe(7);
  expect(grown).toEqual(['a', 'a']);
});

it('are not known where nothing was read', () => {
  const { groups, add } = counts(1, ['memory', 'pids']);
  add('');
  const group = add('gone');
  groups.refresh(group, 'oomKills');
  expect(groups.total('gone', 'oomKills')).toBe(undefined);
});
