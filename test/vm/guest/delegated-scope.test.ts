import { execFileSync, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import type { LabRun } from '@bulkhead/model';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bulkhead, ended, eventually, findTraces, startInstance, type TestInstance } from '../../support/instance.ts';

// Runs where systemd is PID 1 and owns a pure v2 tree: systemctl and cat are the witnesses.
const stateDirectory = '/srv/bulkhead';
const name = 'abc';
const unit = `bulkhead-${name}.scope`;
const scope = `/system.slice/${unit}`;
const tree = '/sys/fs/cgroup';
const patienceMsec = 120_000;

let instance: TestInstance;
let containerPid: number;

const cgroupOf = (pid: number | undefined): string => readFileSync(`/proc/${pid}/cgroup`, 'utf8').trim();
const kernelFile = (path: string): string => readFileSync(`${tree}${path}`, 'utf8').trim();
const show = (property: string): string =>
  execFileSync('systemctl', ['show', `--property=${property}`, '--value', unit], { encoding: 'utf8' }).trim();
const containers = (): { name: string; status: string; pid?: number }[] => {
  const { stdout, stderr } = instance.run('ps', '-a', '--json');
  if (stdout === '') throw new Error(stderr);
  return JSON.parse(stdout);
};
/** Path of the container's own cgroup: the parent of the one that its first process is in. */
const containerGroup = (): string =>
  cgroupOf(containerPid)
    .replace(/^0::/, '')
    .replace(/\/init$/, '');
const isAlive = (pid: number): boolean => existsSync(`/proc/${pid}`);

beforeAll(async () => {
  // As an earlier run leaves it: the program is published already, which takes minutes where each instruction is emulated.
  mkdirSync(stateDirectory, { mode: 0o711 });
  writeFileSync(`${stateDirectory}/instance.json`, JSON.stringify({ version: 1, instance: name, hostId: randomUUID() }));
  symlinkSync(process.env.BULKHEAD_TEST_PROGRAMS ?? '', `${stateDirectory}/programs`);
  instance = await startInstance({ stateDirectory, args: ['--no-web'] });
});
afterAll(async () => {
  await instance?.[Symbol.asyncDispose]();
  rmSync(stateDirectory, { recursive: true, force: true });
});

test('this is what the tests are about: systemd is PID 1, and version 2 is all there is', () => {
  expect(readFileSync('/proc/1/comm', 'utf8')).toBe('systemd\n');
  expect(readFileSync('/proc/self/cgroup', 'utf8').trim().split('\n')).toHaveLength(1);
  const offered = kernelFile('/cgroup.controllers').split(' ');
  expect(offered).toEqual(expect.arrayContaining(['cpuset', 'cpu', 'io', 'memory', 'hugetlb', 'pids', 'rdma', 'misc']));
});

test('up and its services live in a scope that systemd knows and has delegated', () => {
  expect(cgroupOf(instance.child.pid)).toBe(`0::${scope}/services`);
  for (const service of ['launcher', 'agent']) expect(cgroupOf(instance.pidOf(service))).toBe(`0::${scope}/services`);
  expect([show('ActiveState'), show('Delegate'), show('ControlGroup')]).toEqual(['active', 'yes', scope]);
  // A group that hands controllers down holds no process itself.
  expect(kernelFile(`${scope}/cgroup.procs`)).toBe('');
  expect(kernelFile(`${scope}/cgroup.subtree_control`).split(' ')).toEqual(expect.arrayContaining(['cpu', 'memory', 'pids']));
  expect(existsSync(`${tree}/bulkhead-${name}`)).toBe(false);
});

test('a container starts, its cgroup is below the scope, and its limits are the kernel’s', () => {
  const { code, stderr } = instance.run(
    ...['run', '-d', '--name', 'one', '--memory', '64M', '--cpus', '0.5', '--pids', '20', '--', 'sleep', '3600'],
  );
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const [one] = containers();
  expect(one).toMatchObject({ name: 'one', status: 'running' });
  containerPid = one?.pid ?? 0;
  expect(containerGroup()).toMatch(new RegExp(`^${scope}/bulkhead-${name}/[a-z0-9-]+/[0-9a-f]{16}$`));
  expect(readFileSync(`/proc/${containerPid}/cmdline`, 'utf8')).toBe('sleep\x003600\0');
  const limits = ['memory.max', 'cpu.max', 'pids.max'].map((file) => kernelFile(`${containerGroup()}/${file}`));
  expect(limits).toEqual([String(64 * 1024 * 1024), '50000 100000', '20']);
  expect(instance.run('exec', 'one', '--', 'cat', '/proc/self/cgroup').stdout).toMatch(/^0::\/(?:\.\.\/exec-\d+)?$/m);
});

