import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { type Cgroups, detectCgroups } from '../../packages/cgroup/src/index.ts';
import { Recorder, record } from '../../packages/kernel/src/index.ts';
import { Problem } from '../../packages/model/src/index.ts';
import { describeNeeds } from '../support/needs.ts';

/** Where a controller is mounted, by another way than ours. */
function mountPointOf(controller: string): string {
  const line = readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map((each) => each.split(' '))
    .find(([, , type, options]) => type === 'cgroup' && options?.split(',').includes(controller));
  if (line?.[1] === undefined) throw new Error(`${controller} is not mounted`);
  return line[1];
}

const used = ['cpuset', 'cpu', 'cpuacct', 'memory', 'blkio', 'pids', 'devices', 'freezer'];
const kernelFile = (controller: string, path: string) => readFileSync(`${mountPointOf(controller)}/${path}`, 'utf8').trim();

/** Hierarchies, the v2 one too, that have a directory of this path. */
const hierarchiesWith = (path: string) => readdirSync('/sys/fs/cgroup').filter((name) => existsSync(`/sys/fs/cgroup/${name}/${path}`));

describeNeeds({ root: true, cgroup: 'v1', controllers: used, programs: ['perl'] }, 'cgroup v1', () => {
  let cgroups: Cgroups;
  let root: string;
  let path: string;
  let children: ChildProcess[];

  beforeAll(() => {
    cgroups = detectCgroups();
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
    expect(hierarchiesWith(root)).toEqual([]);
  });

  /** A process that puts itself into a group as a container's first does, `0` into each `tasks`, then becomes a script. */
  function startIn(group: string, script: string): ChildProcess {
    const entry = cgroups.entry(group);
    if (entry.kind !== 'tasks') throw new Error('not a v1 entry');
    const files = entry.files.map(({ label }) => label);
    for (const file of entry.files) file[Symbol.dispose]();
    expect(files).toHaveLength(new Set(used.map(mountPointOf)).size);
    const child = spawn('sh', ['-c', `for f; do echo 0 > $f || exit 99; done; ${script}`, 'sh', ...files], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    children.push(child);
    return child;
  }

  async function run(group: string, script: string): Promise<{ code: number | null; signal: string | null }> {
    const child = startIn(group, script);
    const [code, signal] = (await once(child, 'exit')) as [number | null, string | null];
    return { code, signal };
  }

  test('finds v1 and its controllers', () => {
    expect(['legacy', 'hybrid']).toContain(cgroups.setup);
    expect([...cgroups.controllers].sort()).toEqual(['cpu', 'cpuset', 'devices', 'freezer', 'io', 'memory', 'pids']);
  });

  test('makes a path in every hierarchy, once or twice, ready to be joined', () => {
    cgroups.create(`${path}/init`);
    cgroups.create(`${path}/init`);
    for (const controller of used) expect(statSync(`${mountPointOf(controller)}/${path}/init`).isDirectory()).toBe(true);
    for (const each of [root, `${root}/acme`, path, `${path}/init`]) {
      expect(kernelFile('cpuset', `${each}/cpuset.cpus`)).toBe(kernelFile('cpuset', 'cpuset.cpus'));
      expect(kernelFile('cpuset', `${each}/cpuset.mems`)).toBe(kernelFile('cpuset', 'cpuset.mems'));
    }
    expect(cgroups.children(root)).toEqual([`${root}/acme`]);
    expect(cgroups.children(path)).toEqual([`${path}/init`]);
    expect(cgroups.exists(`${path}/init`)).toBe(true);
    expect(cgroups.exists(`${path}/other`)).toBe(false);
  });

  test('fills CPUs and memory nodes that a crash left empty', () => {
    mkdirSync(`${mountPointOf('cpuset')}/${path}/init`, { recursive: true });
    expect(kernelFile('cpuset', `${root}/cpuset.cpus`)).toBe('');
    cgroups.create(`${path}/init`);
    expect(kernelFile('cpuset', `${path}/init/cpuset.cpus`)).toBe(kernelFile('cpuset', 'cpuset.cpus'));
    expect(kernelFile('cpuset', `${path}/init/cpuset.mems`)).toBe(kernelFile('cpuset', 'cpuset.mems'));
  });

  test('writes limits that the kernel then holds', () => {
    cgroups.create(path);
    expect(cgroups.limits(path)).toEqual({ memoryMaxBytes: 'max', cpuWeight: 100, cpuMaxMillis: 'max', pidsMax: 'max' });
    const limits = { memoryMaxBytes: 64 * 1024 * 1024, cpuWeight: 50, cpuMaxMillis: 500, pidsMax: 20 };
    cgroups.setLimits(path, limits);
    expect(cgroups.limits(path)).toEqual(limits);
    expect(kernelFile('memory', `${path}/memory.limit_in_bytes`)).toBe('67108864');
    expect(kernelFile('cpu', `${path}/cpu.shares`)).toBe('512');
    expect(kernelFile('cpu', `${path}/cpu.cfs_quota_us`)).toBe('50000');
    expect(kernelFile('cpu', `${path}/cpu.cfs_period_us`)).toBe('100000');
    expect(kernelFile('pids', `${path}/pids.max`)).toBe('20');
    cgroups.setLimits(path, { pidsMax: 30 });
    expect(cgroups.limits(path)).toEqual({ ...limits, pidsMax: 30 });
  });

  test('tells what the kernel takes where it refuses a limit', () => {
    cgroups.create(`${path}/init`);
    cgroups.setLimits(path, { cpuMaxMillis: 500 });
    const problemOf = (set: () => void): Problem => {
      try {
        set();
      } catch (failure) {
        if (failure instanceof Problem) return failure;
        throw failure;
      }
      throw new Error('the kernel took it');
    };
    const least = problemOf(() => cgroups.setLimits(path, { cpuMaxMillis: 5 }));
    expect([least.code, least.message]).toEqual(['invalid', expect.stringContaining('at least 0.01 CPU')]);
    const above = problemOf(() => cgroups.setLimits(`${path}/init`, { cpuMaxMillis: 1000 }));
    expect([above.code, above.message]).toEqual(['invalid', expect.stringContaining('no more than the group above has')]);
    const pids = problemOf(() => cgroups.setLimits(path, { pidsMax: 4_194_305 }));
    expect([pids.code, pids.message]).toEqual(['invalid', expect.stringContaining('4194304')]);
    expect(cgroups.limits(path).cpuMaxMillis).toBe(500);
  });

  test('counters move with what a process does, and agree with the kernel', async () => {
    cgroups.create(`${path}/init`);
    using reader = cgroups.reader(path);
    expect(reader.ino).toBe(statSync(`${mountPointOf('cpuacct')}/${path}`, { bigint: true }).ino);
    const before = reader.read();
    expect(before).toMatchObject({ cpuUsageNsec: '0', pidsCurrent: '0', memoryOomKills: '0' });
    const child = startIn(`${path}/init`, 'i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done; echo done; sleep 60');
    await once(child.stdout as NodeJS.ReadableStream, 'data');
    await vi.waitFor(() => expect(reader.read().pidsCurrent).toBe('2'), { timeout: 5000 });
    const after = reader.read();
    expect(Number(after.cpuUsageUsec)).toBeGreaterThan(20_000);
    expect(after.cpuUsageUsec).toBe(String(BigInt(after.cpuUsageNsec as string) / 1000n));
    const split = Number(after.cpuUserUsec) + Number(after.cpuSystemUsec);
    expect(Math.abs(split - Number(after.cpuUsageUsec))).toBeLessThan(30_000);
    expect(Number(after.memoryCurrentBytes)).toBeGreaterThan(Number(before.memoryCurrentBytes));
    expect(Number(after.memoryPeakBytes)).toBeGreaterThanOrEqual(Number(after.memoryCurrentBytes));
    expect(cgroups.processes(path).sort()).toEqual(kernelFile('pids', `${path}/init/cgroup.procs`).split('\n').map(Number).sort());
    await cgroups.kill(path, 5000);
    expect(reader.read().cpuUsageNsec).toBe(kernelFile('cpuacct', `${path}/cpuacct.usage`));
  });

  test('a quota shows in periods and throttled time', async () => {
    cgroups.create(`${path}/init`);
    cgroups.setLimits(path, { cpuMaxMillis: 100 });
    using reader = cgroups.reader(path);
    startIn(`${path}/init`, 'while :; do :; done');
    await vi.waitFor(() => expect(Number(reader.read().cpuThrottledPeriods)).toBeGreaterThan(2), { timeout: 10_000 });
    await cgroups.kill(path, 5000);
    const { cpuPeriods, cpuThrottledPeriods, cpuThrottledUsec } = reader.read();
    const kernel = kernelFile('cpu', `${path}/cpu.stat`);
    expect(kernel).toContain(`nr_periods ${cpuPeriods}\nnr_throttled ${cpuThrottledPeriods}\nthrottled_time ${cpuThrottledUsec}`);
  });

  test('counts what is read from and written to a disk', async () => {
    cgroups.create(`${path}/init`);
    using reader = cgroups.reader(path);
    const { ioReadBytes, ioWriteBytes, ...rest } = reader.read();
    expect([ioReadBytes, ioWriteBytes]).toEqual(['0', '0']);
    expect(rest).toMatchObject({ ioReadOperations: '0', ioWriteOperations: '0' });
    const directory = mkdtempSync('/var/tmp/bulkhead-test-io-');
    try {
      const file = join(directory, 'file');
      const write = `dd if=/dev/zero of=${file} bs=64k count=16 oflag=direct 2>/dev/null`;
      const { code } = await run(`${path}/init`, `${write} && dd if=${file} of=/dev/null bs=64k iflag=direct 2>/dev/null`);
      expect(code).toBe(0);
    } finally {
      rmSync(directory, { recursive: true });
    }
    const after = reader.read();
    expect(Number(after.ioReadBytes)).toBeGreaterThanOrEqual(1024 * 1024);
    expect(Number(after.ioWriteBytes)).toBeGreaterThanOrEqual(1024 * 1024);
    expect(Number(after.ioReadOperations)).toBeGreaterThanOrEqual(16);
    expect(Number(after.ioWriteOperations)).toBeGreaterThanOrEqual(16);
  });

  test('counts OOM kills of the groups below, also of one made later and gone again', async () => {
    const allocate = 'exec node -e "const b = []; for (;;) b.push(Buffer.alloc(1 << 20, 1))"';
    cgroups.create(`${path}/init`);
    cgroups.setLimits(path, { memoryMaxBytes: 32 * 1024 * 1024 });
    using reader = cgroups.reader(path);
    const eat = async (group: string) => {
      const { signal } = await run(group, allocate.replace('exec node', `exec ${process.execPath}`));
      expect(signal).toBe('SIGKILL');
    };
    await eat(`${path}/init`);
    expect(kernelFile('memory', `${path}/init/memory.oom_control`)).toContain('oom_kill 1');
    expect(reader.read().memoryOomKills).toBe('1');
    cgroups.create(`${path}/exec-1`);
    await eat(`${path}/exec-1`);
    await cgroups.remove(`${path}/exec-1`);
    expect(existsSync(`${mountPointOf('memory')}/${path}/exec-1`)).toBe(false);
    expect(reader.read().memoryOomKills).toBe('2');
    using late = cgroups.reader(path);
    expect(late.read().memoryOomKills).toBe('1');
  });

  test('a process limit holds', async () => {
    cgroups.create(`${path}/init`);
    cgroups.setLimits(path, { pidsMax: 1 });
    expect((await run(`${path}/init`, 'exit 0')).code).toBe(0);
    expect((await run(`${path}/init`, '(exit 0) || exit 7; /bin/true; exit $?')).code).not.toBe(0);
  });

  test('reads many like each alone; one that is gone tells so and holds up no other', async () => {
    for (const name of ['one', 'two', 'three']) cgroups.create(`${root}/acme/${name}/init`);
    await run(`${root}/acme/one/init`, 'exit 0');
    const readers = ['one', 'two', 'three'].map((name) => cgroups.reader(`${root}/acme/${name}`));
    await cgroups.remove(`${root}/acme/two`);
    const [one, two, three] = cgroups.readMany(readers);
    expect(one).toMatchObject({ reading: { cpuUsageNsec: kernelFile('cpuacct', `${root}/acme/one/cpuacct.usage`), memoryOomKills: '0' } });
    expect(two).toEqual({ failure: expect.objectContaining({ code: 'ENODEV' }) });
    expect(three).toMatchObject({ reading: { cpuUsageNsec: '0' } });
    expect(() => readers[1]?.read()).toThrow(expect.objectContaining({ code: 'ENODEV' }));
    expect(() => cgroups.reader(`${root}/acme/two`)).toThrow(expect.objectContaining({ code: 'ENOENT' }));
    for (const reader of readers) reader[Symbol.dispose]();
  });

  for (const order of ['before', 'after'] as const) {
    test(`restricts devices, called ${order} the group below was made`, async () => {
      const node = `/dev/bulkhead-${randomBytes(4).toString('hex')}`;
      cgroups.create(order === 'before' ? path : `${path}/init`);
      expect(kernelFile('devices', `${path}/devices.list`)).toBe('a *:* rwm');
      cgroups.restrictDevices(path);
      cgroups.create(`${path}/init`);
      expect(kernelFile('devices', `${path}/init/devices.list`)).toBe(kernelFile('devices', `${path}/devices.list`));
      expect(kernelFile('devices', `${path}/devices.list`).split('\n')).toContain('c 1:3 rw');
      expect((await run(`${path}/init`, ': < /dev/zero && : > /dev/null')).code).toBe(0);
      expect((await run(`${path}/init`, `mknod ${node} c 1 11 2>/dev/null`)).code).not.toBe(0);
      expect((await run(`${path}/init`, ': < /dev/kmsg')).code).not.toBe(0);
      expect(existsSync(node)).toBe(false);
    });
  }

  test('does not restrict devices under a running process', async () => {
    cgroups.create(`${path}/init`);
    const child = startIn(`${path}/init`, 'echo in; sleep 60');
    await once(child.stdout as NodeJS.ReadableStream, 'data');
    expect(() => cgroups.restrictDevices(path)).toThrow(expect.objectContaining({ code: 'conflict' }));
    expect(kernelFile('devices', `${path}/init/cgroup.procs`).split('\n')).toContain(String(child.pid));
  });

  test('kills everything below a path, and nothing beside it', async () => {
    for (const name of ['init', 'exec-1']) cgroups.create(`${path}/${name}`);
    cgroups.create(`${root}/acme/other/init`);
    const spare = startIn(`${root}/acme/other/init`, 'echo in; sleep 60');
    const first = startIn(`${path}/init`, 'sleep 60 & sleep 60 & echo in; wait');
    const second = startIn(`${path}/exec-1`, 'echo in; exec sleep 60');
    await Promise.all([spare, first, second].map((child) => once(child.stdout as NodeJS.ReadableStream, 'data')));
    await vi.waitFor(() => expect(cgroups.processes(path)).toHaveLength(4), { timeout: 5000 });
    const ends = [first, second].map((child) => once(child, 'exit'));
    await cgroups.kill(path, 5000);
    expect(cgroups.processes(path)).toEqual([]);
    expect((await Promise.all(ends)).map(([, signal]) => signal)).toEqual(['SIGKILL', 'SIGKILL']);
    expect(spare.exitCode).toBeNull();
    expect(cgroups.processes(`${root}/acme/other`)).toContain(spare.pid);
  });

  test('kills what forks as fast as it can, and thaws what it froze', async () => {
    cgroups.create(`${path}/init`);
    cgroups.setLimits(path, { pidsMax: 40, cpuMaxMillis: 500 });
    startIn(`${path}/init`, "exec perl -e 'fork while 1'");
    await vi.waitFor(() => expect(cgroups.processes(path).length).toBeGreaterThan(10), { timeout: 10_000 });
    await cgroups.kill(path, 10_000);
    expect(cgroups.processes(path)).toEqual([]);
    expect(kernelFile('freezer', `${path}/freezer.state`)).toBe('THAWED');
    expect((await run(`${path}/init`, 'exit 3')).code).toBe(3);
  });

  test('removes a path whose last process is just leaving, and gives up on one that stays', async () => {
    cgroups.create(`${path}/init`);
    const child = startIn(`${path}/init`, 'echo in; exec sleep 0.3');
    await once(child.stdout as NodeJS.ReadableStream, 'data');
    await cgroups.remove(path);
    expect(hierarchiesWith(path)).toEqual([]);
    cgroups.create(`${path}/init`);
    const stays = startIn(`${path}/init`, 'echo in; exec sleep 60');
    await once(stays.stdout as NodeJS.ReadableStream, 'data');
    await expect(cgroups.remove(path)).rejects.toThrow(
      expect.objectContaining({ code: 'conflict', message: expect.stringContaining(`${path}/init`) }),
    );
    expect(stays.exitCode).toBeNull();
  });

  test('removing takes what is there in some hierarchies alone, and what is not there at all', async () => {
    cgroups.create(`${path}/init`);
    rmdirSync(`${mountPointOf('cpu')}/${path}/init`);
    expect(cgroups.exists(`${path}/init`)).toBe(true);
    expect(cgroups.children(path)).toEqual([`${path}/init`]);
    await cgroups.remove(path);
    await cgroups.remove(path);
    expect(hierarchiesWith(path)).toEqual([]);
  });

  test('the transcript names whole paths', () => {
    const recorder = new Recorder();
    record(recorder, () => {
      cgroups.create(path);
      cgroups.setLimits(path, { pidsMax: 5 });
    });
    const lines = recorder.steps.map(({ syscall, args }) => `${syscall}(${args})`);
    expect(lines).toContain(`write(${mountPointOf('pids')}/${path}/pids.max, "5")`);
    expect(lines.filter((line) => line.startsWith(`mkdirat(${mountPointOf('pids')}, `))).toHaveLength(3);
    expect(recorder.steps.filter(({ error }) => error !== undefined)).toEqual([]);
  });

  test('no path leads out of the hierarchies', () => {
    for (const bad of ['..', '../x', '/etc', `${root}/../../x`, '', `${root}/`]) {
      expect(() => cgroups.create(bad)).toThrow(Problem);
      expect(() => cgroups.entry(bad)).toThrow(Problem);
      expect(() => cgroups.exists(bad)).toThrow(Problem);
    }
  });

  afterAll(() => {
    expect(readdirSync(mountPointOf('pids')).filter((name) => name === root)).toEqual([]);
  });
});
