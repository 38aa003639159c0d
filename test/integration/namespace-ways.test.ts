import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  BPF_FUNC_probe_read_kernel,
  BPF_PROG_TYPE_TRACING,
  BPF_TRACE_ITER,
  BpfAssembler,
  Btf,
  bpf_prog_load,
  SyscallError,
  VerifierError,
} from '@bulkhead/kernel';
import type { Namespace, NamespaceInventory } from '@bulkhead/model';
import { NamespaceTracker, type TrackerOptions } from '@bulkhead/namespace';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { boundMsec } from '../support/emulation.ts';
import { describeNeeds } from '../support/needs.ts';

const root = join(import.meta.dirname, '../..');
const hasTypes = existsSync('/sys/kernel/btf/vmlinux');
const withinMsec = boundMsec(1000);

type Processes = NamespaceTracker['inventory']['processes'];

/** One look by a tracker that knows nothing yet. */
async function look(options: Partial<TrackerOptions> = {}): Promise<{ shown: NamespaceInventory; processes: Processes }> {
  using tracker = new NamespaceTracker({ onChange: () => undefined, ...options });
  await tracker.open();
  for (const _ of tracker.scanInSlices(Number.POSITIVE_INFINITY));
  return { shown: tracker.show(), processes: new Map(tracker.inventory.processes) };
}

const byProc: Partial<TrackerOptions> = {
  openIterator: () => {
    throw new SyscallError('bpf', 1, 'BPF_PROG_LOAD');
  },
};

/** What is to be the same of a namespace: not when it was first seen, nor in what order its holders were met. */
function comparable({ firstSeenAt: _, holders, ...namespace }: Namespace) {
  const sorted = <T>(list: readonly T[]): string[] => list.map((each) => JSON.stringify(each)).sort();
  return { ...namespace, holders: { ...holders, mounts: sorted(holders.mounts), descriptors: sorted(holders.descriptors) } };
}

const others = ({ namespaces }: NamespaceInventory) =>
  Object.fromEntries(namespaces.filter(({ initial }) => !initial).map((each) => [`${each.type} ${each.ino}`, comparable(each)]));

/** Of the host's own, where something comes or goes at every moment, what does not. */
const own = ({ namespaces }: NamespaceInventory) =>
  namespaces
    .filter(({ initial }) => initial)
    .map(({ key, type, owner, parent, ownerUid, maker }) => ({ key, type, owner, parent, ownerUid, maker }))
    .sort((one, other) => one.key.localeCompare(other.key));

