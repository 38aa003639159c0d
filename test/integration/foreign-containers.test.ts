import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CgroupTree } from '@bulkhead/api';
import { detectCgroups } from '@bulkhead/cgroup';
import { cgroupRoot, type Maker, type NamespaceInventory } from '@bulkhead/model';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { boundMsec } from '../support/emulation.ts';
import { HandCgroup } from '../support/hand-cgroup.ts';
import { startTestInstance, type TestInstance } from '../support/launcher.ts';
import { describeNeeds } from '../support/needs.ts';
import { AgentProcess } from './agent-process.ts';

const tasks = '/run/containerd/io.containerd.runtime.v2.task';

describeNeeds({ root: true, userNamespaces: true, cgroup: 'any', controllers: ['pids'] }, 'containers of other runtimes', () => {
  let instance: TestInstance;
  let agent: AgentProcess;
  let hadContainerd: boolean;
  /** A namespace of containerd's that nobody else uses. */
  const namespace = `bulkhead-test-${randomBytes(3).toString('hex')}`;

  beforeAll(async () => {
    hadContainerd = existsSync('/run/containerd');
    instance = await startTestInstance();
    agent = new AgentProcess(instance);
    await agent.start();
  });
  afterAll(async () => {
    await agent?.[Symbol.asyncDispose]();
    await detectCgroups().remove(cgroupRoot(instance.instance));
    await instance?.[Symbol.asyncDispose]();
    rmSync(hadContainerd ? `${tasks}/${namespace}` : '/run/containerd', { recursive: true, force: true });
  });

  /** A process in a cgroup such as containerd makes, and the bundle that tells of it. */
  async function withContainer(config: string | undefined, look: (id: string, path: string) => Promise<void>): Promise<void> {
    const id = randomBytes(32).toString('hex');
    if (config !== undefined) {
      mkdirSync(`${tasks}/${namespace}/${id}`, { recursive: true, mode: 0o711 });
      writeFileSync(`${tasks}/${namespace}/${id}/config.json`, config);
    }
    const cgroup = new HandCgroup(`/test-${instance.instance}/k8s.io/${id}`);
    const child = spawn('unshare', ['--uts', 'sleep', '600'], { stdio: 'ignore' });
    try {
      cgroup.join(child.pid as number);
      await look(id, cgroup.path);
    } finally {
      child.kill('SIGKILL');
      await cgroup.remove();
      for (const above of [`/test-${instance.instance}/k8s.io`, `/test-${instance.instance}`]) await new HandCgroup(above).remove();
    }
  }

  async function until<T>(find: () => Promise<T | undefined>): Promise<T> {
    for (const begin = performance.now(); ; await sleep(50)) {
      const found = await find();
      if (found !== undefined) return found;
      if (performance.now() - begin > boundMsec(5000)) throw new Error('not within 5 s');
    }
  }
  const workloadMaker = (id: string): Promise<Maker> =>
    until(async () => {
      const { workloads } = await agent.must<NamespaceInventory>('query', 'namespace.list', {});
      return workloads.find(({ maker }) => maker.externalId === id)?.maker;
    });
  const cgroupMaker = (path: string): Promise<Maker> =>
    until(async () => (await agent.must<CgroupTree>('query', 'cgroup.tree', {})).cgroups.find((node) => node.path === path)?.maker);

  it('are called what their runtime wrote down, as workload, as maker of namespaces and as cgroup', async () => {
    const annotations = {
      'io.kubernetes.cri.container-name': 'nginx',
      'io.kubernetes.cri.container-type': 'container',
      'io.kubernetes.cri.image-name': 'docker.io/library/nginx:1.27',
      'io.kubernetes.cri.sandbox-name': 'web-0',
      'io.kubernetes.cri.sandbox-namespace': 'shop',
    };
    await withContainer(JSON.stringify({ ociVersion: '1.1.0', annotations }), async (id, path) => {
      const told = { runtime: 'containerd', externalId: id, name: 'shop/web-0/nginx', image: 'docker.io/library/nginx:1.27' };
      expect(await workloadMaker(id)).toEqual(told);
      expect(await cgroupMaker(path)).toEqual(told);
      const { namespaces } = await agent.must<NamespaceInventory>('query', 'namespace.list', { type: 'uts' });
      expect(namespaces.map(({ maker }) => maker)).toContainEqual(told);
    });
  });

  it.each([
    ['{"annotations":', 'malformed'],
    [undefined, 'absent'],
  ] as const)('keep their id and the reason where that is broken or missing: %s', async (config, nameMissing) => {
    await withContainer(config, async (id, path) => {
      const told = { runtime: 'containerd', externalId: id, name: id.slice(0, 12), nameMissing };
      expect(await workloadMaker(id)).toEqual(told);
      expect(await cgroupMaker(path)).toEqual(told);
    });
  });
});