test.each([
  { lab: 'io', writes: [/^io\.max \d+:\d+ rbps=4194304\b/] },
  { lab: 'shares', writes: [/^cpuset\.cpus 0$/, /^cpuset\.cpus 0$/, /^cpu\.weight 20$/, /^cpu\.weight 78$/] },
])('the lab $lab passes in the words of version 2, below the scope, and leaves nothing', { retry: 2 }, ({ lab, writes }) => {
  const { stdout, stderr } = instance.run('lab', lab, '--seconds', '10', '--json');
  const { steps, ...run } = JSON.parse(stdout === '' ? JSON.stringify({ stderr }) : stdout) as LabRun;
  expect(run).toMatchObject({ lab, outcome: 'passed' });
  const written = steps.flatMap((step) => (step.type === 'write' ? [step] : []));
  const group = `${tree}${scope}/bulkhead-${name}/lab`;
  for (const { file } of written) expect(file.startsWith(`${group}/`)).toBe(true);
  expect(written.map(({ file, value }) => `${file.slice(file.lastIndexOf('/') + 1)} ${value}`)).toEqual(
    writes.map((each) => expect.stringMatching(each)),
  );
  expect(existsSync(group)).toBe(false);
});

test('systemd leaves what is below the scope alone when it reads its units anew, and when it starts itself anew', () => {
  for (const verb of ['daemon-reload', 'daemon-reexec']) {
    execFileSync('systemctl', [verb]);
    // It answers again once it is through.
    expect(show('ActiveState')).toBe('active');
    expect(kernelFile(`${containerGroup()}/memory.max`)).toBe(String(64 * 1024 * 1024));
    expect(kernelFile(`${containerGroup()}/cpu.max`)).toBe('50000 100000');
    expect(cgroupOf(instance.child.pid)).toBe(`0::${scope}/services`);
  }
});

/** A unit of systemd's with one process; its group is systemd's, and so are the limits. */
const startUnit = (of: string, script: string): string => {
  execFileSync('systemd-run', ['--quiet', `--unit=${of}`, '--', 'sh', '-c', script]);
  return `/system.slice/${of}`;
};
const property = (of: string, name: string): string =>
  execFileSync('systemctl', ['show', `--property=${name}`, '--value', of], { encoding: 'utf8' }).trim();
const statOf = (path: string, key: string): number => Number(new RegExp(`^${key} (\\d+)$`, 'm').exec(kernelFile(`${path}/cpu.stat`))?.[1]);

