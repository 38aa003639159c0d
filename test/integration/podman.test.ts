import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { detectCgroups } from '@bulkhead/cgroup';
import { cgroupRoot, type NamespaceInventory } from '@bulkhead/model';
import { ContainerNames } from '@bulkhead/namespace';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startTestInstance, type TestInstance } from '../support/launcher.ts';
import { describeNeeds } from '../support/needs.ts';
import { AgentProcess } from './agent-process.ts';

const unified = '/sys/fs/cgroup/unified';

/** Debian's Podman with a storage of its own. Its crun refuses a hybrid host: it is run in a mount namespace without the unified hierarchy. */
class Podman implements Disposable {
  readonly directory = mkdtempSync(join(tmpdir(), 'bulkhead-podman-'));
  readonly #runtime = join(this.directory, 'crun');

  constructor() {
    const hide = existsSync(unified) ? `umount ${unified}; ` : '';
    const script = `#!/bin/sh\nexec unshare --mount --propagation private sh -c '${hide}exec crun "$@"' crun "$@"\n`;
    writeFileSync(this.#runtime, script, { mode: 0o755 });
  }

  run(...args: readonly string[]): string {
    const places = ['--root', join(this.directory, 'storage'), '--runroot', join(this.directory, 'run')];
    return execFileSync('podman', [...places, '--storage-driver', 'vfs', '--runtime', this.#runtime, ...args], {
      encoding: 'utf8',
      timeout: 60_000,
    }).trim();
  }

  /** A root in which busybox is all there is. */
  makeRoot(): string {
    const root = join(this.directory, 'rootfs');
    for (const name of ['bin', 'proc', 'sys', 'dev', 'etc', 'tmp', 'run']) mkdirSync(join(root, name), { recursive: true });
    copyFileSync('/bin/busybox', join(root, 'bin/sleep'));
    return root;
  }

  [Symbol.dispose](): void {
    try {
      this.run('rm', '--all', '--force', '--time', '0');
    } finally {
      rmSync(this.directory, { recursive: true, force: true });
    }
  }
}

describeNeeds(
  { root: true, userNamespaces: true, cgroup: 'any', programs: ['podman', 'crun', 'conmon', 'unshare', 'busybox'] },
  'a container of a real Podman',
  () => {
    let instance: TestInstance;
    let agent: AgentProcess;
    let podman: Podman;

    beforeAll(async () => {
      podman = new Podman();
      instance = await startTestInstance();
      agent = new AgentProcess(instance);
      await agent.start();
    });
    afterAll(async () => {
      await agent?.[Symbol.asyncDispose]();
      podman?.[Symbol.dispose]();
      if (instance !== undefined) await detectCgroups().remove(cgroupRoot(instance.instance));
      await instance?.[Symbol.asyncDispose]();
    });

    it('is seen with its name while it lives, and is gone with its end', async () => {
      const name = `web-${instance.instance}`;
      // Limits as they are: whoever may not raise them may not set them either.
      const limits = ['--ulimit', 'nofile=1024:1024', '--ulimit', 'nproc=1024:1024'];
      const id = podman.run(
        ...['run', '--detach', '--name', name, '--network', 'none', '--cgroups=disabled', ...limits],
        ...['--rootfs', podman.makeRoot(), '/bin/sleep', '600'],
      );
      const find = async () => {
        const { workloads } = await agent.must<NamespaceInventory>('query', 'namespace.list', {});
        return workloads.find(({ maker }) => maker.externalId === id);
      };
      const found = await find();
      expect(found?.maker).toEqual({ runtime: 'podman', externalId: id, name });
      expect(found?.leader.command).toMatch(/sleep/);

      // Its own list tells the same, also where no monitor does.
      const names = new ContainerNames({ docker: [], containerd: [], storage: [join(podman.directory, 'storage')] });
      expect(names.named({ runtime: 'podman', externalId: id, name: id.slice(0, 12) }).name).toBe(name);

      podman.run('rm', '--force', '--time', '0', name);
      for (const begin = performance.now(); (await find()) !== undefined; await sleep(50))
        if (performance.now() - begin > 5000) throw new Error('still there 5 s after its end');
    });
  },
);
