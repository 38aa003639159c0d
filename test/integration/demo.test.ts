import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Container } from '@bulkhead/model';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually, type Finished, startInstance, type TestInstance } from '../support/instance.ts';
import { describeNeeds } from '../support/needs.ts';

const tenants = ['demo-acme', 'demo-globex'];
const names = ['demo-bursts', 'demo-files', 'demo-idle', 'demo-job', 'demo-memory', 'demo-steady'];
const mebibyte = 1024 * 1024;

let instance: TestInstance;
const json = (...args: string[]) => JSON.parse(instance.run(...args, '--json').stdout);
const containers = (): Container[] => json('ps', '-a');
const namesOf = (list: readonly Container[]): string[] => list.map(({ name }) => name).sort();
const must = (...args: string[]): Finished => {
  const finished = instance.run(...args);
  expect(finished, args.join(' ')).toMatchObject({ code: 0, stderr: '' });
  return finished;
};

/** Every cgroup directory of a container, in all hierarchies. */
const groupsOf = (id: string): string[] =>
  spawnSync('find', ['/sys/fs/cgroup', '-type', 'd', '-name', id], { encoding: 'utf8' }).stdout.split('\n').filter(Boolean);
/** A file of a container's cgroup, by the first of these names that one of its hierarchies has. */
function cat(id: string, ...files: string[]): string {
  for (const file of files)
    for (const group of groupsOf(id)) {
      const { status, stdout } = spawnSync('cat', [`${group}/${file}`], { encoding: 'utf8' });
      if (status === 0) return stdout;
    }
  throw new Error(`no cgroup of ${id} has ${files.join(' or ')}`);
}
function cpuUsec(id: string): number {
  const text = cat(id, 'cpuacct.usage', 'cpu.stat');
  const usec = /^usage_usec (\d+)$/m.exec(text)?.[1];
  return usec === undefined ? Number(text.trim()) / 1000 : Number(usec);
}

