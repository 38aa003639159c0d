import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { detectCgroups } from '@bulkhead/cgroup';
import {
  type CgroupConfigEntry,
  type CgroupPlan,
  type CgroupSettingAuthor,
  type Container,
  cgroupRoot,
  type HostEvent,
  type JournalEntry,
} from '@bulkhead/model';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { CgroupGround, isUnified } from '../support/cgroup-ground.ts';
import { boundMsec, isEmulated } from '../support/emulation.ts';
import { startTestInstance, type TestInstance } from '../support/launcher.ts';
import { describeNeeds } from '../support/needs.ts';
import { supportProgram } from '../support/program.ts';
import { AgentProcess } from './agent-process.ts';

describeNeeds(
  { root: true, userNamespaces: true, cgroup: 'any', controllers: ['cpu', 'memory', 'pids'], kernel: '5.14' },
  'a change of cgroups in whose midst the agent is killed (kill -9)',
  () => {
    let instance: TestInstance;
    let agent: AgentProcess;
    let ground: CgroupGround;
    let dying: string;

    beforeAll(async () => {
      dying = await supportProgram('dying-agent');
      instance = await startTestInstance();
      agent = new AgentProcess(instance);
      await agent.start();
      ground = new CgroupGround();
      ground.create(ground.root);
    });
    afterAll(async () => {
      await agent?.[Symbol.asyncDispose]();
      await detectCgroups().remove(cgroupRoot(instance.instance));
      rmSync(`/etc/bulkhead/${instance.instance}`, { recursive: true, force: true });
      await ground?.[Symbol.asyncDispose]();
      await instance?.[Symbol.asyncDispose]();
    });

    /** Has an agent come to a point for the so many-th time, where it is killed; then the next one starts. */
    async function killedAt(point: string, times: number, procedure: string, input: object): Promise<void> {
      await agent.end('SIGTERM');
      await agent.start({ program: [dying, point, String(times)] });
      const { pid } = agent;
      await expect(agent.call('mutation', procedure, input), `${point} for the ${times}. time`).rejects.toMatchObject({
        code: 'ECONNRESET',
      });
      expect(existsSync(`/proc/${pid}/exe`)).toBe(false);
      await agent.start();
    }
    const events = async (kind: HostEvent['kind']): Promise<HostEvent[]> => {
      const { entries } = await agent.must<{ entries: JournalEntry[] }>('query', 'journal.pull', { after: 0, limit: 5000 });
      return entries.flatMap(({ record }) => (record.kind === 'event' && record.event.kind === kind ? [record.event] : []));
    };
    const authors = async (path: string): Promise<CgroupSettingAuthor[]> =>
      (await agent.must<{ authors: CgroupSettingAuthor[] }>('query', 'cgroup.settings', { path })).authors;

    /** What the kernel holds, past all our code. */
    const held = (path: string) => ({
      pids: ground.read('pids', path, 'pids.max'),
      weight: ground.read('cpu', path, 'cpu.shares', 'cpu.weight'),
      quota: isUnified
        ? ground.read('cpu', path, 'cpu.max')
        : `${ground.read('cpu', path, 'cpu.cfs_quota_us')} ${ground.read('cpu', path, 'cpu.cfs_period_us')}`,
    });

    it(
      'of several files is taken back wherever it was, and told in the name of who asked for it',
      async () => {
        const path = ground.root;
        const changes = [
          { key: 'pids.max', value: '44' },
          { key: 'cpu.max', value: '30000 50000' },
          { key: 'cpu.weight', value: '30' },
        ];
        ground.set(path, { 'pids.max': '100', 'cpu.max': '20000 100000', 'cpu.weight': '50' });
        const before = held(path);
        const { plan } = await agent.must<{ plan: CgroupPlan }>('query', 'cgroup.plan', { path, changes });
        const count = plan.steps.length;
        expect(count).toBeGreaterThanOrEqual(3);
        // Each start takes long where all is emulated: then in the midst alone.
        const stops = isEmulated ? [2] : Array.from({ length: count }, (_, index) => index + 1);
        for (const times of stops) {
          await killedAt('apply:written', times, 'cgroup.set', { path, changes, confirmed: true });
          expect(held(path), `killed behind write ${times} of ${count}`).toEqual(before);
        }
        expect(existsSync(`${instance.paths.run}/agent/cgroup-change.json`)).toBe(false);
        const told = await events('cgroup.set');
        expect(told).toHaveLength(stops.length);
        for (const event of told)
          expect(event).toMatchObject({
            cgroupPath: path,
            subject: { kind: 'local-root' },
            detail: { failed: 'the agent ended in the midst of it; what was written is put back' },
          });
        expect(await authors(path)).toEqual([]);
        // Nothing of it stands in the way of the next, which goes through.
        await agent.must('mutation', 'cgroup.set', { path, changes, confirmed: true });
        expect(held(path)).toEqual({ pids: '44', weight: isUnified ? '30' : '307', quota: '30000 50000' });
        await agent.end('SIGKILL');
        await agent.start();
        expect(held(path)).toMatchObject({ pids: '44' });
      },
      boundMsec(180_000),
    );

    it('of a container by its own verb is taken back as well, and is no drift', async () => {
      const spec = { name: 'limited', tenantId: 'acme', image: 'host', args: ['sleep', '600'], limits: { pidsMax: 50, cpuMaxMillis: 500 } };
      const { container } = await agent.must<{ container: Container }>('mutation', 'container.create', spec);
      await agent.must('mutation', 'container.start', { container: 'limited' });
      const path = `/${cgroupRoot(instance.instance)}/acme/${container.id}`;
      const before = held(path);
      const limits = { pidsMax: 70, cpuMaxMillis: 250, cpuWeight: 30 };
      await killedAt('apply:written', 2, 'container.update', { container: 'limited', limits });
      expect(held(path)).toEqual(before);
      expect(await agent.must('query', 'container.inspect', { container: 'limited' })).toMatchObject({ drift: [], limits: spec.limits });
      await agent.must('mutation', 'container.update', { container: 'limited', limits });
      expect(held(path).pids).toBe('70');
      await agent.must('mutation', 'container.delete', { container: 'limited', force: true });
    });

    it('of a group that is made anew meanwhile leaves the new one alone', async () => {
      const path = `${ground.root}/again`;
      ground.create(path);
      const changes = [
        { key: 'pids.max', value: '44' },
        { key: 'cpu.weight', value: '30' },
      ];
      await agent.end('SIGTERM');
      await agent.start({ program: [dying, 'apply:written', '1'] });
      await expect(agent.call('mutation', 'cgroup.set', { path, changes, confirmed: true })).rejects.toThrow();
      await ground.control.remove(path);
      ground.create(path);
      ground.set(path, { 'pids.max': '7', 'cpu.weight': '70' });
      const before = held(path);
      await agent.start();
      expect(held(path)).toEqual(before);
    });

    it(
      'by a cgconfig.conf is all or nothing: directories, owners, values, and what the text before had made',
      async () => {
        const group = ground.root.slice(1);
        // Names that are no words of the grammar stand in quotes.
        const name = (below = '') => `"${group}${below}"`;
        const before = `group ${name('/old')} { cpu { cpu.shares = 512; } }`;
        const after = `
        group ${name()} {
          perm { task { uid = 33; } admin { uid = 55; } }
          pids { pids.max = 66; }
          cpu { cpu.shares = 300; cpu.cfs_period_us = 40000; cpu.cfs_quota_us = 10000; }
        }
        group ${name('/fresh')} { pids { pids.max = 9; } cpu { cpu.shares = 200; } }`;
        const input = { name: 'killed', text: after, confirmed: true };
        await agent.must('mutation', 'cgroup.importConfig', { ...input, text: before });
        const textFile = `${instance.paths.cgroupConfigs}/killed.conf`;
        const state = async () => {
          const [config] = await agent.must<CgroupConfigEntry[]>('query', 'cgroup.listConfigs', {});
          return {
            ...held(ground.root),
            owners: ['.', 'pids.max', isUnified ? 'cgroup.procs' : 'tasks'].map(
              (file) => statSync(ground.file('pids', ground.root, file)).uid,
            ),
            old: ground.present(`${ground.root}/old`).length > 0,
            fresh: ground.present(`${ground.root}/fresh`).length > 0,
            text: readFileSync(textFile, 'utf8') === after ? 'after' : 'before',
            made: config?.made.map(({ path }) => path),
            trouble: config?.trouble,
          };
        };
        const beginning = await state();
        expect(beginning).toMatchObject({ owners: [0, 0, 0], old: true, fresh: false, text: 'before', made: [`${ground.root}/old`] });
        const nothing: [string, number][] = [
          ['import:noted', 1],
          ['config:make', 1],
          ['config:own', 1],
          ['apply:written', 1],
          ['apply:written', 3],
          ['import:applied', 1],
        ];
        for (const [point, times] of isEmulated ? nothing.slice(4, 5) : nothing) {
          await killedAt(point, times, 'cgroup.importConfig', input);
          expect(await state(), `killed at ${point} for the ${times}. time`).toEqual(beginning);
          expect((await events('cgroup.config-failed')).at(-1)?.detail).toEqual({
            name: 'killed',
            error: 'the agent ended in the midst of its import; what it had done is taken back',
          });
        }
        const all = {
          pids: '66',
          weight: isUnified ? '29' : '300',
          quota: '10000 40000',
          owners: [55, 55, 33],
          old: false,
          fresh: true,
          text: 'after',
          made: [`${ground.root}/fresh`],
          trouble: undefined,
        };
        const points: string[] = isEmulated ? ['import:kept'] : ['import:kept', 'import:cleared'];
        for (const point of points) {
          await killedAt(point, 1, 'cgroup.importConfig', input);
          expect(await state(), `killed at ${point}`).toEqual(all);
          expect((await events('cgroup.config-applied')).at(-1)?.detail).toEqual({ name: 'killed' });
          expect(await authors(`${ground.root}/fresh`)).toMatchObject(
            ['cpu.weight', 'pids.max'].map((key) => ({ key, subject: { kind: 'local-root' } })),
          );
          await agent.must('mutation', 'cgroup.removeConfig', { name: 'killed' });
          // Owners are nothing that a removal puts back.
          execFileSync('chown', ['-R', '0:0', ...ground.present()]);
          expect(held(ground.root)).toEqual({ pids: beginning.pids, weight: beginning.weight, quota: beginning.quota });
          await agent.must('mutation', 'cgroup.importConfig', { ...input, text: before });
          expect(await state()).toEqual(beginning);
        }
        await agent.must('mutation', 'cgroup.removeConfig', { name: 'killed' });
      },
      boundMsec(180_000),
    );

    it('by a cgconfig.conf that is applied after a boot is finished by the next agent, which knows all that was made', async () => {
      const paths = ['one', 'two'].map((name) => `${ground.root}/boot-${name}`);
      const text = paths.map((path) => `group "${path.slice(1)}" { pids { pids.max = 9; } cpu { cpu.shares = 200; } }`).join('\n');
      await agent.must('mutation', 'cgroup.importConfig', { name: 'boot', text });
      await agent.end('SIGTERM');
      // What a boot leaves: other groups, none of them, and a state of before.
      const stateFile = `${instance.paths.agentState}/cgroup-configs.json`;
      const otherBoot = '"bootId":"11111111-2222-4333-8444-555555555555"';
      writeFileSync(stateFile, readFileSync(stateFile, 'utf8').replaceAll(/"bootId":"[^"]*"/g, otherBoot));
      for (const path of paths) await ground.control.remove(path);
      await expect(agent.start({ program: [dying, 'config:make', '2'] })).rejects.toThrow('SIGKILL');
      await agent.start();
      for (const path of paths) expect(held(path)).toMatchObject({ pids: '9', weight: isUnified ? '20' : '200' });
      const [config] = await agent.must<CgroupConfigEntry[]>('query', 'cgroup.listConfigs', {});
      expect(config).toMatchObject({ name: 'boot', importedBy: 'root', made: paths.map((path) => ({ path })) });
      expect(config?.trouble).toBeUndefined();
      await agent.must('mutation', 'cgroup.removeConfig', { name: 'boot' });
      expect(paths.flatMap((path) => ground.present(path))).toEqual([]);
    });
  },
);
