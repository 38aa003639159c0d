import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { SyscallError } from '@bulkhead/kernel';
import { NamespaceInventory as Inventory, type Namespace, type NamespaceInventory, type NamespaceType } from '@bulkhead/model';
import { NamespaceTracker, type TaskSource, type TrackerOptions } from '@bulkhead/namespace';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { boundMsec, repetitions } from '../support/emulation.ts';
import { describeNeeds } from '../support/needs.ts';

const root = join(import.meta.dirname, '../..');
/** How late something may be seen, and be gone again. */
const withinMsec = boundMsec(1000);

interface View {
  tracker: NamespaceTracker;
  namespaces: Map<string, Namespace>;
  workloads: Map<string, NamespaceInventory['workloads'][number]>;
}

/** What somebody sees who was sent everything once, and since then only changes. */
async function watch(options: Partial<TrackerOptions> = {}): Promise<View> {
  const namespaces: View['namespaces'] = new Map();
  const workloads: View['workloads'] = new Map();
  const tracker = new NamespaceTracker({
    ...options,
    onChange(changes) {
      for (const key of changes.removedNamespaces) namespaces.delete(key);
      for (const id of changes.removedWorkloads) workloads.delete(id);
      for (const each of changes.namespaces) namespaces.set(each.key, each);
      for (const each of changes.workloads) workloads.set(each.id, each);
    },
  });
  await tracker.start();
  return { tracker, namespaces, workloads };
}

const children = new Set<ChildProcess>();

/** Starts a program in a session of its own, so that nothing of it is taken for the test's. */
function start(program: string, ...args: string[]): ChildProcess & { pid: number } {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'], detached: true });
  children.add(child);
  return child as ChildProcess & { pid: number };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    const gone = once(child, 'exit');
    process.kill(-(child.pid as number), 'SIGKILL');
    await gone;
  }
  children.delete(child);
}

/** The value, as soon as it is there. */
async function soon<T>(what: string, find: () => T | undefined): Promise<T> {
  const begin = performance.now();
  for (;;) {
    const found = find();
    if (found !== undefined) return found;
    if (performance.now() - begin > withinMsec) throw new Error(`${what}: not within ${withinMsec} ms`);
    await sleep(10);
  }
}

const inodeAt = (path: string): string => /\[(\d+)\]/.exec(readlinkSync(path))?.[1] ?? 'none';
const procName: Record<NamespaceType, string> = {
  pid: 'pid',
  network: 'net',
  mount: 'mnt',
  ipc: 'ipc',
  uts: 'uts',
  cgroup: 'cgroup',
  user: 'user',
  time: 'time',
};

/** Waits until a process has become another program, as the kernel says. */
async function becomes(pid: number, command: string): Promise<void> {
  await soon(`${pid} becomes ${command}`, () =>
    spawnSync('cat', [`/proc/${pid}/comm`], { encoding: 'utf8' }).stdout.trim() === command ? true : undefined,
  );
}

const lsns = (...columns: string[]): string[][] =>
  execFileSync('lsns', ['--noheadings', '--raw', '--output', columns.join(',')], { encoding: 'utf8' })
    .trim()
    .split('\n')
    .map((line) => line.split(' '));

