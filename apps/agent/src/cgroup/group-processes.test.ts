import { parseMemberships } from '@bulkhead/cgroup';
import { describe, expect, it } from 'vitest';
import { placeOf, readGroupProcesses } from './group-processes.ts';

const hybrid = parseMemberships('5:memory:/jobs/one\n4:cpu,cpuacct:/jobs/one\n3:pids:/jobs\n2:net_cls:/\n0::/jobs/one\n');

describe('where a process is', () => {
  it('is the innermost group below the one asked for, with the controllers that have it there', () => {
    expect(placeOf(hybrid, '/jobs', true)).toEqual({ path: '/jobs/one', controllers: ['memory', 'cpu'] });
    expect(placeOf(hybrid, '/jobs', false)).toEqual({ path: '/jobs', controllers: ['pids'] });
    expect(placeOf(hybrid, '/', false)).toEqual({ path: '/', controllers: ['net_cls'] });
  });

  it('is nowhere once it has left, and a name that begins alike is another group', () => {
    expect(placeOf(hybrid, '/job', true)).toBeUndefined();
    expect(placeOf(hybrid, '/jobs/two', true)).toBeUndefined();
  });
});

describe('processes of a group', () => {
  const makerOf = (path: string) => ({ runtime: path === '/' ? ('kernel' as const) : ('plain' as const), name: path });

  it('are told with command, user and threads; one that has ended is left out', async () => {
    const gone = 4_194_300;
    const { processes, count } = await readGroupProcesses('/', true, { pidsOf: () => [process.pid, gone], makerOf });
    const own = processes.find(({ pid }) => pid === process.pid);
    expect(own).toMatchObject({
      pid: process.pid,
      parentPid: process.ppid,
      uid: process.getuid?.(),
      state: expect.stringMatching(/^[RSD]$/),
    });
    expect(own?.command).toMatch(/node|vitest/);
    expect(own?.threads).toBeGreaterThan(1);
    expect(BigInt(own?.residentBytes ?? 0)).toBeGreaterThan(1_000_000n);
    expect(count).toBeGreaterThanOrEqual(processes.length);
    const one = await readGroupProcesses('/nowhere', false, { pidsOf: () => [gone], makerOf });
    expect(one).toEqual({ processes: [], count: 0 });
  });
});
