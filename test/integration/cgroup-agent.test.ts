import { execFileSync, spawn } from 'node:child_process';
import { existsSync, readdirSync, readlinkSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CgroupChange, CgroupTree } from '@bulkhead/api';
import { detectCgroups } from '@bulkhead/cgroup';
import type { CgroupFile, CgroupNode, CgroupSample } from '@bulkhead/model';
import { cgroupRoot } from '@bulkhead/model';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { boundMsec } from '../support/emulation.ts';
import { cgroupMounts, HandCgroup } from '../support/hand-cgroup.ts';
import { startTestInstance, type TestInstance } from '../support/launcher.ts';
import { describeNeeds } from '../support/needs.ts';
import { AgentProcess } from './agent-process.ts';

/** A second, and what it takes to ask. */
const withinMsec = 1100;

describeNeeds(
  { root: true, userNamespaces: true, cgroup: 'any', controllers: ['memory', 'pids'] },
  'cgroups of the whole host',
  () => {
    let instance: TestInstance;
    let agent: AgentProcess;
    /** Everything made by hand stands below it. */
    let own: string;
    const pids = new Set<number>();

    beforeAll(async () => {
      instance = await startTestInstance();
      own = `/test-${instance.instance}`;
      agent = new AgentProcess(instance);
      await agent.start();
    });
    afterAll(async () => {
      for (const pid of pids) process.kill(pid, 'SIGKILL');
      await agent?.[Symbol.asyncDispose]();
      await detectCgroups().remove(cgroupRoot(instance.instance));
      await sleep(200);
      for (const { point } of cgroupMounts())
        if (existsSync(`${point}${own}`)) execFileSync('find', [`${point}${own}`, '-depth', '-type', 'd', '-exec', 'rmdir', '{}', '+']);
      await instance?.[Symbol.asyncDispose]();
    });

    const tree = () => agent.must<CgroupTree>('query', 'cgroup.tree', {});
    const inspect = (path: string) => agent.must<{ cgroup: CgroupNode; files: CgroupFile[] }>('query', 'cgroup.inspect', { path });
    const find = async (path: string) => (await tree()).cgroups.find((node) => node.path === path);
    /** Asks until it holds, and answers how long that took. */
    const until = async (condition: (node: CgroupNode | undefined) => boolean, path: string): Promise<number> => {
      const begin = performance.now();
      while (!condition(await find(path))) {
        if (performance.now() - begin > boundMsec(5000)) throw new Error(`in vain for ${path}: ${JSON.stringify(await find(path))}`);
        await sleep(20);
      }
      return performance.now() - begin;
    };
    const run = (...command: [string, ...string[]]): number => {
      const [program, ...args] = command;
      const { pid = 0 } = spawn(program, args, { stdio: 'ignore' }).once('exit', () => pids.delete(pid));
      pids.add(pid);
      return pid;
    };

    it('are those that find(1) finds, each once, parents first, and the root', async () => {
      await using _ = new HandCgroup(`${own}/a/b`);
      await sleep(withinMsec);
      // Others on this host make and remove theirs: what stands before and after must be there.
      const list = () =>
        new Set(
          cgroupMounts().flatMap(({ point }) =>
            execFileSync('find', [point, '-type', 'd'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
              .split('\n')
              .filter(Boolean)
              .map((path) => path.slice(point.length) || '/'),
          ),
        );
      const before = list();
      const { cgroups, gaps } = await tree();
      const after = list();
      const paths = cgroups.map(({ path }) => path);
      expect(paths).toEqual(expect.arrayContaining(['/', own, `${own}/a`, `${own}/a/b`]));
      expect([...before].filter((path) => after.has(path) && !paths.includes(path))).toEqual([]);
      expect(new Set(paths).size).toBe(paths.length);
      for (const [index, path] of paths.entries())
        if (path !== '/') expect(paths.indexOf(path.slice(0, path.lastIndexOf('/')) || '/')).toBeLessThan(index);
      expect(gaps).toMatchObject({ leftOut: 0 });
    });

    it('are seen within a second and gone within a second', async () => {
      const path = `${own}/short`;
      await using made = new HandCgroup(path);
      expect(await until((node) => node?.processes === 0, path)).toBeLessThan(boundMsec(withinMsec));
      await made.remove();
      expect(await until((node) => node === undefined, path)).toBeLessThan(boundMsec(withinMsec));
      expect((await agent.call('query', 'cgroup.inspect', { path })).error?.data.problem).toBe('not-found');
    });

    it('are told to those who watch: appeared, limited, used, removed', async () => {
      const path = `${own}/watched`;
      const leaving = new AbortController();
      const seen: string[] = [];
      let last: CgroupNode | undefined;
      const watching = (async () => {
        for await (const item of agent.stream('cgroup.watch', {}, { kind: 'local-root' }, leaving.signal)) {
          const change = item as CgroupChange;
          const node = change.cgroups.find((each) => each.path === path);
          last = node ?? last;
          if (node !== undefined) seen.push(node.limits.pidsMax === 77 ? 'limited' : 'appeared');
          if (change.type === 'changed' && change.removed.includes(path)) seen.push('removed');
          if (change.type === 'changed' && change.use.some((each) => each.path === path)) seen.push('used');
        }
      })();
      const has = async (word: string) => {
        const begin = performance.now();
        while (!seen.includes(word) && performance.now() - begin < 4000) await sleep(10);
        expect(seen).toContain(word);
        return performance.now() - begin;
      };
      await sleep(300);
      await using made = new HandCgroup(path);
      expect(await has('appeared')).toBeLessThan(boundMsec(withinMsec));
      writeFileSync(made.file('pids.max'), '77');
      expect(await has('limited')).toBeLessThan(boundMsec(withinMsec));
      expect(last?.controllers).toEqual(expect.arrayContaining(['memory', 'pids']));
      const pid = run('sh', '-c', 'while :; do :; done');
      made.join(pid);
      await has('used');
      process.kill(pid, 'SIGKILL');
      await made.remove();
      expect(await has('removed')).toBeLessThan(boundMsec(withinMsec));
      leaving.abort();
      await watching;
    });

    it('have the limits, the processes and the state that cat(1) shows', async () => {
      const path = `${own}/limited`;
      await using made = new HandCgroup(path);
      const pid = run('sleep', '600');
      made.join(pid);
      writeFileSync(made.file('memory.limit_in_bytes', 'memory.max'), '67108864');
      if (existsSync(`${made.file('cgroup.procs').replace(/\/[^/]*$/, '')}/cpu.max`)) writeFileSync(made.file('cpu.max'), '25000 100000');
      else writeFileSync(made.file('cpu.cfs_quota_us'), '25000');
      expect(await until((node) => node?.processes === 1 && node.limits.cpuMaxMillis === 250, path)).toBeLessThan(boundMsec(withinMsec));
      expect(await find(path)).toMatchObject({
        processes: 1,
        frozen: false,
        limits: { cpuMaxMillis: 250, cpuWeight: 100, memoryMaxBytes: 67_108_864, pidsMax: 'max' },
        maker: { runtime: 'plain' },
      });
      const { files } = await inspect(path);
      for (const name of ['memory.limit_in_bytes', 'memory.max', 'pids.max', 'cgroup.procs'])
        for (const file of files.filter((each) => each.name === name))
          expect(file.content).toBe(execFileSync('cat', [file.path], { encoding: 'utf8' }));
      expect(files.map(({ name }) => name)).toEqual(expect.arrayContaining(['pids.max', 'cgroup.procs']));
      const freezer = made.file('freezer.state', 'cgroup.freeze');
      writeFileSync(freezer, freezer.endsWith('state') ? 'FROZEN' : '1');
      expect(await until((node) => node?.frozen === true, path)).toBeLessThan(boundMsec(withinMsec));
      writeFileSync(freezer, freezer.endsWith('state') ? 'THAWED' : '0');
      expect(await until((node) => node?.frozen === false, path)).toBeLessThan(boundMsec(withinMsec));
      process.kill(pid, 'SIGKILL');
      expect(await until((node) => node?.processes === 0, path)).toBeLessThan(boundMsec(withinMsec));
    });

    it('use what the kernel counts', async () => {
      const path = `${own}/busy`;
      await using made = new HandCgroup(path);
      const pid = run('sh', '-c', 'while :; do :; done');
      made.join(pid);
      await until((node) => (node?.use.cpuMillis ?? 0) > 100, path);
      const usec = () =>
        existsSync(`${made.file('cgroup.procs').replace(/\/[^/]*$/, '')}/cpu.stat`) && !existsSync('/sys/fs/cgroup/cpuacct')
          ? Number(/usage_usec (\d+)/.exec(made.read('cpu.stat'))?.[1])
          : Number(made.read('cpuacct.usage')) / 1000;
      const [usedBefore, begin] = [usec(), performance.now()];
      await sleep(5000);
      const theirs = (usec() - usedBefore) / (performance.now() - begin);
      const samples = await agent.must<CgroupSample[]>('query', 'cgroup.recent', { path });
      const last = samples.slice(-5).map(({ use }) => use.cpuMillis ?? Number.NaN);
      const ours = last.reduce((sum, value) => sum + value, 0) / last.length;
      expect(ours / theirs).toBeGreaterThan(0.8);
      expect(ours / theirs).toBeLessThan(1.25);
      const node = await find(path);
      expect(node?.use.pids).toBe(1);
      expect(node?.use.memoryBytes).toBe(Number(made.read('memory.usage_in_bytes', 'memory.current')));
      process.kill(pid, 'SIGKILL');
      // What is still is 0, and known to be.
      await until((each) => each?.use.cpuMillis === 0 && each.use.pids === 0, path);
      const seconds = (await agent.must<CgroupSample[]>('query', 'cgroup.recent', { path })).map(({ at }) =>
        Math.floor(Date.parse(at) / 1000),
      );
      expect(new Set(seconds).size).toBeGreaterThan(seconds.length - 2);
    });

    it('throttled are shown so, and those without a quota have no such share', async () => {
      const path = `${own}/throttled`;
      await using made = new HandCgroup(path);
      const pid = run('sh', '-c', 'while :; do :; done');
      made.join(pid);
      await until((node) => (node?.use.cpuMillis ?? 0) > 100, path);
      expect((await find(path))?.use.throttled).toBe(undefined);
      const file = made.file('cpu.cfs_quota_us', 'cpu.max');
      writeFileSync(file, file.endsWith('max') ? '10000 100000' : '10000');
      await until((node) => (node?.use.throttled ?? 0) > 0.8 && (node?.use.cpuMillis ?? 1000) < 200, path);
      process.kill(pid, 'SIGKILL');
    });

    it('removed and made anew under the same name are measured on', async () => {
      const path = `${own}/again`;
      await using made = new HandCgroup(path);
      await until((node) => node?.processes === 0, path);
      for (let round = 0; round < 20; round += 1) {
        await made.remove();
        new HandCgroup(path);
      }
      const pid = run('sh', '-c', 'while :; do :; done');
      made.join(pid);
      await until((node) => (node?.use.cpuMillis ?? 0) > 100 && node?.processes === 1, path);
      process.kill(pid, 'SIGKILL');
    });

    it('come and go by the hundred without a crash, and leave no descriptor', async () => {
      const descriptors = () => readdirSync(`/proc/${agent.pid}/fd`).length;
      await sleep(withinMsec);
      const before = descriptors();
      for (let round = 0; round < 3; round += 1) {
        const groups = Array.from({ length: 200 }, (_, index) => new HandCgroup(`${own}/many-${index}`));
        await sleep(400);
        for (const group of groups) await group.remove();
      }
      await sleep(2 * withinMsec);
      expect((await tree()).cgroups.filter(({ path }) => path.includes('/many-'))).toEqual([]);
      expect(descriptors()).toBeLessThan(before + 10);
      expect(agent.log.filter((line) => line.includes('could not be read'))).toEqual([]);
    });

    it('of our containers bear their names, and none of their counters is held open twice', async ({ task }) => {
      const name = `shown-${task.result?.retryCount ?? 0}`;
      await agent.must('mutation', 'container.create', { name, tenantId: 'acme', image: 'host', args: ['sleep', '600'] });
      const { container } = await agent.must<{ container: { id: string } }>('mutation', 'container.start', { container: name });
      const path = `/${cgroupRoot(instance.instance)}/acme/${container.id}`;
      // It is there before its first process is, and the tree is read once a second.
      await until((node) => node?.use.memoryBytes !== undefined && node.use.pids === 1, path);
      expect(await find(path)).toMatchObject({
        maker: { runtime: 'bulkhead', name, containerId: container.id, tenantId: 'acme' },
        use: { pids: 1 },
      });
      const heldOpen = () =>
        readdirSync(`/proc/${agent.pid}/fd`).flatMap((fd) => {
          try {
            const link = readlinkSync(`/proc/${agent.pid}/fd/${fd}`);
            return link.endsWith(`${path}/memory.usage_in_bytes`) || link.endsWith(`${path}/memory.current`) ? [link] : [];
          } catch {
            return [];
          }
        });
      // The tree may have opened it before it was a container's.
      await expect.poll(heldOpen, { timeout: boundMsec(5000), interval: 100 }).toHaveLength(1);
      await sleep(2 * withinMsec);
      expect(heldOpen()).toHaveLength(1);
      expect((await find(path))?.use.memoryBytes).toBeGreaterThan(0);
      await agent.must('mutation', 'container.delete', { container: name, force: true });
      expect(await until((node) => node === undefined, path)).toBeLessThan(boundMsec(withinMsec));
    });
  },
  { retry: 2 },
);