describeNeeds({ root: true, cgroup: 'any', controllers: ['cpu', 'memory', 'pids'], userNamespaces: true }, 'demo', () => {
  beforeAll(async () => {
    instance = await startInstance();
  });
  afterAll(async () => {
    await instance?.[Symbol.asyncDispose]();
  });

  test('takes no name that somebody else has, and makes nothing then', () => {
    must('run', '-d', '--name', 'demo-idle', '--', 'sleep', '600');
    must('tenant', 'add', 'demo-globex', '--name', 'Mine');
    const before = containers();
    for (const option of [[], ['--remove']]) {
      const { code, stdout, stderr } = instance.run('demo', ...option);
      if (option.length === 0) {
        expect(code).toBe(1);
        expect(stderr).toMatch(/somebody else has what the demo would take: tenant demo-globex, container demo-idle\n/);
      } else expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringMatching(/not ours +container demo-idle: it stays\n/) });
      expect(containers()).toEqual(before);
      expect(json('tenant', 'ls').find(({ tenantId }: { tenantId: string }) => tenantId === 'demo-globex')).toMatchObject({ name: 'Mine' });
      expect(json('plan', 'ls')).toEqual([]);
      expect(json('invoice', 'issuer')).toBeNull();
    }
    must('rm', '-f', 'demo-idle');
  });

  test('that fails half way says what was made, and is taken away', () => {
    must('tenant', 'rename', 'demo-globex', 'Globex (demo)');
    // An account in another currency than the prices: the plan cannot be assigned.
    must('invoice', 'account', 'demo-globex', '--name', 'Globex', '--currency', 'USD');
    expect(instance.run('demo')).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(
        /made +tenant demo-acme\nis there +tenant demo-globex\n[\s\S]*made +demo-acme is charged by plan bulkhead-demo\n$/,
      ),
      stderr: expect.stringMatching(
        /demo-globex is charged by plan bulkhead-demo: plan bulkhead-demo is in EUR[\s\S]*made until then: tenant demo-acme, billing account of demo-acme, issuer of invoices, price plan bulkhead-demo, demo-acme is charged/,
      ),
    });
    expect(json('plan', 'ls')).toMatchObject([{ planId: 'bulkhead-demo', tenants: 1 }]);
    expect(must('demo', '--remove').stdout).toMatch(/^removed +plan of demo-acme\nstays /);
    expect(json('plan', 'ls')).toMatchObject([{ planId: 'bulkhead-demo', tenants: 0 }]);
    must('invoice', 'account', 'demo-globex', '--currency', 'EUR');
  });

  test('has two tenants and six containers at work, of which use and a draft with lines come', async () => {
    const startedAt = performance.now();
    const { stdout } = must('demo');
    const tookMsec = performance.now() - startedAt;
    expect(stdout).toContain(`look at     ${instance.url}\n`);
    expect(stdout).toMatch(/take away +\.\/bulkhead demo --remove\n/);
    // Every screen filled within two minutes: what is left of them is for looking.
    expect(tookMsec).toBeLessThan(60_000);
    await sleep(5000);
    const made = containers();
    expect(namesOf(made)).toEqual(names);
    expect(new Set(made.map(({ tenantId }) => tenantId))).toEqual(new Set(tenants));
    expect(made.filter(({ status }) => status === 'running')).toHaveLength(5);
    expect(made.find(({ name }) => name === 'demo-job')).toMatchObject({ status: 'stopped', exitStatus: { kind: 'exited', code: 3 } });
    for (const tenant of tenants) {
      const [use] = json('usage', '--tenant', tenant);
      expect(BigInt(use.cpuUsageUsec)).toBeGreaterThan(0n);
      expect(BigInt(use.memoryByteSeconds)).toBeGreaterThan(0n);
      const { content } = json('invoice', 'draft', '--tenant', tenant);
      const meters = content.lines.filter(({ kind }: { kind: string }) => kind === 'usage').map(({ meter }: { meter: string }) => meter);
      expect(meters).toEqual(expect.arrayContaining(['cpu-used', 'memory-used']));
      expect(Number(content.total)).toBeGreaterThan(0);
      expect(stdout).toMatch(new RegExp(`\\d\\.\\d\\d EUR +\\./bulkhead invoice draft --tenant ${tenant}\\n`));
    }
    // Three short lives, of which the last one's end is kept: the others are in the use all the same.
    const [globex] = json('usage', '--tenant', 'demo-globex');
    expect(globex.containers.filter(({ containerName }: { containerName: string }) => containerName === 'demo-job')).toHaveLength(3);
  });

  test('takes no more than half a CPU and 256 MiB, by the kernel', async () => {
    const running = containers().filter(({ status }) => status === 'running');
    const used = (): number => running.reduce((sum, { id }) => sum + cpuUsec(id), 0);
    const [before, at] = [used(), performance.now()];
    await sleep(8000);
    const cpus = (used() - before) / 1000 / (performance.now() - at);
    // At the ends of the time a period's quota may be used up or not.
    expect(cpus).toBeLessThan(0.55);
    expect(cpus).toBeGreaterThan(0.05);
    const most = running.map(({ id }) => Number(cat(id, 'memory.max', 'memory.limit_in_bytes')));
    expect(most.reduce((sum, bytes) => sum + bytes, 0)).toBeLessThanOrEqual(256 * mebibyte);
  });

  test('run twice makes nothing, and what somebody ended runs again', async () => {
    const before = containers();
    const { stdout } = must('demo');
    expect(stdout).not.toMatch(/^made /m);
    expect(stdout.match(/^is there /gm)).toHaveLength(14);
    expect(containers()).toEqual(before);
    expect(json('plan', 'show', 'bulkhead-demo')).toHaveLength(1);
    must('kill', '--signal', 'KILL', 'demo-idle');
    await eventually('demo-idle has ended', () => containers().some(({ name, status }) => name === 'demo-idle' && status === 'stopped'));
    expect(must('demo').stdout.match(/^made .*$/gm)).toEqual([expect.stringMatching(/container demo-idle of demo-acme/)]);
    const now = containers();
    expect(namesOf(now)).toEqual(names);
    expect(now.filter(({ id }) => before.some((one) => one.id === id))).toHaveLength(5);
  });

  test('is taken away: no container, no cgroup of one and no price is left, and others stay', () => {
    must('run', '-d', '--name', 'guest', '--tenant', 'demo-acme', '--', 'sleep', '600');
    const made = containers().filter(({ name }) => name !== 'guest');
    const lasting = made.filter(({ status }) => status === 'running').flatMap(({ id }) => groupsOf(id));
    expect(lasting.length).toBeGreaterThanOrEqual(5);
    const { stdout } = must('demo', '--remove');
    expect(stdout).toMatch(/not ours +container guest: it stays/);
    expect(stdout).toMatch(/stays +tenants demo-acme, demo-globex/);
    expect(stdout).toMatch(/stays +price plan bulkhead-demo/);
    expect(stdout).toMatch(/stays +issuer "Bulkhead demo"/);
    expect(namesOf(containers())).toEqual(['guest']);
    expect(made.flatMap(({ id }) => groupsOf(id))).toEqual([]);
    expect(readFileSync('/proc/mounts', 'utf8')).not.toMatch(new RegExp(made.map(({ id }) => id).join('|')));
    expect(json('plan', 'ls')).toMatchObject([{ planId: 'bulkhead-demo', versions: 1, tenants: 0 }]);
    expect(instance.run('invoice', 'draft', '--tenant', 'demo-acme').code).not.toBe(0);
    // What was used was used.
    for (const tenant of tenants) expect(BigInt(json('usage', '--tenant', tenant)[0].cpuUsageUsec)).toBeGreaterThan(0n);
    expect(must('demo', '--remove').stdout).toMatch(/nothing of the demo runs here\n/);
    expect(namesOf(containers())).toEqual(['guest']);
  });

  test('comes again after it was taken away', () => {
    expect(must('demo').stdout.match(/^made /gm)).toHaveLength(2 + names.length);
    expect(must('demo', '--remove').stdout.match(/^removed /gm)).toHaveLength(2 + names.length);
    expect(namesOf(containers())).toEqual(['guest']);
  });
});
