import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { Hierarchy } from '../../packages/cgroup/src/hierarchy.ts';
import { UnifiedCgroups } from '../../packages/cgroup/src/v2/index.ts';
import { CGROUP2_SUPER_MAGIC } from '../../packages/kernel/src/index.ts';
import { describeNeeds } from '../support/needs.ts';

// The real v2 tree, also where it stands beside v1 and so carries no controller of ours: core files are there anyway.
describeNeeds({ root: true, cgroup: 'v2', kernel: '5.14', programs: ['perl'] }, 'cgroup v2', () => {
  let mountPoint: string;
  let tree: Hierarchy;
  let cgroups: UnifiedCgroups;
  let root: string;
  let path: string;
  let children: ChildProcess[];
  const kernelFile = (file: string) => readFileSync(`${mountPoint}/${file}`, 'utf8').trim();

  beforeAll(() => {
    const line = readFileSync('/proc/self/mounts', 'utf8')
      .split('\n')
      .find((each) => each.split(' ')[2] === 'cgroup2');
    mountPoint = line?.split(' ')[1] as string;
    tree = Hierarchy.open(mountPoint, CGROUP2_SUPER_MAGIC, []);
    cgroups = new UnifiedCgroups(tree);
  });
  beforeEach(() => {
    root = `bulkhead-test-${randomBytes(4).toString('hex')}`;
    path = `${root}/acme/one`;
    children = [];
  });
  afterEach(async () => {
    for (const child of children) child.kill('SIGKILL');
    await cgroups.kill(root, 5000);
    await cgroups.remove(root);
    expect(existsSync(`${mountPoint}/${root}`)).toBe(false);
  });
  afterAll(() => tree?.[Symbol.dispose]());

  function startIn(group: string, script: string): ChildProcess {
    const entry = cgroups.entry(group);
    if (entry.kind !== 'into') throw new Error('not a v2 entry');
    const { label } = entry.directory;
    entry.directory[Symbol.dispose]();
    const child = spawn('sh', ['-c', `echo 0 > "$1/cgroup.procs" || exit 99; ${script}`, 'sh', label], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    children.push(child);
    return child;
  }

  test('only the file system expected is opened', () => {
    expect(() => Hierarchy.open('/proc', CGROUP2_SUPER_MAGIC, [])).toThrow(expect.objectContaining({ code: 'unsupported' }));
  });

  test('makes a path, hands down what the kernel offers, and tells limits as the kernel holds them', () => {
    cgroups.create(`${path}/init`);
    cgroups.create(`${path}/init`);
    expect(statSync(`${mountPoint}/${path}/init`).isDirectory()).toBe(true);
    const handedDown = kernelFile(`${path}/cgroup.subtree_control`).split(' ');
    for (const name of ['cpu', 'memory', 'pids'] as const) {
      expect(handedDown.includes(name)).toBe(cgroups.controllers.has(name));
    }
    const limits = { memoryMaxBytes: 64 * 1024 * 1024, cpuWeight: 50, cpuMaxMillis: 500, pidsMax: 20 };
    if (cgroups.controllers.has('memory')) {
      cgroups.setLimits(path, limits);
      expect(cgroups.limits(path)).toEqual(limits);
      expect(kernelFile(`${path}/cpu.max`)).toBe('50000 100000');
    } else {
      expect(() => cgroups.setLimits(path, limits)).toThrow(expect.objectContaining({ code: 'unsupported' }));
      expect(cgroups.limits(path)).toEqual({});
    }
  });

  test('CPU time moves, and agrees with the kernel', async () => {
    cgroups.create(`${path}/init`);
    using reader = cgroups.reader(path);
    expect(reader.ino).toBe(statSync(`${mountPoint}/${path}`, { bigint: true }).ino);
    expect(reader.read().cpuUsageUsec).toBe('0');
    const child = startIn(`${path}/init`, 'i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done; echo done; exec sleep 60');
    await once(child.stdout as NodeJS.ReadableStream, 'data');
    expect(cgroups.processes(path)).toEqual([child.pid]);
    await cgroups.kill(path, 5000);
    const { cpuUsageUsec, cpuUserUsec, cpuSystemUsec } = reader.read();
    expect(Number(cpuUsageUsec)).toBeGreaterThan(20_000);
    expect(kernelFile(`${path}/cpu.stat`)).toContain(`usage_usec ${cpuUsageUsec}\nuser_usec ${cpuUserUsec}\nsystem_usec ${cpuSystemUsec}`);
    await cgroups.remove(path);
    expect(() => reader.read()).toThrow(expect.objectContaining({ code: 'ENODEV' }));
  });

  test('kills what forks as fast as it can, in groups below too, and nothing beside', async () => {
    for (const name of ['init', 'exec-1']) cgroups.create(`${path}/${name}`);
    cgroups.create(`${root}/acme/other/init`);
    const spare = startIn(`${root}/acme/other/init`, 'echo in; exec sleep 60');
    await once(spare.stdout as NodeJS.ReadableStream, 'data');
    // Each forks one that goes on and ends itself: never many at once, never the same.
    startIn(`${path}/init`, `exec perl -e 'while (1) { my $pid = fork; exit if $pid }'`);
    startIn(`${path}/exec-1`, 'exec sleep 60');
    await vi.waitFor(() => expect(cgroups.processes(`${path}/exec-1`)).toHaveLength(1), { timeout: 5000 });
    await cgroups.kill(path, 5000);
    expect(cgroups.processes(path)).toEqual([]);
    expect(kernelFile(`${path}/cgroup.events`)).toContain('populated 0');
    expect(spare.exitCode).toBeNull();
    expect(cgroups.processes(`${root}/acme/other`)).toEqual([spare.pid]);
  });

  test('processes live in leaves: a group that holds some cannot hand controllers down', async () => {
    cgroups.create(path);
    const child = startIn(path, 'echo in; exec sleep 60');
    await once(child.stdout as NodeJS.ReadableStream, 'data');
    if (!cgroups.controllers.has('memory')) {
      // Nothing to hand down, so nothing in the way.
      cgroups.create(`${path}/init`);
      expect(cgroups.children(path)).toEqual([`${path}/init`]);
    } else {
      expect(() => cgroups.create(`${path}/init`)).toThrow(expect.objectContaining({ code: 'conflict' }));
    }
  });
});
