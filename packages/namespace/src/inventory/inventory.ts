import type {
  Maker,
  Namespace,
  NamespaceInventory,
  NamespaceKey,
  NamespaceType,
  ProcessReference,
  Unreadable,
  Workload,
} from '@bulkhead/model';
import { NamespaceType as NamespaceTypes } from '@bulkhead/model';
import type { NamespaceMount } from './mountinfo.ts';
import { NamespaceRecord } from './namespace-record.ts';
import type { NamespaceDescriptor, NamespaceSet } from './proc-reader.ts';
import type { ProcessReading } from './process-reading.ts';
import type { ProcessRecord } from './process-record.ts';
import type { FoundRelations, NamespacePlace, NamespaceRelations } from './relations.ts';
import { type WorkloadIdentity, WorkloadRecord } from './workload-record.ts';

const maxListed = 16;
const maxGroups = 64;
const ticksPerSecond = 100;

/** Asks a namespace that was not met before. @param isKnown whether an outer one need not be asked too */
export type RelationsReader = (
  place: NamespacePlace,
  namespace: { ino: number; type: NamespaceType },
  isKnown: (ino: number) => boolean,
) => FoundRelations;

export interface InventoryOptions {
  /** Device of the file system of namespaces (nsfs), as stat(2) has it. */
  dev: bigint;
  /** The host's own, in the order of NamespaceType. */
  initial: NamespaceSet;
  relations: RelationsReader;
  linkOf(pid: number, type: NamespaceType, tid?: number): string;
  workloadOf(process: ProcessReading, current: WorkloadRecord | undefined): WorkloadIdentity;
  bootWallMsec(): number;
}

export interface InventoryChanges {
  namespaces: Namespace[];
  removedNamespaces: NamespaceKey[];
  workloads: Workload[];
  removedWorkloads: string[];
}

/**
 * Processes, namespaces and workloads as they were last read, indexed so that one change costs what it changes. It reads
 * nothing itself but the relations of namespaces it has not met.
 */
export class Inventory {
  readonly #options: InventoryOptions;
  readonly #dev: string;
  readonly #initial: ReadonlySet<number>;
  readonly #processes = new Map<number, ProcessRecord>();
  readonly #namespaces = new Map<number, NamespaceRecord>();
  readonly #workloads = new Map<string, WorkloadRecord>();
  readonly #descriptorsOf = new Map<ProcessRecord, readonly NamespaceDescriptor[]>();
  readonly #mountsIn = new Map<number, readonly NamespaceMount[]>();
  readonly #dirtyNamespaces = new Map<number, NamespaceRecord>();
  readonly #dirtyWorkloads = new Set<WorkloadRecord>();
  /** Processes of which no namespace may be read. */
  readonly #unreadable = new Set<number>();
  readonly #unnamed = new Set<WorkloadRecord>();
  #hasNews = false;

  constructor(options: InventoryOptions) {
    this.#options = options;
    this.#dev = String(options.dev);
    this.#initial = new Set(options.initial);
  }

  get processes(): ReadonlyMap<number, ProcessRecord> {
    return this.#processes;
  }

  get namespaces(): ReadonlyMap<number, NamespaceRecord> {
    return this.#namespaces;
  }

  /** Containers of our own that are still called by their id. */
  get unnamed(): ReadonlySet<WorkloadRecord> {
    return this.#unnamed;
  }

  get workloads(): ReadonlyMap<string, WorkloadRecord> {
    return this.#workloads;
  }

  /** Minor number of the device; anonymous devices have the major number 0 (makedev(3)). */
  get deviceMinor(): number {
    const { dev } = this.#options;
    return Number((dev & 0xffn) | ((dev >> 12n) & ~0xffn));
  }

  get unreadableProcesses(): number {
    return this.#unreadable.size;
  }

  descriptorsOf(process: ProcessRecord): readonly NamespaceDescriptor[] {
    return this.#descriptorsOf.get(process) ?? [];
  }

  /** Mount namespaces in which namespaces are bind-mounted. */
  get mountNamespaces(): IterableIterator<number> {
    return this.#mountsIn.keys();
  }

