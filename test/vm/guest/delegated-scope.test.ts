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