describeNeeds(
  { root: true, userNamespaces: true, programs: ['unshare', 'ip', 'mount'] },
  'the two ways to look at the host',
  () => {
    const children: ChildProcess[] = [];
    const undo: (() => void)[] = [];
    const start = (program: string, ...args: string[]): ChildProcess & { pid: number } => {
      const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'], detached: true });
      children.push(child);
      return child as ChildProcess & { pid: number };
    };
    const becomes = async (child: { pid: number }, command: string): Promise<void> => {
      const begin = performance.now();
      while (readFileSync(`/proc/${child.pid}/comm`, 'utf8').trim() !== command) {
        if (performance.now() - begin > 10 * withinMsec) throw new Error(`${child.pid} does not become ${command}`);
        await sleep(10);
      }
    };
    let nested: ChildProcess & { pid: number };
    let copy: ChildProcess & { pid: number };
    let holder: ChildProcess & { pid: number };
    const name = `bulkhead-test-${process.pid}`;

    beforeAll(async () => {
      execFileSync('ip', ['netns', 'add', name]);
      undo.push(() => spawnSync('ip', ['netns', 'delete', name], { stdio: 'ignore' }));
      const all = [
        '--user',
        '--map-root-user',
        '--pid',
        '--net',
        '--uts',
        '--ipc',
        '--mount',
        '--cgroup',
        '--time',
        '--fork',
        '--kill-child',
      ];
      nested = start('unshare', ...all, 'unshare', '--user', '--map-root-user', '--pid', '--fork', '--kill-child', 'sleep', '300');
      // A copy of the host's table of mounts, one more in it, and a place of its own.
      copy = start(
        'unshare',
        '--mount',
        'sh',
        '-c',
        'mount -t tmpfs tmpfs /mnt && touch "/mnt/a name" && unshare "--uts=/mnt/a name" true && exec sleep 300',
      );
      await becomes(copy, 'sleep');
      holder = start(
        'bash',
        '-c',
        'unshare --ipc sleep 300 & until [ "$(readlink /proc/$!/ns/ipc)" != "$(readlink /proc/$$/ns/ipc)" ]; do sleep 0.05; done; exec 9</proc/$!/ns/ipc 10<&9; kill -9 $!; wait $! 2>/dev/null; exec sleep 300',
      );
      await becomes(holder, 'sleep');
      const elsewhere = start(process.execPath, join(root, 'test/support/namespace/thread-elsewhere.ts'));
      await once(elsewhere.stdout as NodeJS.ReadableStream, 'data');
    });
    afterAll(async () => {
      for (const child of children) {
        if (child.exitCode !== null || child.signalCode !== null) continue;
        const gone = once(child, 'exit');
        process.kill(-(child.pid as number), 'SIGKILL');
        await gone;
      }
      for (const act of undo.splice(0)) act();
    });

    describe.skipIf(!hasTypes)('where the kernel tells its types', () => {
      it('are the walk of the kernel, where nothing speaks against it, and /proc, where something does, which is said', async () => {
        expect((await look()).shown.way).toEqual({ kind: 'iterator' });
        expect((await look(byProc)).shown.way).toEqual({
          kind: 'proc',
          reason: 'bpf(2) is refused: it wants CAP_BPF and CAP_PERFMON',
          cause: 'bpf-refused',
        });
      });

      it('see the same namespaces, with the same owners, parents and holders', async () => {
        // The host does not stand still between two looks: one moment at which both agree is asked for.
        let difference: unknown;
        for (let tries = 0; tries < 40; tries += 1) {
          const [one, two, three] = [await look(), await look(byProc), await look()];
          expect(own(one.shown)).toEqual(own(two.shown));
          const [before, proc, after] = [others(one.shown), others(two.shown), others(three.shown)];
          const keys = Object.keys({ ...before, ...proc, ...after });
          difference = keys
            .map((key) => ({ before: before[key], proc: proc[key], after: after[key] }))
            // What is not the same by the same way twice has changed meanwhile.
            .filter((each) => JSON.stringify(each.before) === JSON.stringify(each.after))
            .filter((each) => JSON.stringify(each.before) !== JSON.stringify(each.proc));
          if ((difference as unknown[]).length === 0) return;
          await sleep(50);
        }
        expect(difference).toEqual([]);
      });

      it('see the same of every process and thread', async () => {
        const facts = ({
          workload,
          serial: _,
          reference: __,
          state: ___,
          threads: ____,
          command,
          ...process
        }: ReturnType<Processes['get']> & object) => ({
          ...process,
          workload: workload.id,
          // /proc adds to the name of a thread of the kernel what it works at.
          command: process.kernel ? 'kernel' : command,
        });
        let differences: unknown[] = [];
        for (let tries = 0; tries < 20; tries += 1) {
          const [one, two, three] = [(await look()).processes, (await look(byProc)).processes, (await look()).processes];
          differences = [];
          let compared = 0;
          for (const pid of new Set([...one.keys(), ...two.keys(), ...three.keys()])) {
            const [before, proc, after] = [one.get(pid), two.get(pid), three.get(pid)].map((each) =>
              each === undefined ? undefined : facts(each),
            );
            if (JSON.stringify(before) !== JSON.stringify(after)) continue;
            compared += 1;
            try {
              expect(proc).toEqual(before);
            } catch {
              differences.push({ before, proc });
            }
          }
          expect(compared).toBeGreaterThan(20);
          if (differences.length === 0) return;
          await sleep(50);
        }
        expect(differences).toEqual([]);
      });

      it('know what they were shown here', async () => {
        const { shown } = await look();
        const inode = (path: string): string => /\[(\d+)\]/.exec(readlinkSync(path))?.[1] ?? 'none';
        const find = (ino: string) => shown.namespaces.find((each) => each.ino === ino);
        const [first] = readFileSync(`/proc/${nested.pid}/task/${nested.pid}/children`, 'utf8').trim().split(' ');
        const network = find(inode(`/proc/${first}/ns/net`));
        const user = find(inode(`/proc/${first}/ns/user`));
        expect(network?.owner).toBe(user?.parent);
        expect(user).toMatchObject({ ownerUid: 0, initial: false });
        const outer = shown.namespaces.find(({ key }) => key === user?.parent);
        expect(outer).toMatchObject({ type: 'user', ownerUid: 0, parent: expect.stringContaining(inode('/proc/self/ns/user')) });
        expect(find(inode(`/proc/${holder.pid}/fd/9`))?.holders).toMatchObject({ processes: 0, descriptorCount: 2 });
        const mounts = shown.namespaces.flatMap(({ holders }) => holders.mounts);
        const copied = inode(`/proc/${copy.pid}/ns/mnt`);
        expect(mounts.filter(({ mountNamespace }) => mountNamespace?.endsWith(`-${copied}`)).map(({ path }) => path)).toEqual(
          expect.arrayContaining([`/run/netns/${name}`, '/mnt/a name']),
        );
      });

      it('differ in what a thread holds in a table of descriptors of its own: /proc is asked for that of its process', async () => {
        const child = start(process.execPath, join(root, 'test/support/namespace/own-descriptors.ts'));
        const [line] = (await once(child.stdout as NodeJS.ReadableStream, 'data')) as [Buffer];
        const ino = String(line).trim();
        const find = ({ shown }: Awaited<ReturnType<typeof look>>) => shown.namespaces.find((each) => each.ino === ino);
        expect(find(await look())).toMatchObject({ type: 'uts', holders: { processes: 0, descriptorCount: 1 } });
        expect(find(await look())?.owner).toContain(/\[(\d+)\]/.exec(readlinkSync('/proc/self/ns/user'))?.[1]);
        expect(find(await look(byProc))).toBeUndefined();
      });

      it('follow what is mounted and unmounted, and moved, in every mount namespace', async () => {
        using tracker = new NamespaceTracker({ onChange: () => undefined });
        await tracker.start();
        const paths = (): string[] => tracker.show().namespaces.flatMap(({ holders }) => holders.mounts.map(({ path }) => path));
        const soon = async (path: string, isThere: boolean): Promise<void> => {
          const begin = performance.now();
          while (paths().includes(path) !== isThere) {
            if (performance.now() - begin > withinMsec)
              throw new Error(`${path} ${isThere ? 'not seen' : 'still seen'} after ${withinMsec} ms`);
            await sleep(20);
          }
        };
        const script =
          'mount -t tmpfs tmpfs /mnt && touch /mnt/first && mkdir /mnt/dir && touch /mnt/dir/second && echo ready && read line &&' +
          'mount --bind /proc/self/ns/uts /mnt/first && echo mounted && read line && mount --move /mnt/first /mnt/dir/second && echo moved && read line &&' +
          'umount /mnt/dir/second && echo gone && read line';
        const child = spawn('unshare', ['--mount', '--uts', 'sh', '-c', script], { stdio: ['pipe', 'pipe', 'inherit'], detached: true });
        children.push(child);
        const says = async (): Promise<string> => String((await once(child.stdout, 'data'))[0]).trim();
        expect(await says()).toBe('ready');
        for (const [word, path, isThere] of [
          ['mounted', '/mnt/first', true],
          ['moved', '/mnt/dir/second', true],
          ['gone', '/mnt/dir/second', false],
        ] as const) {
          child.stdin.write('go on\n');
          expect(await says()).toBe(word);
          await soon(path, isThere);
        }
        expect(paths()).not.toContain('/mnt/first');
      });

      it('are taken back where the kernel refuses in the middle of it', async () => {
        const broken = {
          walk: () => {
            throw new SyscallError('read', 12, 'bpf iterator');
          },
          readProcess: () => undefined,
          takeMounts: () => new Map(),
          [Symbol.dispose]: () => undefined,
        };
        using tracker = new NamespaceTracker({ onChange: () => undefined, openIterator: async () => broken as never });
        await tracker.start();
        expect(tracker.way).toEqual({ kind: 'proc', reason: 'read(bpf iterator): ENOMEM' });
        expect(tracker.show().namespaces.length).toBeGreaterThanOrEqual(Object.keys(own).length);
        expect(tracker.inventory.processes.has(process.pid)).toBe(true);
      });

      it('need a licence that the kernel takes for compatible, and a program that its verifier takes', () => {
        const btf = new Btf(readFileSync('/sys/kernel/btf/vmlinux'), ['bpf_iter_task']);
        const common = {
          name: 'test',
          type: BPF_PROG_TYPE_TRACING,
          attachType: BPF_TRACE_ITER,
          attachBtfId: btf.functionId('bpf_iter_task') ?? 0,
        };
        const probing = new BpfAssembler()
          .move('r1', 'r10')
          .add('r1', -8)
          .move('r2', 8)
          .move('r3', 0)
          .call(BPF_FUNC_probe_read_kernel)
          .move('r0', 0)
          .exit();
        const load = (instructions: Buffer, license: string) => () => bpf_prog_load({ ...common, instructions, license });
        load(probing.assemble(), 'Dual BSD/GPL')()[Symbol.dispose]();
        expect(load(probing.assemble(), 'Apache-2.0')).toThrow(/GPL/);
        const wrong = new BpfAssembler().load('r0', 'r1', 4096, 8).exit().assemble();
        expect(load(wrong, 'Dual BSD/GPL')).toThrow(VerifierError);
        expect(load(wrong, 'Dual BSD/GPL')).toThrow(/bpf\(BPF_PROG_LOAD, "test"\): EACCES: .*invalid bpf_context access/);
      });
    });
  },
  { retry: 1 },
);
