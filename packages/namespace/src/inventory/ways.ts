import { readlinkSync } from 'node:fs';
import { hasErrno } from '@bulkhead/kernel';
import type { NamespaceType, NamespaceWay } from '@bulkhead/model';
import { HostIterator } from '../iterator/host-iterator.ts';
import { KernelLacks } from '../iterator/kernel-fields.ts';
import type { HolderWatch } from './holder-watch.ts';
import type { Inventory } from './inventory.ts';
import { IteratedHolders } from './iterated-holders.ts';
import { IteratedTasks } from './iterated-tasks.ts';
import { ProcHolders } from './proc-holders.ts';
import type { ProcReader } from './proc-reader.ts';
import { ProcTasks } from './proc-tasks.ts';
import type { NamespaceRelations } from './relations.ts';
import type { TaskReader, TaskSink } from './task-reader.ts';

/** Inodes of the initial ones (include/linux/proc_ns.h): numbers and times that the kernel's walk tells are as they are there. */
const initialNamespaces = { pid: 0xeffffffc, user: 0xeffffffd, time: 0xeffffffa };

/** Opens the kernel's walks. @throws where they cannot be had: see explainRefusal */
export async function openHostIterator(): Promise<HostIterator> {
  for (const [type, ino] of Object.entries(initialNamespaces)) {
    let link: string;
    try {
      link = readlinkSync(`/proc/self/ns/${type}`);
    } catch (failure) {
      // A kernel without time namespaces.
      if (hasErrno(failure, 'ENOENT')) continue;
      throw failure;
    }
    if (link !== `${type}:[${ino}]`) throw new KernelLacks(`this is not the initial ${type} namespace`);
  }
  return await HostIterator.open();
}

/** Why the kernel's walks cannot be had, in a few words, and as a code where it has one. */
export function explainRefusal(failure: unknown): Pick<NamespaceWay, 'reason' | 'cause'> {
  if (hasErrno(failure, 'EPERM', 'EACCES') && !(failure instanceof Error && failure.name === 'VerifierError'))
    return { reason: 'bpf(2) is refused: it wants CAP_BPF and CAP_PERFMON', cause: 'bpf-refused' };
  if (hasErrno(failure, 'ENOENT'))
    return { reason: 'the kernel does not tell its types in /sys/kernel/btf/vmlinux (CONFIG_DEBUG_INFO_BTF)', cause: 'types-untold' };
  if (hasErrno(failure, 'ENOSYS')) return { reason: 'the kernel has no bpf(2)', cause: 'bpf-missing' };
  const message = failure instanceof Error ? failure.message : String(failure);
  return { reason: message.length > 300 ? `${message.slice(0, 299)}…` : message };
}

/** How the host is looked at: by walks of the kernel where it lets us, else by /proc, process by process. */
export class Ways implements Disposable {
  /** One process at a time is read from /proc in either case. */
  readonly byProc: ProcTasks;
  readonly #sink: TaskSink;
  readonly #inventory: Inventory;
  readonly #reader: ProcReader;
  readonly #owned = new DisposableStack();
  #tasks: TaskReader;
  #holders: HolderWatch;
  #told: NamespaceWay = { kind: 'proc' };

  constructor(inventory: Inventory, reader: ProcReader, sink: TaskSink) {
    this.#inventory = inventory;
    this.#reader = reader;
    this.#sink = sink;
    this.byProc = new ProcTasks(reader, sink);
    this.#tasks = this.byProc;
    this.#holders = new ProcHolders(inventory, reader);
  }

  get tasks(): TaskReader {
    return this.#tasks;
  }

  get holders(): HolderWatch {
    return this.#holders;
  }

  /** Which one it is, and why it is not the better one. */
  get told(): NamespaceWay {
    return this.#told;
  }

  /** Takes the better way where it can be had. */
  async open(openIterator: () => Promise<HostIterator>): Promise<void> {
    try {
      const iterator = await openIterator();
      if (this.#owned.disposed) {
        iterator[Symbol.dispose]();
        return;
      }
      this.#owned.use(iterator);
      const tasks = this.#owned.use(new IteratedTasks(iterator, this.#reader, this.byProc, this.#sink));
      this.#holders = this.#owned.use(new IteratedHolders(iterator, this.#inventory, this.#reader, () => tasks.hidden));
      this.#tasks = tasks;
      this.#told = { kind: 'iterator' };
    } catch (failure) {
      this.#told = { kind: 'proc', ...explainRefusal(failure) };
    }
  }

  /** Leaves the better way, which failed. @returns false where there is no other one left */
  fallBack(failure: unknown): boolean {
    if (this.#told.kind === 'proc') return false;
    this.#tasks = this.byProc;
    this.#holders = new ProcHolders(this.#inventory, this.#reader);
    this.#told = { kind: 'proc', ...explainRefusal(failure) };
    return true;
  }

  /** What was told on the way of a namespace that is met just now. */
  relationsOf(ino: number, type: NamespaceType): NamespaceRelations | undefined {
    return this.#tasks.relationsOf(ino, type) ?? this.#holders.relationsOf(ino, type);
  }

  [Symbol.dispose](): void {
    this.#owned.dispose();
  }
}
