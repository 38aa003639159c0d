import { expect, test } from 'vitest';
import { namingPaths, parseCgroups } from './cgroup-path.ts';
import { parseStat } from './process-facts.ts';

const line = (command: string): Buffer =>
  Buffer.from(`4711 (${command}) S 4710 4711 4700 34816 4800 4194560 150 0 0 0 1 2 0 0 20 0 3 0 56789 2625536 214 18446744073709551615\n`);

test.each(['sleep', 'a ) R (b) c)', 'line\nend', 'größe', '((((', ''])('stat of a command called %j', (command) => {
  expect(parseStat(line(command))).toEqual({
    state: 'S',
    parentPid: 4710,
    session: 4700,
    kernel: false,
    threads: 3,
    startTimeTicks: 56789,
    command,
  });
});

test('a thread of the kernel is known by its flag', () => {
  expect(parseStat(Buffer.from('2 (kthreadd) S 0 0 0 0 -1 2129984 0 0 0 0 0 0 0 0 20 0 1 0 12 0 0')).kernel).toBe(true);
});

test.each(['', '1 sleep S 1', '1 (sleep) S 1 2 3', `1 (x) S ${'x '.repeat(40)}`])('%j is refused by name', (text) => {
  expect(() => parseStat(Buffer.from(text))).toThrow('/proc/<pid>/stat');
});

test.each<[string, string, string[]]>([
  ['v2', '0::/system.slice/ssh.service\n', ['/system.slice/ssh.service']],
  ['v2, at its root', '0::/\n', ['/']],
  [
    'hybrid under systemd: the hierarchy that names it is version 2',
    '12:pids:/user.slice\n1:name=systemd:/user.slice/session-1.scope\n0::/user.slice/session-1.scope\n',
    ['/user.slice/session-1.scope', '/user.slice'],
  ],
  [
    'v1 under systemd',
    '4:memory:/docker/a\n3:cpu,cpuacct:/docker/a\n1:name=systemd:/system.slice/docker.service\n',
    ['/system.slice/docker.service', '/docker/a'],
  ],
  ['v1 alone: the controllers that runtimes always use', '5:devices:/d\n4:memory:/m\n3:pids:/p\n0::/\n', ['/p', '/m', '/d']],
  ['a path with a colon', '0::/a:b\n', ['/a:b']],
  ['nothing', '', ['/']],
])('cgroups of %s', (_, text, paths) => {
  expect(namingPaths(parseCgroups(text))).toEqual(paths);
});
