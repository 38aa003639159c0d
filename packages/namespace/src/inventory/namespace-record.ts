import type { Maker, NamespaceKey, NamespaceType } from '@bulkhead/model';
import { Members } from './members.ts';
import type { ProcessRecord } from './process-record.ts';

const noThreads: ReadonlyMap<number, ProcessRecord> = new Map();
const noMounts: ReadonlyMap<number, readonly string[]> = new Map();
const noDescriptors: ReadonlyMap<ProcessRecord, readonly number[]> = new Map();
const noChildren: ReadonlySet<number> = new Set();

/**
 * A namespace as the inventory knows it, and what keeps it alive. Nearly all are held by processes alone: what else can
 * hold one takes room only where it does.
 */
export class NamespaceRecord {
  readonly key: NamespaceKey;
  readonly ino: number;
  readonly type: NamespaceType;
  readonly initial: boolean;
  readonly firstSeenAt: string;
  owner: number | undefined = undefined;
  parent: number | undefined = undefined;
  ownerUid: number | undefined = undefined;
  /** Of a mount namespace: its number for listmount(2), where the kernel gives one. */
  mountNamespaceId: bigint | undefined = undefined;
  /** Whose it was when it last had a member: what is left behind stays theirs. */
  maker: Maker | undefined = undefined;
  /** It is not as it was told last. */
  isDirty = false;
  /** Processes whose main thread is a member. */
  readonly members = new Members<ProcessRecord>();
  #threads: Map<number, ProcessRecord> | undefined = undefined;
  #mounts: Map<number, readonly string[]> | undefined = undefined;
  #descriptors: Map<ProcessRecord, readonly number[]> | undefined = undefined;
  #children: Set<number> | undefined = undefined;

  constructor(key: NamespaceKey, ino: number, { type, initial, firstSeenAt }: Pick<NamespaceRecord, 'type' | 'initial' | 'firstSeenAt'>) {
    this.key = key;
    this.ino = ino;
    this.type = type;
    this.initial = initial;
    this.firstSeenAt = firstSeenAt;
  }

  /** Threads that are members while their main thread is not, by tid. */
  get threads(): ReadonlyMap<number, ProcessRecord> {
    return this.#threads ?? noThreads;
  }

  addThread(tid: number, process: ProcessRecord): void {
    this.#threads ??= new Map();
    this.#threads.set(tid, process);
  }

  /** @returns false where it was no member */
  removeThread(tid: number): boolean {
    return this.#threads?.delete(tid) ?? false;
  }

  /** Paths by the mount namespace in which they are. */
  get mounts(): ReadonlyMap<number, readonly string[]> {
    return this.#mounts ?? noMounts;
  }

  /** Says where it is mounted in a mount namespace. @param paths none where it no longer is */
  setMounts(mountNamespace: number, paths: readonly string[]): void {
    if (paths.length === 0) {
      this.#mounts?.delete(mountNamespace);
      return;
    }
    this.#mounts ??= new Map();
    this.#mounts.set(mountNamespace, paths);
  }

  /** Open descriptors by process. */
  get descriptors(): ReadonlyMap<ProcessRecord, readonly number[]> {
    return this.#descriptors ?? noDescriptors;
  }

  /** Says by which descriptors a process holds it. @param fds none where it no longer does */
  setDescriptors(process: ProcessRecord, fds: readonly number[]): void {
    if (fds.length === 0) {
      this.#descriptors?.delete(process);
      return;
    }
    this.#descriptors ??= new Map();
    this.#descriptors.set(process, fds);
  }

  /** Namespaces nested in it or owned by it. */
  get children(): ReadonlySet<number> {
    return this.#children ?? noChildren;
  }

  addChild(ino: number): void {
    this.#children ??= new Set();
    this.#children.add(ino);
  }

  /** @returns false where it was none */
  removeChild(ino: number): boolean {
    return this.#children?.delete(ino) ?? false;
  }

  get isHeld(): boolean {
    return (
      this.members.size > 0 ||
      (this.#threads?.size ?? 0) + (this.#mounts?.size ?? 0) + (this.#descriptors?.size ?? 0) + (this.#children?.size ?? 0) > 0
    );
  }
}
