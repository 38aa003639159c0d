import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readlinkSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { NamespaceChange } from '@bulkhead/api';
import { detectCgroups } from '@bulkhead/cgroup';
import { type ContainerDetail, cgroupRoot, type Namespace, type NamespaceInventory } from '@bulkhead/model';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { boundMsec } from '../support/emulation.ts';
import { startTestInstance, type TestInstance } from '../support/launcher.ts';
import { describeNeeds } from '../support/needs.ts';
import { AgentProcess, type As } from './agent-process.ts';

const withinMsec = boundMsec(1000);
const administrator = { kind: 'statement', role: 'administrator', tenants: 'all' } as const satisfies As;
const memberOf = (...tenants: string[]): As => ({ kind: 'statement', role: 'member', tenants });
const localRoot = { kind: 'local-root' } as const satisfies As;

/** What somebody sees who follows `namespace.watch`. */
class Watcher implements AsyncDisposable {
  readonly namespaces = new Map<string, Namespace>();
  readonly workloads = new Map<string, NamespaceInventory['workloads'][number]>();
  readonly items: NamespaceChange[] = [];
  readonly #leaving = new AbortController();
  readonly #done: Promise<void>;

  constructor(agent: AgentProcess, as: As) {
    this.#done = (async () => {
      for await (const item of agent.stream('namespace.watch', undefined, as, this.#leaving.signal)) this.#apply(item as NamespaceChange);
    })();
  }

  #apply(item: NamespaceChange): void {
    this.items.push(item);
    if (item.type === 'snapshot') {
      this.namespaces.clear();
      this.workloads.clear();
    } else {
      for (const key of item.removedNamespaces) this.namespaces.delete(key);
      for (const id of item.removedWorkloads) this.workloads.delete(id);
    }
    for (const each of item.namespaces) this.namespaces.set(each.key, each);
    for (const each of item.workloads) this.workloads.set(each.id, each);
  }

  async until<T>(what: string, find: () => T | undefined, timeoutMsec = withinMsec): Promise<T> {
    for (const begin = performance.now(); ; await sleep(10)) {
      const found = find();
      if (found !== undefined) return found;
      if (performance.now() - begin > timeoutMsec) throw new Error(`${what}: not within ${timeoutMsec} ms`);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#leaving.abort();
    await this.#done;
  }
}