describeNeeds(
  { root: true, userNamespaces: true, programs: ['lsns', 'unshare', 'nsenter', 'ip', 'setpriv', 'mount'] },
  'namespaces of the host, kept current',
  () => {
    let view: View;
    const undo: (() => void)[] = [];

    beforeAll(async () => {
      view = await watch();
    });
    afterAll(() => view?.tracker[Symbol.dispose]());
    afterEach(async () => {
      for (const child of [...children]) await end(child);
      for (const act of undo.splice(0)) act();
    });

    const find = (ino: string): Namespace | undefined => [...view.namespaces.values()].find((each) => each.ino === ino);
    const seen = (ino: string, holds: (namespace: Namespace) => boolean = () => true): Promise<Namespace> =>
      soon(`namespace ${ino}`, () => {
        const found = find(ino);
        return found !== undefined && holds(found) ? found : undefined;
      });
    const workloadOf = (child: { pid: number }) => [...view.workloads.values()].find(({ leader }) => leader.pid === child.pid);
    /** Its number may be another one's by then: the kernel gives the lowest that is free. */
    const gone = ({ key, ino, firstSeenAt }: Namespace): Promise<true> =>
      soon(`end of ${ino}`, () => (view.namespaces.get(key)?.firstSeenAt === firstSeenAt ? undefined : true));

    it('are those that lsns finds, with as many processes each', async () => {
      // The host does not stand still between two looks: one moment at which both agree is asked for.
      let difference: unknown;
      for (let tries = 0; tries < 60; tries += 1) {
        await view.tracker.settle();
        const ours = view.tracker.show();
        expect(Inventory.parse(ours)).toEqual(ours);
        const theirs = lsns('NS', 'TYPE', 'NPROCS').filter(([, , count]) => count !== '0');
        const initial = new Set(ours.namespaces.filter((each) => each.initial).map(({ ino }) => ino));
        const own = ours.namespaces
          .filter(({ holders }) => holders.processes > 0)
          // In the host's own something comes or goes at every moment.
          .map(({ ino, type, holders }) => `${ino} ${procName[type]} ${initial.has(ino) ? 'many' : holders.processes}`);
        const expected = theirs.map(([ino = '', type, count]) => `${ino} ${type} ${initial.has(ino) ? 'many' : count}`);
        difference = { own: own.filter((each) => !expected.includes(each)), theirs: expected.filter((each) => !own.includes(each)) };
        const [mounts] = ours.namespaces.filter((each) => each.initial && each.type === 'mount');
        // A zombie still counts in its pid and user namespace for lsns; in its mount namespace for nobody.
        const off = Math.abs((mounts?.holders.processes ?? 0) - Number(theirs.find(([ino]) => ino === mounts?.ino)?.[2]));
        if (own.sort().join() === expected.sort().join() && off <= 5) return;
        await sleep(50);
      }
      expect(difference).toEqual({ own: [], theirs: [] });
    });

    it('show what unshare makes, whose it is, and that it is gone', async () => {
      const child = start('unshare', '--net', '--uts', '--ipc', '--mount', '--cgroup', 'sleep', '60');
      await becomes(child.pid, 'sleep');
      for (const type of ['network', 'uts', 'ipc', 'mount', 'cgroup'] as const) {
        const ino = inodeAt(`/proc/${child.pid}/ns/${procName[type]}`);
        const found = await seen(ino);
        expect(found).toMatchObject({ type, initial: false, maker: { runtime: 'plain', name: 'sleep' }, holders: { processes: 1 } });
        expect(found.leader).toMatchObject({ pid: child.pid, command: 'sleep' });
        expect(found.owner).toBe(`${found.dev}-${inodeAt('/proc/self/ns/user')}`);
        expect(lsns('NS', 'PID').find(([ns]) => ns === ino)?.[1]).toBe(String(child.pid));
      }
      const network = await seen(inodeAt(`/proc/${child.pid}/ns/net`));
      const workload = workloadOf(child);
      expect(workload).toMatchObject({ maker: { runtime: 'plain', name: 'sleep' }, processes: 1, groupCount: 1 });
      expect(workload?.groups[0]?.namespaces).toContain(network.key);
      await end(child);
      await gone(network);
      await soon('end of the workload', () => (view.workloads.has(workload?.id ?? '') ? undefined : true));
    });

    it('know owner and parent, and a namespace that only a child keeps alive', async () => {
      // The first command leaves the outer namespace for the inner: nobody is left in it.
      const child = start('unshare', '--user', '--map-root-user', 'unshare', '--user', '--map-root-user', '--net', 'sleep', '60');
      await becomes(child.pid, 'sleep');
      const inner = await seen(inodeAt(`/proc/${child.pid}/ns/user`));
      const network = await seen(inodeAt(`/proc/${child.pid}/ns/net`));
      expect(network.owner).toBe(inner.key);
      const outer = await soon('the outer namespace, left by all', () => {
        const found = view.namespaces.get(inner.parent ?? '');
        return found?.holders.processes === 0 ? found : undefined;
      });
      expect(outer).toMatchObject({ type: 'user', ownerUid: 0, holders: { processes: 0, children: 1 }, maker: { runtime: 'plain' } });
      expect(outer.parent).toBe(`${outer.dev}-${inodeAt('/proc/self/ns/user')}`);
      // The witness: nobody is in it, and the kernel says it is the parent.
      expect(lsns('NS', 'PNS').find(([ns]) => ns === inner.ino)?.[1]).toBe(outer.ino);
      await end(child);
      await gone(inner);
      await gone(outer);
    });

    it('know the nesting of pid namespaces', async () => {
      const child = start('unshare', '--pid', '--fork', '--kill-child', 'unshare', '--pid', '--fork', '--kill-child', 'sleep', '60');
      const inner = await soon('a nested pid namespace', () =>
        [...view.namespaces.values()].find(
          ({ type, leader, parent }) =>
            type === 'pid' && leader?.command === 'sleep' && parent !== undefined && view.namespaces.get(parent)?.initial === false,
        ),
      );
      const outer = view.namespaces.get(inner.parent ?? '');
      expect(outer).toMatchObject({ type: 'pid', initial: false, holders: { children: 1 } });
      expect(outer?.parent).toBe(`${inner.dev}-${inodeAt('/proc/self/ns/pid')}`);
      await end(child);
      await gone(inner);
      await gone(outer as Namespace);
    });

    it('see one that a descriptor alone keeps alive', async () => {
      const holder = start(
        'bash',
        '-c',
        [
          'unshare --uts sleep 60 & until [ "$(readlink /proc/$!/ns/uts)" != "$(readlink /proc/$$/ns/uts)" ]; do sleep 0.05; done',
          'exec 9</proc/$!/ns/uts; kill -9 $!; wait $! 2>/dev/null; exec sleep 60',
        ].join('; '),
      );
      await becomes(holder.pid, 'sleep');
      const ino = inodeAt(`/proc/${holder.pid}/fd/9`);
      const isSleeping = ({ holders }: Namespace) => holders.descriptors.every(({ process }) => process.command === 'sleep');
      const found = await seen(ino, (each) => each.holders.processes === 0 && each.holders.descriptorCount === 1 && isSleeping(each));
      expect(found.holders.descriptors).toEqual([{ process: expect.objectContaining({ pid: holder.pid, command: 'sleep' }), fd: 9 }]);
      expect(lsns('NS').flat()).not.toContain(ino);
      expect(found.owner).toBe(`${found.dev}-${inodeAt('/proc/self/ns/user')}`);
      await end(holder);
      await gone(found);
    });

    it('see one that a bind mount alone keeps alive, and its path', async () => {
      const name = `bulkhead-test-${process.pid}`;
      execFileSync('ip', ['netns', 'add', name]);
      undo.push(() => spawnSync('ip', ['netns', 'delete', name], { stdio: 'ignore' }));
      const found = await soon('the bind mount', () =>
        [...view.namespaces.values()].find(({ holders }) => holders.mounts.some(({ path }) => path === `/run/netns/${name}`)),
      );
      expect(found).toMatchObject({ type: 'network', maker: { runtime: 'plain', name }, holders: { processes: 0, descriptorCount: 0 } });
      const inside = execFileSync('ip', ['netns', 'exec', name, 'readlink', '/proc/self/ns/net'], { encoding: 'utf8' });
      expect(inside.trim()).toBe(`net:[${found.ino}]`);
      expect(found.owner).toBe(`${found.dev}-${inodeAt('/proc/self/ns/user')}`);
      execFileSync('ip', ['netns', 'delete', name]);
      await gone(found);
    });

    it('see one that is bind-mounted where only some processes see it', async () => {
      const script = 'mount -t tmpfs tmpfs /mnt && touch "/mnt/a name" && unshare "--uts=/mnt/a name" true && exec sleep 60';
      const child = start('unshare', '--mount', 'sh', '-c', script);
      await becomes(child.pid, 'sleep');
      const found = await soon('the bind mount', () =>
        [...view.namespaces.values()].find(({ holders }) => holders.mounts.some(({ path }) => path === '/mnt/a name')),
      );
      expect(found).toMatchObject({ type: 'uts', maker: { name: 'a name' }, holders: { processes: 0, mountCount: 1 } });
      expect(found.holders.mounts[0]?.mountNamespace).toBe(`${found.dev}-${inodeAt(`/proc/${child.pid}/ns/mnt`)}`);
      const witness = execFileSync('nsenter', ['--target', String(child.pid), '--mount', 'stat', '--format=%i', '/mnt/a name'], {
        encoding: 'utf8',
      });
      expect(witness.trim()).toBe(found.ino);
      await end(child);
      await gone(found);
    });

    it('see a thread in other namespaces than its process', async () => {
      const child = start(process.execPath, join(root, 'test/support/namespace/thread-elsewhere.ts'));
      const [line] = (await once(child.stdout as NodeJS.ReadableStream, 'data')) as [Buffer];
      const tid = String(line).trim();
      const ino = inodeAt(`/proc/${child.pid}/task/${tid}/ns/net`);
      expect(ino).not.toBe(inodeAt(`/proc/${child.pid}/ns/net`));
      const found = await seen(ino);
      expect(found).toMatchObject({ type: 'network', holders: { processes: 0, threads: 1 } });
      const inspected = view.tracker.inspect(found.key);
      expect(inspected?.processes).toEqual([expect.objectContaining({ pid: child.pid, onlyThreads: true })]);
      expect(inspected?.workloads).toHaveLength(1);
      await end(child);
      await gone(found);
    });

    it('see a process that goes back to where the others are', async () => {
      const child = start('unshare', '--user', '--map-root-user', '--net', 'sh', '-c', 'sleep 0.5; exec unshare --net sleep 60');
      await becomes(child.pid, 'sh');
      const first = await seen(inodeAt(`/proc/${child.pid}/ns/net`));
      await becomes(child.pid, 'sleep');
      const second = inodeAt(`/proc/${child.pid}/ns/net`);
      expect(second).not.toBe(first.ino);
      await seen(second);
      await gone(first);
    });

    it('tell in one inspection what is in a namespace, and by which calls it was found', async () => {
      const child = start('unshare', '--pid', '--fork', '--kill-child', '--mount-proc', 'sh', '-c', 'sleep 61 & exec sleep 60');
      const { key } = await soon('the pid namespace', () =>
        [...view.namespaces.values()].find(
          ({ type, leader, holders }) => type === 'pid' && leader?.command === 'sleep' && holders.processes === 2,
        ),
      );
      // Which of the two is known by its new name first is the kernel's to say.
      const found = await soon('both as sleep', () => {
        const inspected = view.tracker.inspect(key);
        return inspected?.processes.every(({ command }) => command === 'sleep') ? inspected : undefined;
      });
      expect(found.processes.map(({ command, innerPid, uid }) => ({ command, innerPid, uid }))).toEqual([
        { command: 'sleep', innerPid: 1, uid: 0 },
        { command: 'sleep', innerPid: 2, uid: 0 },
      ]);
      expect(found.processCount).toBe(2);
      expect(found.transcript.steps.map(({ args }) => args).join()).toContain('NS_GET_PARENT');
      for (const command of found.transcript.commands) if (command.startsWith('lsns')) execFileSync('sh', ['-c', command]);
      await end(child);
      expect(view.tracker.inspect('4-1')).toBeUndefined();
    });

    const stormSize = repetitions(400, 60);
    it(`are right again after two storms of ${stormSize} processes, none of which breaks anything`, async () => {
      const loop = `i=0; while [ $i -lt ${stormSize} ]; do unshare --uts true & i=$((i+1)); done; wait`;
      // Whoever else runs programs of these names on this host.
      const before = new Set(view.namespaces.keys());
      const storms = [start('sh', '-c', loop), start('sh', '-c', loop)];
      const stay = start('unshare', '--uts', 'sleep', '600');
      await becomes(stay.pid, 'sleep');
      await Promise.all(storms.map((storm) => once(storm, 'exit')));
      await seen(inodeAt(`/proc/${stay.pid}/ns/uts`));
      await soon('the end of all others', () =>
        [...view.namespaces.values()].some(
          ({ key, leader }) => !before.has(key) && (leader?.command === 'true' || leader?.command === 'unshare'),
        )
          ? undefined
          : true,
      );
    });

    it('are read anew where the kernel says that it could not tell everything', async () => {
      let wake: () => void = () => undefined;
      let lose = false;
      const silent: TaskSource = {
        listen: () => undefined,
        drain: () => (lose ? [{ type: 'lost' as const, count: 3 }] : []),
        [Symbol.dispose]: () => undefined,
      };
      const blind = await watch({
        watchTasks: (onWake) => {
          wake = onWake;
          return silent;
        },
      });
      try {
        const child = start('unshare', '--uts', 'sleep', '60');
        await becomes(child.pid, 'sleep');
        const ino = inodeAt(`/proc/${child.pid}/ns/uts`);
        lose = true;
        wake();
        await soon('the namespace after a loss', () => [...blind.namespaces.values()].find((each) => each.ino === ino));
      } finally {
        blind.tracker[Symbol.dispose]();
      }
    });

    it('are found by looking where the kernel does not tell of changes, and that is said', async () => {
      const deaf = await watch({
        watchTasks: () => {
          throw new SyscallError('perf_event_open', 1, '');
        },
      });
      try {
        const child = start('unshare', '--uts', 'sleep', '60');
        await becomes(child.pid, 'sleep');
        const ino = inodeAt(`/proc/${child.pid}/ns/uts`);
        const find = () => [...deaf.namespaces.values()].find((each) => each.ino === ino);
        await soon('the namespace', find);
        expect(deaf.tracker.show().unreadable.reasons.join()).toContain('perf_event_open(2) is refused');
        await end(child);
        await soon('its end', () => (find() === undefined ? true : undefined));
      } finally {
        deaf.tracker[Symbol.dispose]();
      }
    });

    it('are told in part to somebody who may see a part, with what is missing', () => {
      const look = (...wrapper: string[]): NamespaceInventory => {
        const [program = '', ...args] = [...wrapper, process.execPath, join(root, 'test/support/namespace/look.ts')];
        return JSON.parse(execFileSync(program, args, { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 }));
      };
      const nobody = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', '--inh-caps=-all'];
      const part = look(...nobody);
      expect(part.unreadable.processes).toBeGreaterThan(0);
      expect(part.unreadable.descriptors).toBeGreaterThan(0);
      expect(part.unreadable.reasons.length).toBeGreaterThanOrEqual(2);
      const hidden = look('unshare', '--mount', 'sh', '-c', 'mount -t proc -o hidepid=2 proc /proc && exec "$@"', 'sh', ...nobody);
      // Of the processes of others not even the names can be seen; its own still can.
      expect(hidden.workloads.length).toBeGreaterThan(0);
      expect(hidden.workloads.length).toBeLessThan(part.workloads.length);
    });
  },
  { retry: 2 },
);