  /** A process that is new, or is no longer as it was read before. */
  put(reading: ProcessReading): ProcessRecord {
    const known = this.#processes.get(reading.pid);
    if (known !== undefined && known.startTimeTicks === reading.startTimeTicks) {
      this.#update(known, reading);
      return known;
    }
    if (known !== undefined) this.remove(known.pid);
    const workload = this.#workloadFor(this.#options.workloadOf(reading, undefined));
    const process: ProcessRecord = { ...reading, workload };
    this.#processes.set(process.pid, process);
    this.#joinNamespaces(process);
    this.#joinWorkload(process, workload);
    return process;
  }

  #update(process: ProcessRecord, reading: ProcessReading): void {
    const same =
      process.command === reading.command &&
      process.cgroups === reading.cgroups &&
      process.parentPid === reading.parentPid &&
      process.session === reading.session &&
      sameSet(process.namespaces, reading.namespaces) &&
      sameThreads(process.otherThreads, reading.otherThreads);
    if (same) {
      process.state = reading.state;
      process.threads = reading.threads;
      return;
    }
    const before = { namespaces: process.namespaces, otherThreads: process.otherThreads };
    const left = process.workload;
    const workload = this.#workloadFor(this.#options.workloadOf(reading, left));
    Object.assign(process, reading);
    // Joined before the others are left, so that a namespace that stays is not gone for a moment.
    this.#joinNamespaces(process);
    this.#leaveNamespaces(process, before);
    left.remove(process, before.namespaces);
    this.#dirtyWorkloads.add(left);
    this.#joinWorkload(process, workload);
    this.#endWorkload(left);
  }

  /** A process that is gone. */
  remove(pid: number): void {
    const process = this.#processes.get(pid);
    if (process === undefined) return;
    this.setDescriptors(process, []);
    this.#processes.delete(pid);
    this.#leaveNamespaces(process, process, true);
    const { workload } = process;
    workload.remove(process, process.namespaces);
    this.#dirtyWorkloads.add(workload);
    if (workload.members.size === 0) this.#workloads.delete(workload.id);
    this.#unreadable.delete(pid);
  }

  /** What a process holds by open descriptors, whole. */
  setDescriptors(process: ProcessRecord, descriptors: readonly NamespaceDescriptor[]): void {
    const before = this.#descriptorsOf.get(process) ?? [];
    if (sameDescriptors(before, descriptors)) return;
    const byNamespace = Map.groupBy(descriptors, ({ ino }) => ino);
    for (const [ino, fds] of byNamespace) {
      const [{ type, fd }] = fds as [NamespaceDescriptor];
      const namespace = this.#namespace(ino, type, { path: `/proc/${process.pid}/fd/${fd}`, link: false });
      namespace.descriptors.set(
        process,
        fds.map((each) => each.fd),
      );
    }
    for (const ino of new Set(before.map((each) => each.ino))) {
      if (byNamespace.has(ino)) continue;
      const namespace = this.#namespaces.get(ino);
      namespace?.descriptors.delete(process);
      this.#mark(namespace);
    }
    if (descriptors.length === 0) this.#descriptorsOf.delete(process);
    else this.#descriptorsOf.set(process, descriptors);
  }

  /** What is bind-mounted in a mount namespace, whole. @param openPath how we reach a path in it */
  setMounts(mountNamespace: number, mounts: readonly NamespaceMount[], openPath: (path: string) => string): void {
    const before = this.#mountsIn.get(mountNamespace) ?? [];
    const byNamespace = Map.groupBy(mounts, ({ ino }) => ino);
    for (const [ino, found] of byNamespace) {
      const [{ type, path }] = found as [NamespaceMount];
      const namespace = this.#namespace(ino, type, { path: openPath(path), link: false });
      const paths = found.map((each) => each.path);
      const known = namespace.mounts.get(mountNamespace);
      if (known !== undefined && known.join('\0') === paths.join('\0')) continue;
      namespace.mounts.set(mountNamespace, paths);
      this.#mark(namespace);
    }
    for (const ino of new Set(before.map((each) => each.ino))) {
      if (byNamespace.has(ino)) continue;
      const namespace = this.#namespaces.get(ino);
      namespace?.mounts.delete(mountNamespace);
      this.#mark(namespace);
    }
    if (mounts.length === 0) this.#mountsIn.delete(mountNamespace);
    else this.#mountsIn.set(mountNamespace, mounts);
  }

  /** What became different since this was last asked. */
  takeChanges(): InventoryChanges {
    this.#bury();
    const changes: InventoryChanges = { namespaces: [], removedNamespaces: [], workloads: [], removedWorkloads: [] };
    for (const [ino, namespace] of this.#dirtyNamespaces) {
      if (this.#namespaces.has(ino)) changes.namespaces.push(this.#showNamespace(this.#namespaces.get(ino) as NamespaceRecord));
      else changes.removedNamespaces.push(this.keyOf(namespace.ino));
    }
    for (const workload of this.#dirtyWorkloads) {
      const current = this.#workloads.get(workload.id);
      if (current === workload) changes.workloads.push(this.showWorkload(workload));
      else if (current === undefined) changes.removedWorkloads.push(workload.id);
    }
    this.#dirtyNamespaces.clear();
    this.#dirtyWorkloads.clear();
    this.#hasNews = false;
    return changes;
  }

  get hasChanges(): boolean {
    return this.#dirtyNamespaces.size + this.#dirtyWorkloads.size > 0;
  }

  /** True where more changed than how many processes the host's own namespaces and known workloads have. */
  get hasNews(): boolean {
    return this.#hasNews;
  }

  /** Everything, at one moment. */
  show(unreadable: Unreadable): NamespaceInventory {
    this.#bury();
    return {
      at: new Date().toISOString(),
      namespaces: [...this.#namespaces.values()].map((namespace) => this.#showNamespace(namespace)),
      workloads: [...this.#workloads.values()].map((workload) => this.showWorkload(workload)),
      unreadable,
    };
  }

  keyOf(ino: number): NamespaceKey {
    return `${this.#dev}-${ino}`;
  }

  /** @returns undefined where no namespace has the key */
  find(key: NamespaceKey): NamespaceRecord | undefined {
    this.#bury();
    const [dev, ino] = key.split('-');
    return dev === this.#dev ? this.#namespaces.get(Number(ino)) : undefined;
  }

  showNamespace(namespace: NamespaceRecord): Namespace {
    return this.#showNamespace(namespace);
  }

  /** What a maker is called came to be known. */
  renewMaker(workload: WorkloadRecord, maker: Maker): void {
    workload.maker = maker;
    this.#unnamed.delete(workload);
    this.#dirtyWorkloads.add(workload);
    this.#hasNews = true;
    for (const process of workload.members) for (const ino of process.namespaces) this.#mark(this.#namespaces.get(ino));
  }

  #workloadFor(identity: WorkloadIdentity): WorkloadRecord {
    let workload = this.#workloads.get(identity.id);
    if (workload === undefined) {
      workload = new WorkloadRecord(identity);
      this.#workloads.set(workload.id, workload);
      if (identity.maker.containerId !== undefined && identity.maker.containerId === identity.maker.name) this.#unnamed.add(workload);
      this.#hasNews = true;
    }
    return workload;
  }

  #joinNamespaces(process: ProcessRecord): void {
    for (const [index, ino] of process.namespaces.entries()) {
      const type = NamespaceTypes.options[index] as NamespaceType;
      if (ino !== 0)
        this.#namespace(ino, type, { path: this.#options.linkOf(process.pid, type), link: true, pid: process.pid }).members.add(process);
    }
    for (const [tid, namespaces] of process.otherThreads)
      for (const [index, ino] of namespaces.entries()) {
        if (ino === 0 || ino === process.namespaces[index]) continue;
        const type = NamespaceTypes.options[index] as NamespaceType;
        this.#namespace(ino, type, { path: this.#options.linkOf(process.pid, type, tid), link: true }).threads.set(tid, process);
      }
    if (process.namespaces.every((ino) => ino === 0) && process.otherThreads.size === 0) this.#unreadable.add(process.pid);
    else this.#unreadable.delete(process.pid);
  }

  #joinWorkload(process: ProcessRecord, workload: WorkloadRecord): void {
    process.workload = workload;
    workload.add(process);
    this.#dirtyWorkloads.add(workload);
  }

  #endWorkload(workload: WorkloadRecord): void {
    if (workload.members.size > 0) return;
    this.#workloads.delete(workload.id);
    this.#unnamed.delete(workload);
    this.#hasNews = true;
  }

  /** Leaves what a process was a member of before, but for what it still is. */
  #leaveNamespaces(process: ProcessRecord, before: Pick<ProcessRecord, 'namespaces' | 'otherThreads'>, ended = false): void {
    for (const [index, ino] of before.namespaces.entries()) {
      const namespace = this.#namespaces.get(ino);
      if (namespace === undefined || (!ended && process.namespaces[index] === ino)) continue;
      namespace.members.remove(process);
      this.#mark(namespace);
    }
    for (const [tid, namespaces] of before.otherThreads)
      for (const [index, ino] of namespaces.entries()) {
        const now = ended ? undefined : process.otherThreads.get(tid)?.[index];
        if (now === ino && process.namespaces[index] !== ino) continue;
        const namespace = this.#namespaces.get(ino);
        if (namespace?.threads.delete(tid) === true) this.#mark(namespace);
      }
  }

  #namespace(ino: number, type: NamespaceType, place: NamespacePlace): NamespaceRecord {
    let namespace = this.#current(ino);
    if (namespace !== undefined && namespace.type !== type) {
      this.#forget(namespace);
      namespace = undefined;
    }
    if (namespace === undefined) {
      namespace = this.#create(ino, type);
      const { outer, ...relations } = this.#options.relations(place, namespace, (each) => this.#current(each) !== undefined);
      for (const each of outer.toReversed())
        if (this.#current(each.ino) === undefined) this.#relate(this.#create(each.ino, each.type), each.relations);
      this.#relate(namespace, relations);
    }
    this.#mark(namespace);
    return namespace;
  }

  /** The kernel gives a number again at once: where nothing holds the one that had it any more, it is another one. */
  #current(ino: number): NamespaceRecord | undefined {
    const namespace = this.#namespaces.get(ino);
    if (namespace === undefined || namespace.isHeld || namespace.initial) return namespace;
    this.#forget(namespace);
    return undefined;
  }

  #create(ino: number, type: NamespaceType): NamespaceRecord {
    const namespace = new NamespaceRecord(ino, type, this.#initial.has(ino), new Date().toISOString());
    this.#namespaces.set(ino, namespace);
    this.#mark(namespace);
    return namespace;
  }

  #relate(namespace: NamespaceRecord, { owner, parent, ownerUid, mountNamespaceId }: NamespaceRelations): void {
    namespace.mountNamespaceId = mountNamespaceId;
    namespace.owner = owner;
    namespace.parent = parent;
    namespace.ownerUid = ownerUid;
    for (const outer of new Set([owner, parent])) {
      if (outer === undefined || outer === namespace.ino) continue;
      const record = this.#namespaces.get(outer);
      record?.children.add(namespace.ino);
      this.#mark(record);
    }
  }

  #mark(namespace: NamespaceRecord | undefined): void {
    if (namespace === undefined) return;
    this.#dirtyNamespaces.set(namespace.ino, namespace);
    if (!namespace.initial) this.#hasNews = true;
  }

  /** Takes out what nothing holds any more; an outer one may go with its last child. */
  #bury(): void {
    const waiting = [...this.#dirtyNamespaces.values()];
    for (let namespace = waiting.pop(); namespace !== undefined; namespace = waiting.pop()) {
      if (namespace.isHeld || namespace.initial || this.#namespaces.get(namespace.ino) !== namespace) continue;
      waiting.push(...this.#forget(namespace));
    }
  }

  /** @returns outer ones that may have lost their last holder */
  #forget(namespace: NamespaceRecord): NamespaceRecord[] {
    this.#namespaces.delete(namespace.ino);
    this.#dirtyNamespaces.set(namespace.ino, namespace);
    const outer: NamespaceRecord[] = [];
    for (const ino of new Set([namespace.owner, namespace.parent])) {
      const record = ino === undefined ? undefined : this.#namespaces.get(ino);
      if (record?.children.delete(namespace.ino) !== true) continue;
      this.#mark(record);
      outer.push(record);
    }
    return outer;
  }

  #makerOf(namespace: NamespaceRecord, depth = 0): Maker {
    if (namespace.initial) return kernelMaker;
    const leader = namespace.members.oldest ?? namespace.threads.values().next().value;
    if (leader !== undefined) {
      const { maker } = leader.workload;
      // Of work that is no container, what people know it by is the command that lives in it.
      namespace.maker = maker.runtime === 'plain' ? { ...maker, name: leader.command } : maker;
    }
    if (namespace.maker !== undefined) return namespace.maker;
    const holder = namespace.descriptors.keys().next().value;
    if (holder !== undefined) return holder.workload.maker;
    const paths = namespace.mounts.values().next().value;
    const name = paths?.[0]?.split('/').at(-1);
    if (name !== undefined && name !== '') return { runtime: 'plain', name: name.slice(0, 256) };
    const child = this.#namespaces.get(namespace.children.values().next().value ?? 0);
    if (child !== undefined && depth < 32) return this.#makerOf(child, depth + 1);
    return { runtime: 'plain', name: `${namespace.type} namespace` };
  }

  #showNamespace(namespace: NamespaceRecord): Namespace {
    const { ino, type, owner, parent, ownerUid, members, threads, mounts, descriptors, children } = namespace;
    const leader = members.oldest;
    let [mountCount, descriptorCount] = [0, 0];
    const [listedMounts, listedDescriptors]: [Namespace['holders']['mounts'], Namespace['holders']['descriptors']] = [[], []];
    for (const [mountNamespace, paths] of mounts) {
      mountCount += paths.length;
      for (const path of paths)
        if (listedMounts.length < maxListed) listedMounts.push({ path, mountNamespace: this.keyOf(mountNamespace) });
    }
    for (const [process, fds] of descriptors) {
      descriptorCount += fds.length;
      for (const fd of fds) if (listedDescriptors.length < maxListed) listedDescriptors.push({ process: showProcess(process), fd });
    }
    return {
      key: this.keyOf(ino),
      type,
      dev: this.#dev,
      ino: String(ino),
      initial: namespace.initial,
      ...(owner === undefined ? {} : { owner: this.keyOf(owner) }),
      ...(parent === undefined ? {} : { parent: this.keyOf(parent) }),
      ...(ownerUid === undefined ? {} : { ownerUid }),
      maker: this.#makerOf(namespace),
      holders: {
        processes: members.size,
        threads: threads.size,
        mounts: listedMounts,
        mountCount,
        descriptors: listedDescriptors,
        descriptorCount,
        children: children.size,
      },
      ...(leader === undefined ? {} : { leader: showProcess(leader) }),
      firstSeenAt: namespace.firstSeenAt,
    };
  }

  showWorkload(workload: WorkloadRecord): Workload {
    const leader = workload.members.oldest as ProcessReading;
    const startedMsec = this.#options.bootWallMsec() + (leader.startTimeTicks * 1000) / ticksPerSecond;
    return {
      id: workload.id,
      maker: workload.maker.runtime === 'plain' ? { ...workload.maker, name: leader.command } : workload.maker,
      cgroupPath: workload.cgroupPath,
      processes: workload.members.size,
      leader: showProcess(leader),
      startedAt: new Date(startedMsec).toISOString(),
      groups: workload.groups(maxGroups).map((group) => ({
        namespaces: group.namespaces.filter((ino) => ino !== 0).map((ino) => this.keyOf(ino)),
        processes: group.members.size,
        leader: showProcess(group.members.oldest as ProcessReading),
      })),
      groupCount: workload.groupCount,
    };
  }
}

const kernelMaker: Maker = { runtime: 'kernel', name: 'kernel' };

export const showProcess = ({ pid, startTimeTicks, command }: ProcessReading): ProcessReference => ({
  pid,
  startTimeTicks: String(startTimeTicks),
  command,
});

const sameSet = (one: NamespaceSet, other: NamespaceSet): boolean =>
  one.length === other.length && one.every((ino, index) => ino === other[index]);

function sameThreads(one: ReadonlyMap<number, NamespaceSet>, other: ReadonlyMap<number, NamespaceSet>): boolean {
  if (one.size !== other.size) return false;
  for (const [tid, set] of one) {
    const found = other.get(tid);
    if (found === undefined || !sameSet(set, found)) return false;
  }
  return true;
}

const sameDescriptors = (one: readonly NamespaceDescriptor[], other: readonly NamespaceDescriptor[]): boolean =>
  one.length === other.length && one.every(({ ino, fd }, index) => ino === other[index]?.ino && fd === other[index]?.fd);
