import { type Fd, hasNumber, namespaceTable, openNamespaceLink } from '@bulkhead/kernel';
import type { NamespaceType } from '@bulkhead/model';
import { descriptorRecord, fileRecordKind, mountsRecordBytes } from '../iterator/file-program.ts';
import type { HostIterator } from '../iterator/host-iterator.ts';
import { Pace } from './budget.ts';
import { DescriptorWatch } from './descriptor-watch.ts';
import type { HolderWatch } from './holder-watch.ts';
import type { Inventory } from './inventory.ts';
import { MountWatch } from './mount-watch.ts';
import type { NamespaceMount } from './mountinfo.ts';
import type { NamespaceDescriptor, ProcReader } from './proc-reader.ts';
import type { NamespaceRelations } from './relations.ts';

/** A walk costs some 0.1 us a descriptor of the host. With this share of a CPU, a hundred thousand are walked over every 300 ms. */
const walkShare = 0.05;
/** Nobody waits longer for a part of it. */
const sliceMsec = 5;
/** A list of mounts that changed while it was walked is walked again so often. */
const maxTries = 3;
const nsecPerTick = 10_000_000;

const typeOfFlag = new Map(namespaceTable.map((row) => [Number(row.flag), row.type as NamespaceType]));
const word = Object.fromEntries(Object.entries(descriptorRecord).map(([name, at]) => [name, at / 4])) as Record<
  keyof typeof descriptorRecord,
  number
>;

interface HeldByProcess {
  startTimeTicks: number;
  descriptors: NamespaceDescriptor[];
}

/** What is mounted in a mount namespace, and in all others for which the same number stands. */
interface Table {
  state: bigint;
  /** The mount namespace of which it was read. */
  by: number;
  mounts: readonly NamespaceMount[];
  /** It was still so afterwards. */
  isSure: boolean;
}

interface Found {
  byProcess: Map<number, HeldByProcess>;
  relations: Map<number, { type: NamespaceType; relations: NamespaceRelations }>;
  /** False where the list of mounts was longer than could be told, or changed. */
  hasAllMounts: boolean;
}

/**
 * What holds namespaces, by one walk of the kernel over all open descriptors of the host and all mounts of its file system
 * of namespaces. A table of mounts is read from /proc only where one of those came or went.
 */
export class IteratedHolders implements HolderWatch, Disposable {
  readonly #iterator: HostIterator;
  readonly #inventory: Inventory;
  readonly #reader: ProcReader;
  readonly #hidden: () => ReadonlySet<number>;
  readonly #byProcess: DescriptorWatch;
  readonly #pace = new Pace(walkShare);
  /** The program finds the mounts by way of this: a descriptor of ours on a namespace, our own. */
  readonly #own: Fd;
  /** Of each mount namespace in which namespaces are mounted, what is known of those. */
  readonly #tables = new Map<number, Table>();
  /** Takes over where there are more mounts than the program can tell. */
  #byTable: MountWatch | undefined;
  /** Of what is being put just now. */
  #relations: Found['relations'] = nothing;
  #holding = new Set<number>();
  #walk: Generator<void, void, unknown> | undefined;
  #tries = 0;

  /** @param hidden processes that the kernel's walk leaves out: those are read from /proc */
  constructor(iterator: HostIterator, inventory: Inventory, reader: ProcReader, hidden: () => ReadonlySet<number>) {
    this.#iterator = iterator;
    this.#inventory = inventory;
    this.#reader = reader;
    this.#hidden = hidden;
    this.#byProcess = new DescriptorWatch(inventory, reader);
    this.#own = openNamespaceLink('/proc/self/ns/user');
  }

  get refused(): number {
    return this.#byProcess.refused;
  }