test('a unit of systemd is limited live: told first with its own command, done when confirmed, and its CPU time is throttled', async () => {
  const busy = 'bulkhead-test-busy.service';
  const path = startUnit(busy, 'while :; do :; done');
  const own = `systemctl set-property --runtime ${busy} CPUQuota=20%`;
  try {
    const before = kernelFile(`${path}/cpu.max`);
    expect(before).toBe('max 100000');
    const told = instance.run('cgroup', 'set', path, 'cpu.max=20000 100000', '--dry-run');
    expect(told).toMatchObject({ code: 0, stderr: '' });
    for (const line of [
      `${tree}${path}/cpu.max: max 100000 → 20000 100000`,
      `owner: systemd ${busy}`,
      `its own command: ${own}`,
      'it wants to be confirmed: --yes',
    ])
      expect(told.stdout.split('\n')).toContain(line);
    const refused = instance.run('cgroup', 'set', path, 'cpu.max=20000 100000');
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining(own) });
    expect(kernelFile(`${path}/cpu.max`)).toBe(before);
    expect(instance.run('cgroup', 'set', path, 'cpu.max=20000 100000', '--yes')).toMatchObject({ code: 0, stderr: '' });
    expect(kernelFile(`${path}/cpu.max`)).toBe('20000 100000');
    // The effect, by the kernel's own counters: a fifth of a CPU, whatever time is in an emulated machine.
    const [usage, periods] = [statOf(path, 'usage_usec'), statOf(path, 'nr_periods')];
    await eventually('fifty periods', () => statOf(path, 'nr_periods') >= periods + 50, patienceMsec);
    const share = (statOf(path, 'usage_usec') - usage) / ((statOf(path, 'nr_periods') - periods) * 100_000);
    console.log(`a unit with CPUQuota=20%: ${(share * 100).toFixed(1)} % of a CPU`);
    expect(share).toBeGreaterThan(0.1);
    expect(share).toBeLessThan(0.25);
    expect(statOf(path, 'nr_throttled')).toBeGreaterThan(10);
    expect(instance.run('cgroup', 'settings', path).stdout).toMatch(/^cpu\.max .* root *$/m);
    // As was told beforehand, systemd writes its own value again; what was set by its own command stays.
    expect(told.stdout).toMatch(/systemd writes its own values again .*daemon-reload/);
    execFileSync('systemctl', ['daemon-reload']);
    expect(property(busy, 'ActiveState')).toBe('active');
    expect(kernelFile(`${path}/cpu.max`)).toBe('max 100000');
    execFileSync('sh', ['-c', own]);
    expect(property(busy, 'CPUQuotaPerSecUSec')).toBe('200ms');
    expect(kernelFile(`${path}/cpu.max`)).toBe('20000 100000');
    execFileSync('systemctl', ['daemon-reload']);
    expect(kernelFile(`${path}/cpu.max`)).toBe('20000 100000');
  } finally {
    execFileSync('systemctl', ['stop', busy]);
  }
});

test('a memory limit of a unit of systemd ends what goes beyond it, and systemd says so', async () => {
  const hog = 'bulkhead-test-hog.service';
  const go = '/run/bulkhead-test-go';
  const path = startUnit(hog, `until [ -e ${go} ]; do sleep 0.2; done; exec tail /dev/zero`);
  try {
    const told = instance.run('cgroup', 'set', path, 'memory.max=32M', '--dry-run').stdout;
    expect(told).toContain(`its own command: systemctl set-property --runtime ${hog} MemoryMax=33554432\n`);
    expect(instance.run('cgroup', 'set', path, 'memory.max=32M', '--yes')).toMatchObject({ code: 0, stderr: '' });
    expect(kernelFile(`${path}/memory.max`)).toBe('33554432');
    writeFileSync(go, '');
    await eventually('the hog to be killed', () => property(hog, 'Result') === 'oom-kill', patienceMsec);
    expect(property(hog, 'ActiveState')).toBe('failed');
  } finally {
    rmSync(go, { force: true });
    spawnSync('systemctl', ['stop', hog]);
    execFileSync('systemctl', ['reset-failed', hog]);
  }
});

test('container and scope outlive up, and the next up is in the same scope', async () => {
  const group = containerGroup();
  instance.child.kill('SIGTERM');
  await ended(instance.child);
  expect(isAlive(containerPid)).toBe(true);
  expect(show('ActiveState')).toBe('active');
  instance = await startInstance({ stateDirectory, args: ['--no-web'] });
  expect(cgroupOf(instance.child.pid)).toBe(`0::${scope}/services`);
  expect(containers()).toMatchObject([{ name: 'one', status: 'running', pid: containerPid }]);
  expect(containerGroup()).toBe(group);
  expect(instance.run('run', '--rm', '--', 'sh', '-c', 'echo again').stdout).toBe('again\n');
});

test('down leaves nothing: no process, no cgroup, no scope', async () => {
  instance.child.kill('SIGTERM');
  await ended(instance.child);
  const { code, stderr } = bulkhead(['down', '--purge', '--state-dir', stateDirectory]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: expect.not.stringContaining('could not') });
  expect(isAlive(containerPid)).toBe(false);
  await eventually('systemd to collect the scope', () => !existsSync(`${tree}${scope}`), patienceMsec);
  expect(show('LoadState')).toBe('not-found');
  expect(findTraces(name, stateDirectory)).toEqual([]);
  expect(spawnSync('systemctl', ['--failed', '--no-legend', '--plain', 'list-units', 'bulkhead-*'], { encoding: 'utf8' }).stdout).toBe('');
});
