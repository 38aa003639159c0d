import type {
  Maker,
  Namespace,
  NamespaceInventory,
  NamespaceKey,
  NamespaceType,
  NamespaceWay,
  Unreadable,
  Workload,
} from '@bulkhead/model';
import { NamespaceType as NamespaceTypes } from '@bulkhead/model';
import type { NamespaceMount } from './mountinfo.ts';
import { NamespaceRecord } from './namespace-record.ts';
import type { NamespaceDescriptor, NamespaceSet } from './proc-reader.ts';
import type { ProcessReading } from './process-reading.ts';
import type { ProcessRecord } from './process-record.ts';
import { type FoundRelations, LinkPlace, type NamespacePlace, type NamespaceRelations, type OuterNamespace } from './relations.ts';
import { Show } from './show.ts';
import { isSameSet, type WorkloadIdentity, WorkloadRecord } from './workload-record.ts';

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
  readonly #show: Show;
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
  readonly #isKnown = (ino: number): boolean => this.#current(ino) !== undefined;
  #serial = 0;
  #nowMsec = 0;
  #nowText = '';

  constructor(options: InventoryOptions) {
    this.#options = options;
    this.#dev = String(options.dev);
    this.#initial = new Set(options.initial);
    this.#show = new Show({ dev: this.#dev, namespaces: this.#namespaces, bootWallMsec: options.bootWallMsec });
  }

  get processes(): ReadonlyMap<number, ProcessRecord> {
    return this.#processes;
  }

  /** Grows with every process that is put. */
  get serial(): number {
    return this.#serial;
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
    this.#serial += 1;
    const known = this.#processes.get(reading.pid);
    if (known !== undefined && known.startTimeTicks === reading.startTimeTicks) {
      this.#update(known, reading);
      return known;
    }
    if (known !== undefined) this.remove(known.pid);
    const workload = this.#workloadFor(this.#options.workloadOf(reading, undefined));
    const process: ProcessRecord = { ...reading, workload, serial: this.#serial, reference: undefined };
    this.#processes.set(process.pid, process);
    this.#joinNamespaces(process);
    this.#joinWorkload(process, workload);
    return process;
  }

  #update(process: ProcessRecord, reading: ProcessReading): void {
    process.serial = this.#serial;
    const same =
      process.command === reading.command &&
      process.cgroups === reading.cgroups &&
      process.parentPid === reading.parentPid &&
      process.session === reading.session &&
      isSameSet(process.namespaces, reading.namespaces) &&
      sameThreads(process.otherThreads, reading.otherThreads);
    if (same) {
      process.state = reading.state;
      process.threads = reading.threads;
      return;
    }
    const before = { namespaces: process.namespaces, otherThreads: process.otherThreads };
    const left = process.workload;
    const workload = this.#workloadFor(this.#options.workloadOf(reading, left));
    Object.assign(process, reading, { serial: this.#serial, reference: undefined });
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
      const [{ type, fd, tid }] = fds as [NamespaceDescriptor];
      const namespace = this.#namespace(ino, type) ?? this.#meet(ino, type, { path: descriptorPath(process.pid, fd, tid), link: false });
      this.#mark(namespace);
      namespace.setDescriptors(
        process,
        fds.map((each) => each.fd),
      );
    }
    for (const ino of new Set(before.map((each) => each.ino))) {
      if (byNamespace.has(ino)) continue;
      const namespace = this.#namespaces.get(ino);
      namespace?.setDescriptors(process, []);
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
      const namespace = this.#namespace(ino, type) ?? this.#meet(ino, type, { path: openPath(path), link: false });
      const paths = found.map((each) => each.path);
      const known = namespace.mounts.get(mountNamespace);
      if (known !== undefined && known.join('\0') === paths.join('\0')) continue;
      namespace.setMounts(mountNamespace, paths);
      this.#mark(namespace);
    }
    for (const ino of new Set(before.map((each) => each.ino))) {
      if (byNamespace.has(ino)) continue;
      const namespace = this.#namespaces.get(ino);
      namespace?.setMounts(mountNamespace, []);
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
      namespace.isDirty = false;
      const current = this.#namespaces.get(ino);
      if (current !== undefined) changes.namespaces.push(this.#show.namespace(current));
      else changes.removedNamespaces.push(namespace.key);
    }
    for (const workload of this.#dirtyWorkloads) {
      const current = this.#workloads.get(workload.id);
      if (current === workload) changes.workloads.push(this.#show.workload(workload));
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
  show(unreadable: Unreadable, way: NamespaceWay): NamespaceInventory {
    this.#bury();
    return {
      at: new Date().toISOString(),
      namespaces: [...this.#namespaces.values()].map((namespace) => this.#show.namespace(namespace)),
      workloads: [...this.#workloads.values()].map((workload) => this.#show.workload(workload)),
      unreadable,
      way,
    };
  }

  /** @returns undefined where no namespace has the key */
  find(key: NamespaceKey): NamespaceRecord | undefined {
    this.#bury();
    const [dev, ino] = key.split('-');
    return dev === this.#dev ? this.#namespaces.get(Number(ino)) : undefined;
  }

  showNamespace(namespace: NamespaceRecord): Namespace {
    return this.#show.namespace(namespace);
  }

  showWorkload(workload: WorkloadRecord): Workload {
    return this.#show.workload(workload);
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
    for (const index of joinOrder) {
      const ino = process.namespaces[index] as number;
      if (ino === 0) continue;
      const type = NamespaceTypes.options[index] as NamespaceType;
      const namespace = this.#namespace(ino, type) ?? this.#meet(ino, type, new LinkPlace(process.pid, type));
      namespace.members.add(process);
      this.#mark(namespace);
    }
    for (const [tid, namespaces] of process.otherThreads)
      for (const [index, ino] of namespaces.entries()) {
        if (ino === 0 || ino === process.namespaces[index]) continue;
        const type = NamespaceTypes.options[index] as NamespaceType;
        const namespace = this.#namespace(ino, type) ?? this.#meet(ino, type, new LinkPlace(process.pid, type, tid));
        namespace.addThread(tid, process);
        this.#mark(namespace);
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
        if (namespace?.removeThread(tid) === true) this.#mark(namespace);
      }
  }

  /** @returns undefined where no namespace of this type is known by the number */
  #namespace(ino: number, type: NamespaceType): NamespaceRecord | undefined {
    const namespace = this.#current(ino);
    if (namespace === undefined || namespace.type === type) return namespace;
    this.#forget(namespace);
    return undefined;
  }

  /** One that was not known until now. */
  #meet(ino: number, type: NamespaceType, place: NamespacePlace): NamespaceRecord {
    const namespace = this.#create(ino, type);
    const { relations, outer } = this.#options.relations(place, namespace, this.#isKnown);
    for (let index = outer.length - 1; index >= 0; index -= 1) {
      const each = outer[index] as OuterNamespace;
      if (this.#current(each.ino) === undefined) this.#relate(this.#create(each.ino, each.type), each.relations);
    }
    this.#relate(namespace, relations);
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
    const namespace = new NamespaceRecord(`${this.#dev}-${ino}`, ino, { type, initial: this.#initial.has(ino), firstSeenAt: this.#now() });
    this.#namespaces.set(ino, namespace);
    this.#mark(namespace);
    return namespace;
  }

  /** The same text for all that are met within a millisecond. */
  #now(): string {
    const msec = Date.now();
    if (msec !== this.#nowMsec) {
      this.#nowMsec = msec;
      this.#nowText = new Date(msec).toISOString();
    }
    return this.#nowText;
  }

  #relate(namespace: NamespaceRecord, { owner, parent, ownerUid, mountNamespaceId }: NamespaceRelations): void {
    namespace.mountNamespaceId = mountNamespaceId;
    namespace.owner = owner;
    namespace.parent = parent;
    namespace.ownerUid = ownerUid;
    this.#adopt(namespace, owner);
    if (parent !== owner) this.#adopt(namespace, parent);
  }

  /** Tells an outer namespace that it has one more within. */
  #adopt(namespace: NamespaceRecord, outer: number | undefined): void {
    if (outer === undefined || outer === namespace.ino) return;
    const record = this.#namespaces.get(outer);
    record?.addChild(namespace.ino);
    this.#mark(record);
  }

  #mark(namespace: NamespaceRecord | undefined): void {
    if (namespace === undefined) return;
    if (!namespace.isDirty) {
      namespace.isDirty = true;
      this.#dirtyNamespaces.set(namespace.ino, namespace);
    }
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
    namespace.isDirty = true;
    this.#dirtyNamespaces.set(namespace.ino, namespace);
    const outer: NamespaceRecord[] = [];
    for (const ino of new Set([namespace.owner, namespace.parent])) {
      const record = ino === undefined ? undefined : this.#namespaces.get(ino);
      if (record?.removeChild(namespace.ino) !== true) continue;
      this.#mark(record);
      outer.push(record);
    }
    return outer;
  }
}

/** The user namespace first: it owns the others. */
const joinOrder = NamespaceTypes.options
  .map((type, index) => ({ type, index }))
  .sort((one, other) => Number(other.type === 'user') - Number(one.type === 'user'))
  .map(({ index }) => index);

const descriptorPath = (pid: number, fd: number, tid: number | undefined): string =>
  tid === undefined ? `/proc/${pid}/fd/${fd}` : `/proc/${pid}/task/${tid}/fd/${fd}`;

function sameThreads(one: ReadonlyMap<number, NamespaceSet>, other: ReadonlyMap<number, NamespaceSet>): boolean {
  if (one.size !== other.size) return false;
  for (const [tid, set] of one) {
    const found = other.get(tid);
    if (found === undefined || !isSameSet(set, found)) return false;
  }
  return true;
}

const sameDescriptors = (one: readonly NamespaceDescriptor[], other: readonly NamespaceDescriptor[]): boolean =>
  one.length === other.length && one.every(({ ino, fd }, index) => ino === other[index]?.ino && fd === other[index]?.fd);