  look(): boolean {
    this.#byTable?.look();
    if (this.#walk === undefined && !this.#pace.isDue) return false;
    const isOver = this.#pace.spend(() => this.#goOn(sliceMsec));
    if (isOver) this.#pace.end();
    return !isOver;
  }

  /** @returns true where the walk is over */
  #goOn(mostMsec: number): boolean {
    this.#walk ??= this.#step();
    for (const begin = performance.now(); performance.now() - begin < mostMsec; ) {
      if (this.#walk.next().done !== true) continue;
      this.#walk = undefined;
      return true;
    }
    return false;
  }

  *lookAtAll(): Generator<void, void, unknown> {
    // One that is under way has seen what was before.
    this.#walk?.return();
    this.#walk = undefined;
    do yield* this.#step();
    while (this.#tries > 0);
    if (this.#byTable === undefined) return;
    this.#byTable.look(true);
    yield;
  }

  relationsOf(ino: number, type: NamespaceType): NamespaceRelations | undefined {
    const found = this.#relations.get(ino);
    return found?.type === type ? found.relations : undefined;
  }

  forget(pid: number): void {
    this.#holding.delete(pid);
    this.#byProcess.forget(pid);
  }

  *#step(): Generator<void, void, unknown> {
    const found: Found = { byProcess: new Map(), relations: new Map(), hasAllMounts: false };
    for (const piece of this.#iterator.walk('files')) {
      this.#takePiece(piece, found);
      yield;
    }
    this.#relations = found.relations;
    this.#putDescriptors(found);
    this.#relations = nothing;
    yield;
    for (const pid of this.#hidden()) {
      const process = this.#inventory.processes.get(pid);
      if (process !== undefined) this.#byProcess.read(process);
      yield;
    }
    const mounts = this.#iterator.takeMounts();
    if (found.hasAllMounts) yield* this.#putMounts(mounts);
    else this.#missMounts();
  }

  #takePiece(piece: Buffer, found: Found): void {
    const words = new Uint32Array(piece.buffer, piece.byteOffset, piece.length / 4);
    for (let at = 0; at < words.length; ) {
      if (words[at] === fileRecordKind.descriptor) {
        takeDescriptor(words, at, found, this.#own);
        at += word.size;
      } else if (words[at] === fileRecordKind.pause) at += word.size;
      else {
        // Told at each of our own descriptors on a namespace: one whole list is enough.
        if (words[at] !== fileRecordKind.mounts) throw new Error(`a record of kind ${words[at]} from the walk over descriptors`);
        found.hasAllMounts ||= words[at + 1] === 1;
        at += mountsRecordBytes / 4;
      }
    }
  }

  #putDescriptors({ byProcess }: Found): void {
    for (const pid of this.#holding) {
      const process = this.#inventory.processes.get(pid);
      if (process !== undefined && !byProcess.has(pid)) this.#inventory.setDescriptors(process, []);
    }
    this.#holding = new Set();
    for (const [pid, { startTimeTicks, descriptors }] of byProcess) {
      const process = this.#inventory.processes.get(pid);
      // One that is not known yet, or no longer the same, is for the next walk.
      if (process?.startTimeTicks !== startTimeTicks) continue;
      this.#inventory.setDescriptors(process, inOrder(descriptors));
      this.#holding.add(pid);
    }
  }

  /** After a few of them in a row, tables are read one by one. */
  #missMounts(): void {
    this.#tries += 1;
    if (this.#tries < maxTries) return;
    this.#tries = 0;
    this.#byTable ??= new MountWatch(this.#inventory, this.#reader);
    this.#tables.clear();
  }

  *#putMounts(mounts: ReadonlyMap<number, bigint>): Generator<void, void, unknown> {
    this.#tries = 0;
    this.#byTable = undefined;
    for (const ino of [...this.#inventory.mountNamespaces])
      if (!mounts.has(ino) || this.#memberOf(ino) === undefined) this.#forgetTable(ino);
    const read = this.#checkTables(mounts);
    for (const [ino, state] of mounts) {
      const pid = this.#memberOf(ino);
      if (pid === undefined || this.#tables.get(ino)?.state === state) continue;
      let table = read.get(state);
      if (table === undefined) {
        const found = this.#reader.mounts(pid);
        if (found === undefined) continue;
        table = { state, by: ino, mounts: found, isSure: false };
        read.set(state, table);
      }
      this.#tables.set(ino, table);
      this.#inventory.setMounts(ino, table.mounts, (path) => `/proc/${pid}/root${path}`);
      yield;
    }
  }

  /**
   * What was read a moment after the walk may have changed in between. It is sure once the next walk finds it unchanged;
   * where it does not, it is read again wherever it was taken for true. @returns what is known, by what stands for it
   */
  #checkTables(mounts: ReadonlyMap<number, bigint>): Map<bigint, Table> {
    const known = new Map<bigint, Table>();
    for (const [ino, table] of this.#tables) {
      table.isSure ||= mounts.get(table.by) === table.state;
      if (table.isSure) known.set(table.state, table);
      else this.#tables.delete(ino);
    }
    return known;
  }

  /** Who sees what is mounted in a mount namespace. */
  #memberOf(ino: number): number | undefined {
    const namespace = this.#inventory.namespaces.get(ino);
    return namespace?.type === 'mount' ? namespace.members.oldest?.pid : undefined;
  }

  #forgetTable(ino: number): void {
    this.#tables.delete(ino);
    this.#inventory.setMounts(ino, [], () => '');
  }

  [Symbol.dispose](): void {
    this.#walk?.return();
    this.#own[Symbol.dispose]();
  }
}

const nothing: Found['relations'] = new Map();

function takeDescriptor(words: Uint32Array, at: number, found: Found, own: Fd): void {
  const take = (name: keyof typeof descriptorRecord): number => words[at + word[name]] as number;
  const type = typeOfFlag.get(take('type'));
  const [pid, fd, ino] = [take('tgid'), take('fd'), take('ino')];
  if (type === undefined || (pid === process.pid && hasNumber(own, fd))) return;
  let held = found.byProcess.get(pid);
  if (held === undefined) {
    const begin = word.startBoottimeNsec;
    const nsec = (words[at + begin + 1] as number) * 0x1_0000_0000 + (words[at + begin] as number);
    held = { startTimeTicks: Math.floor(nsec / nsecPerTick), descriptors: [] };
    found.byProcess.set(pid, held);
  }
  const tid = take('tid');
  held.descriptors.push(tid === pid ? { ino, type, fd } : { ino, type, fd, tid });
  if (found.relations.has(ino)) return;
  const [owner, parent] = [take('owner'), take('parent')];
  found.relations.set(ino, {
    type,
    relations: {
      ...(owner === 0 ? {} : { owner }),
      ...(type === 'user' ? { ...(owner === 0 ? {} : { parent: owner }), ownerUid: take('ownerUid') } : {}),
      ...(type === 'pid' && parent !== 0 ? { parent } : {}),
    },
  });
}

/** By number, those that several threads of a process share once. */
function inOrder(descriptors: NamespaceDescriptor[]): NamespaceDescriptor[] {
  if (descriptors.length === 1) return descriptors;
  const sorted = descriptors.toSorted((one, other) => one.fd - other.fd || one.ino - other.ino || (one.tid ?? 0) - (other.tid ?? 0));
  return sorted.filter((each, index) => sorted[index - 1]?.fd !== each.fd || sorted[index - 1]?.ino !== each.ino);
}