describeNeeds(
  { root: true, userNamespaces: true, cgroup: 'any', programs: ['unshare', 'lsns'] },
  'namespaces, asked of the agent',
  () => {
    let instance: TestInstance;
    let agent: AgentProcess;
    const containers: Record<'tenant-a' | 'tenant-b', ContainerDetail> = {} as never;

    const inspect = (container: string): Promise<ContainerDetail> => agent.must('query', 'container.inspect', { container });
    const list = (as: As, input: object = {}): Promise<NamespaceInventory> => agent.must('query', 'namespace.list', input, as);

    beforeAll(async () => {
      instance = await startTestInstance();
      agent = new AgentProcess(instance);
      await agent.start();
      for (const tenantId of ['tenant-a', 'tenant-b'] as const) {
        const name = `of-${tenantId}`;
        await agent.must('mutation', 'container.create', { name, tenantId, image: 'host', args: ['sleep', '600'] });
        await agent.must('mutation', 'container.start', { container: name });
        containers[tenantId] = await inspect(name);
      }
    });
    afterAll(async () => {
      await agent?.[Symbol.asyncDispose]();
      await detectCgroups().remove(cgroupRoot(instance.instance));
      await instance?.[Symbol.asyncDispose]();
    });

    /** Of a container, without those it shares with the host. */
    const ownKeys = ({ namespaces }: ContainerDetail): string[] =>
      namespaces.filter(({ initial }) => !initial).map(({ dev, ino }) => `${dev}-${ino}`);

    it('name the containers of this instance, with tenant, as their makers', async () => {
      const { namespaces, workloads } = await list(administrator);
      for (const container of Object.values(containers)) {
        const maker = { runtime: 'bulkhead', name: container.name, containerId: container.id, tenantId: container.tenantId };
        const byKey = new Map(namespaces.map((each) => [each.key, each]));
        for (const key of ownKeys(container)) expect(byKey.get(key)?.maker).toMatchObject(maker);
        const user = ownKeys(container)
          .map((key) => byKey.get(key))
          .find((each) => each?.type === 'user');
        for (const key of ownKeys(container)) if (key !== user?.key) expect(byKey.get(key)?.owner).toBe(user?.key);
        const workload = workloads.find(({ maker: { containerId } }) => containerId === container.id);
        expect(workload).toMatchObject({ id: `bulkhead-${container.id}`, maker, leader: { pid: container.pid, command: 'sleep' } });
        expect(workload?.groups[0]?.namespaces).toEqual(expect.arrayContaining(ownKeys(container)));
      }
      expect(await list(localRoot).then((all) => all.namespaces.map(({ key }) => key))).toEqual(
        expect.arrayContaining(Object.values(containers).flatMap(ownKeys)),
      );
    });

    it('are those of its own tenants alone to a member, in list, inspection and stream', async () => {
      const [a, b] = [containers['tenant-a'], containers['tenant-b']];
      const seen = await list(memberOf('tenant-a'));
      expect(seen.namespaces.map(({ key }) => key).sort()).toEqual(ownKeys(a).sort());
      expect(seen.workloads.map(({ maker }) => maker.containerId)).toEqual([a.id]);
      expect(JSON.stringify(seen)).not.toContain(b.id);
      expect(JSON.stringify(seen)).not.toContain('tenant-b');
      expect((await list(memberOf())).namespaces).toEqual([]);
      expect((await list(memberOf('tenant-a', 'tenant-b'))).workloads).toHaveLength(2);
      expect((await list(memberOf('tenant-a'), { type: 'uts' })).namespaces).toHaveLength(1);

      const [own = '', foreign = ''] = [ownKeys(a)[0], ownKeys(b)[0]];
      const found = await agent.must<{ namespace: Namespace; processes: object[] }>(
        'query',
        'namespace.inspect',
        { key: own },
        memberOf('tenant-a'),
      );
      expect(found.namespace.key).toBe(own);
      expect(found.processes).toEqual([expect.objectContaining({ pid: a.pid, innerPid: 1, workloadId: `bulkhead-${a.id}` })]);
      const answers = await Promise.all(
        [foreign, '4-1', (await list(administrator)).namespaces.find(({ initial }) => initial)?.key ?? ''].map(async (key) => {
          const { error } = await agent.call('query', 'namespace.inspect', { key }, memberOf('tenant-a'));
          const { reference: _, ...data } = error?.data ?? {};
          return JSON.stringify({ ...error, data }).replaceAll(key, 'KEY');
        }),
      );
      expect(answers[0]).toContain('"not-found"');
      expect(new Set(answers).size).toBe(1);

      await using watcher = new Watcher(agent, memberOf('tenant-a'));
      await watcher.until('a first item', () => watcher.items[0]);
      expect([...watcher.namespaces.keys()].sort()).toEqual(ownKeys(a).sort());
    });

    it('follow containers and hand-made ones within a second, in the stream of those who may see them', async () => {
      await using root = new Watcher(agent, localRoot);
      await using ofA = new Watcher(agent, memberOf('tenant-a'));
      await using ofB = new Watcher(agent, memberOf('tenant-b'));
      for (const each of [root, ofA, ofB]) await each.until('a first item', () => each.items[0]);

      const child: ChildProcess = spawn('unshare', ['--net', 'sleep', '60'], { stdio: 'ignore', detached: true });
      await once(child, 'spawn');
      const hostNetwork = readlinkSync('/proc/self/ns/net');
      const hand = await root.until('what unshare made', () => {
        const link = readlinkSync(`/proc/${child.pid}/ns/net`);
        return link === hostNetwork ? undefined : root.namespaces.get(`4-${/\d+/.exec(link.slice(4))?.[0]}`);
      });
      expect(hand.maker.runtime).toBe('plain');

      await agent.must('mutation', 'container.create', { name: 'late', tenantId: 'tenant-a', image: 'host', args: ['sleep', '600'] });
      await agent.must('mutation', 'container.start', { container: 'late' });
      const late = await inspect('late');
      for (const each of [root, ofA]) {
        for (const key of ownKeys(late)) await each.until(`namespace ${key}`, () => each.namespaces.get(key));
        // A sandbox waited for it: at first nobody's, then the container's.
        await each.until('its name', () => ([...each.workloads.values()].some(({ maker }) => maker.name === 'late') ? true : undefined));
      }
      // The witness knows them too.
      const known = execFileSync('lsns', ['--noheadings', '--output', 'NS'], { encoding: 'utf8' }).split(/\s+/);
      for (const key of ownKeys(late)) expect(known).toContain(key.split('-')[1]);

      await agent.must('mutation', 'container.delete', { container: 'late', force: true });
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
      for (const each of [root, ofA])
        await each.until('the end of its workload', () =>
          [...each.workloads.values()].some(({ maker }) => maker.name === 'late') ? undefined : true,
        );
      await root.until('the end of what unshare made', () =>
        root.namespaces.get(hand.key)?.firstSeenAt === hand.firstSeenAt ? undefined : true,
      );

      expect(ofA.items.length).toBeGreaterThan(1);
      // Nobody else hears of it, not even that something changed.
      expect(ofB.items).toHaveLength(1);
      expect(JSON.stringify(ofA.items)).not.toContain(hand.key);
    });
  },
  { retry: 2 },
);
