import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { CgroupDone } from '@bulkhead/api';
import { detectCgroups } from '@bulkhead/cgroup';
import {
  type CgroupOwnership,
  type CgroupPlan,
  type CgroupSettingAuthor,
  type CgroupSettingState,
  type Container,
  type ContainerDetail,
  cgroupRoot,
  type HostEvent,
  type JournalEntry,
} from '@bulkhead/model';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { CgroupGround, isUnified } from '../support/cgroup-ground.ts';
import { boundMsec } from '../support/emulation.ts';
import { cgroupMounts } from '../support/hand-cgroup.ts';
import { startTestInstance, type TestInstance } from '../support/launcher.ts';
import { describeNeeds } from '../support/needs.ts';
import { AgentProcess, type As } from './agent-process.ts';

interface Settings {
  settings: CgroupSettingState[];
  authors: CgroupSettingAuthor[];
}
interface Planned {
  plan: CgroupPlan;
  ownership: CgroupOwnership;
  refusal?: string;
}
const root: As = { kind: 'local-root' };
const administrator: As = { kind: 'statement', role: 'administrator', tenants: 'all' };

describeNeeds(
  { root: true, userNamespaces: true, cgroup: 'any', controllers: ['cpu', 'memory', 'pids'], kernel: '5.14' },
  'cgroups acted on through the agent',
  () => {
    let instance: TestInstance;
    let agent: AgentProcess;
    let ground: CgroupGround;
    /** As systemd names a unit; no systemd need run for a group of that name. */
    let unit: string;

    beforeAll(async () => {
      instance = await startTestInstance();
      agent = new AgentProcess(instance);
      await agent.start();
      ground = new CgroupGround();
      ground.create(ground.root);
      unit = `${ground.root}/web.service`;
      ground.create(unit);
    });
    afterAll(async () => {
      await agent?.[Symbol.asyncDispose]();
      await detectCgroups().remove(cgroupRoot(instance.instance));
      await ground?.[Symbol.asyncDispose]();
      await instance?.[Symbol.asyncDispose]();
    });

    const refusalOf = async (verb: string, input: object, as: As = root) =>
      (await agent.call('mutation', `cgroup.${verb}`, input, as)).error;
    const settings = (path: string) => agent.must<Settings>('query', 'cgroup.settings', { path });
    const events = async (): Promise<HostEvent[]> => {
      const { entries } = await agent.must<{ entries: JournalEntry[] }>('query', 'journal.pull', { after: 0, limit: 5000 });
      return entries.flatMap(({ record }) => (record.kind === 'event' ? [record.event] : []));
    };
    const pidsMax = (path: string) => ground.read('pids', path, 'pids.max');

    it('tells in a dry run whose a group is, the own command of its owner, and what will be overwritten; and does nothing', async () => {
      const changes = [
        { key: 'pids.max', value: '44' },
        { key: 'cpu.weight', value: '30' },
      ];
      const { plan, ownership, refusal } = await agent.must<Planned>('query', 'cgroup.plan', { path: unit, changes });
      expect(plan.steps.map(({ key, after }) => [key, after])).toEqual([
        ['pids.max', '44'],
        ['cpu.weight', isUnified ? '30' : '307'],
      ]);
      expect(ownership).toMatchObject({
        maker: { runtime: 'systemd', name: 'web.service' },
        foreign: true,
        confirm: true,
        command: 'systemctl set-property --runtime web.service TasksMax=44 CPUWeight=30',
        overwritten: expect.stringContaining('daemon-reload'),
        protections: [],
      });
      expect(refusal).toBeUndefined();
      expect(pidsMax(unit)).toBe('max');
    });

    it('changes a group of another owner only when that is confirmed, and remembers who did it with every step', async () => {
      const changes = [{ key: 'pids.max', value: '44' }];
      const refused = await refusalOf('set', { path: unit, changes });
      expect(refused).toMatchObject({ data: { problem: 'conflict', remedy: expect.stringContaining('confirm') } });
      expect(refused?.message).toContain('systemctl set-property --runtime web.service TasksMax=44');
      expect(pidsMax(unit)).toBe('max');
      const done = await agent.must<CgroupDone>('mutation', 'cgroup.set', { path: unit, changes, confirmed: true }, administrator);
      expect(pidsMax(unit)).toBe('44');
      expect(done.transcript.commands).toEqual([expect.stringMatching(/^printf %s 44 > .*pids\.max'?$/)]);
      expect((await settings(unit)).authors).toMatchObject([{ key: 'pids.max', subject: { kind: 'user', name: 'Ada' } }]);
      const event = (await events()).findLast(({ kind }) => kind === 'cgroup.set');
      expect(event).toMatchObject({
        subject: { name: 'Ada' },
        detail: { path: unit, 'pids.max': '44' },
        transcript: { steps: [expect.objectContaining({ actor: 'agent', syscall: 'write' })] },
      });
      // The agent's death does not lose who it was.
      await agent.end('SIGKILL');
      await agent.start();
      expect((await settings(unit)).authors).toMatchObject([{ key: 'pids.max', subject: { name: 'Ada' } }]);
      expect((await settings(unit)).settings.find(({ key }) => key === 'pids.max')).toMatchObject({ value: '44' });
    });

    it('a change of which a part is refused leaves all as it was, and the event says that it failed', async () => {
      const changes = [
        { key: 'pids.max', value: '12' },
        { key: 'cpu.max', value: '10000 100000' },
        { key: 'cpu.max.burst', value: '90000' },
      ];
      const refused = await refusalOf('set', { path: unit, changes, confirmed: true });
      expect(refused?.message).toMatch(/"90000" in .*burst.* \(EINVAL\): .* put back/);
      expect(pidsMax(unit)).toBe('44');
      const event = (await events()).findLast(({ kind }) => kind === 'cgroup.set');
      expect(event?.detail.failed).toContain('EINVAL');
    });

    it('what the machine and this instance live by is not stopped, ended or starved by a slip', async () => {
      const vital = ['/', `/${cgroupRoot(instance.instance)}`];
      for (const path of vital)
        for (const verb of ['freeze', 'kill', 'remove']) {
          const refused = await refusalOf(verb, { path, confirmed: true });
          expect(refused?.data, `${verb} ${path}`).toMatchObject({ problem: 'forbidden', remedy: expect.stringContaining('--force') });
          // A control plane cannot say so at all.
          const control = await refusalOf(verb, { path, confirmed: true, force: true }, administrator);
          expect(control?.data.problem, `${verb} ${path}`).toBe('forbidden');
        }
      // A group that the agent itself is in, in one hierarchy at least.
      const own = `${ground.root}/agents`;
      ground.create(own);
      ground.control.move(own, [agent.pid]);
      expect((await refusalOf('freeze', { path: own, confirmed: true }))?.message).toContain('the agent of bulkhead is in it');
      expect((await refusalOf('kill', { path: ground.root, confirmed: true }))?.message).toContain('below it');
      const starving = await refusalOf('set', { path: own, changes: [{ key: 'memory.max', value: '1M' }] });
      expect(starving?.message).toContain('memory.max 1048576 is less than it needs');
      expect(ground.stateOf(own, 'memory.max').value).toBe('max');
      // Above what it uses is no slip, once that is measured; and with the word said it is done all the same.
      const measured = async () =>
        (await refusalOf('set', { path: own, changes: [{ key: 'memory.max', value: '8G' }] }))?.message ?? 'done';
      await expect.poll(measured, { timeout: boundMsec(10_000), interval: 200 }).toBe('done');
      expect(ground.stateOf(own, 'memory.max').value).toBe(String(8 * 1024 ** 3));
      await agent.must('mutation', 'cgroup.set', { path: own, changes: [{ key: 'pids.max', value: '20000' }], force: true });
      expect(pidsMax(own)).toBe('20000');
      expect((await refusalOf('move', { path: unit, pids: [agent.pid], confirmed: true }))?.message).toContain('stays where it is');
      for (const { point } of cgroupMounts()) if (existsSync(`${point}${own}`)) writeFileSync(`${point}/cgroup.procs`, String(agent.pid));
    });

    it('makes, fills, freezes, thaws, ends and removes a group, each told as an event with who asked', async () => {
      const path = `${ground.root}/job one`;
      const child = spawn('sleep', ['600'], { stdio: 'ignore' });
      const controllers = ['cpu', 'memory', 'pids', 'freezer'];
      await agent.must('mutation', 'cgroup.create', { path, controllers });
      await agent.must('mutation', 'cgroup.move', { path, pids: [child.pid] });
      expect(ground.read('pids', path, 'cgroup.procs')).toBe(String(child.pid));
      expect((await refusalOf('freeze', { path }))?.data.problem).toBe('conflict');
      await agent.must('mutation', 'cgroup.freeze', { path, confirmed: true });
      expect(ground.stateOf(path, 'cgroup.freeze').value).toBe('1');
      await agent.must('mutation', 'cgroup.thaw', { path });
      const ended = new Promise((resolve) => child.once('exit', (_code, signal) => resolve(signal)));
      await agent.must('mutation', 'cgroup.kill', { path, confirmed: true });
      expect(await ended).toBe('SIGKILL');
      await agent.must('mutation', 'cgroup.remove', { path, confirmed: true });
      expect(ground.present(path)).toEqual([]);
      const told = (await events()).filter(({ detail }) => detail.path === path);
      expect(told.map(({ kind }) => kind)).toEqual([
        'cgroup.created',
        'cgroup.moved',
        'cgroup.frozen',
        'cgroup.thawed',
        'cgroup.killed',
        'cgroup.removed',
      ]);
      for (const { kind, subject, transcript } of told) {
        expect(subject, kind).toMatchObject({ kind: 'local-root' });
        expect(transcript?.steps.length, kind).toBeGreaterThan(0);
      }
      expect(told.find(({ kind }) => kind === 'cgroup.killed')?.detail.processes).toBe(1);
    });

    it('is capped by the policy of the host for a control plane: limits as it comes, nothing where it says off', async () => {
      const path = `${ground.root}/capped`;
      ground.create(path);
      const set = { path, changes: [{ key: 'pids.max', value: '5' }] };
      await agent.must('mutation', 'cgroup.set', set, administrator);
      expect((await refusalOf('kill', { path, confirmed: true }, administrator))?.data).toMatchObject({
        problem: 'forbidden',
        remedy: expect.stringContaining('"foreignCgroups": "all"'),
      });
      expect((await agent.must<Planned>('query', 'cgroup.plan', { path, verb: 'kill' }, administrator)).refusal).toContain(
        'policy of this host',
      );
      await agent.end('SIGTERM');
      mkdirSync(instance.paths.policyFile.replace(/\/[^/]*$/, ''), { recursive: true });
      writeFileSync(instance.paths.policyFile, JSON.stringify({ version: 1, foreignCgroups: 'off' }));
      await agent.start();
      expect((await refusalOf('set', { ...set, confirmed: true }, administrator))?.data.problem).toBe('forbidden');
      await agent.must('mutation', 'cgroup.set', { path, changes: [{ key: 'pids.max', value: '6' }] });
      expect(pidsMax(path)).toBe('6');
      await agent.end('SIGTERM');
      execFileSync('rm', ['-r', instance.paths.policyFile.replace(/\/[^/]*$/, '')]);
      await agent.start();
    });

    it('changes limits of a running container through its own verb, live, and shows as drift what others change', async () => {
      await agent.must('mutation', 'container.create', {
        name: 'limited',
        tenantId: 'acme',
        image: 'host',
        args: ['sleep', '600'],
        limits: { pidsMax: 50, cpuMaxMillis: 500 },
      });
      const { container } = await agent.must<{ container: Container }>('mutation', 'container.start', { container: 'limited' });
      const path = `/${cgroupRoot(instance.instance)}/acme/${container.id}`;
      const limits = { memoryMaxBytes: 128 * 1024 * 1024, pidsMax: 70, cpuMaxMillis: 'max' };
      const changed = await agent.must<{ container: Container; transcript: CgroupDone['transcript'] }>('mutation', 'container.update', {
        container: 'limited',
        limits,
      });
      expect(changed.container.limits).toEqual({ memoryMaxBytes: 134_217_728, pidsMax: 70 });
      expect(changed.transcript.commands.length).toBeGreaterThan(1);
      expect(pidsMax(path)).toBe('70');
      expect(ground.read('memory', path, 'memory.limit_in_bytes', 'memory.max')).toBe('134217728');
      expect(ground.stateOf(path, 'cpu.max').value).toBe('max 100000');
      expect((await settings(path)).authors.map(({ key }) => key).sort()).toEqual(['cpu.max', 'memory.max', 'pids.max']);
      const inspect = () => agent.must<ContainerDetail>('query', 'container.inspect', { container: 'limited' });
      expect(await inspect()).toMatchObject({ drift: [], limits: { pidsMax: 70 } });
      // Past the container's own verbs it is refused by a slip, and seen as drift where it is done all the same.
      const past = { path, changes: [{ key: 'pids.max', value: '60' }], confirmed: true };
      expect((await refusalOf('set', past))?.message).toContain('./bulkhead update --pids 60 limited');
      await agent.must('mutation', 'cgroup.set', { ...past, force: true });
      expect((await inspect()).drift).toEqual([{ subject: 'pids.max', asked: '70', found: '60' }]);
      // Neither is the group of its tenant ended or stopped by a slip, nor the process taken out of it.
      const tenant = path.slice(0, path.lastIndexOf('/'));
      for (const verb of ['kill', 'freeze'])
        expect((await refusalOf(verb, { path: tenant, confirmed: true }))?.message).toContain('the container limited');
      const taken = await refusalOf('move', { path: ground.root, pids: [container.pid], confirmed: true });
      expect(taken?.message).toContain('of the container limited');
      // What the kernel cannot do changes nothing, and is not remembered as asked for.
      const tooMuch = await agent.call('mutation', 'container.update', { container: 'limited', limits: { pidsMax: 0 } });
      expect(tooMuch.error?.data.problem).toBe('invalid');
      expect((await inspect()).limits).toMatchObject({ pidsMax: 70 });
      const event = (await events()).findLast(({ kind }) => kind === 'container.updated');
      expect(event).toMatchObject({ containerName: 'limited', tenantId: 'acme', detail: limits, subject: { kind: 'local-root' } });
      // After the death of the agent it is what was asked for last.
      await agent.end('SIGKILL');
      await agent.start();
      expect((await inspect()).limits).toEqual({ memoryMaxBytes: 134_217_728, pidsMax: 70 });
      await agent.must('mutation', 'container.delete', { container: 'limited', force: true });
    });

    it('lists hierarchies with their controllers, as /proc/cgroups and the mounts have them', async () => {
      const { hierarchies, unmounted } = await agent.must<{
        hierarchies: { controllers: string[]; mountPoint: string }[];
        unmounted: string[];
      }>('query', 'cgroup.controllers', {});
      expect(hierarchies.map(({ mountPoint }) => mountPoint).sort()).toEqual(
        cgroupMounts()
          .map(({ point }) => point)
          .sort(),
      );
      const known = readFileSync('/proc/cgroups', 'utf8')
        .split('\n')
        .slice(1)
        .filter((line) => line.endsWith('\t1'))
        .map((line) => line.split('\t')[0] as string);
      const listed = new Set([...hierarchies.flatMap(({ controllers }) => controllers), ...unmounted]);
      const ofCore = isUnified ? ['cpuacct', 'freezer', 'devices', 'blkio'] : [];
      expect(known.filter((name) => !listed.has(name) && !ofCore.includes(name))).toEqual([]);
    });
  },
);
