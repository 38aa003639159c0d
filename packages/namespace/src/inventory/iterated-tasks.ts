import type { NamespaceType } from '@bulkhead/model';
import { NamespaceType as NamespaceTypes } from '@bulkhead/model';
import type { HostIterator } from '../iterator/host-iterator.ts';
import { taskRecord } from '../iterator/task-program.ts';
import { CgroupTexts } from './cgroup-texts.ts';
import type { NamespaceSet, ProcReader } from './proc-reader.ts';
import type { ProcTasks } from './proc-tasks.ts';
import { isKernelThread, stateOf } from './process-facts.ts';
import type { ProcessReading } from './process-reading.ts';
import type { NamespaceRelations } from './relations.ts';
import { maxAncestors, type TaskReader, type TaskSink } from './task-reader.ts';
import { isSameSet } from './workload-record.ts';

const count = NamespaceTypes.options.length;
const nobody: ReadonlyMap<number, NamespaceSet> = new Map();
const nothing: NamespaceSet = new Array<number>(count).fill(0);
const [pidIndex, mountIndex, userIndex] = (['pid', 'mount', 'user'] as const).map((type) => NamespaceTypes.options.indexOf(type));
const nsecPerTick = 10_000_000;

/** Places in a record, in words. */
const word = Object.fromEntries(Object.entries(taskRecord).map(([name, at]) => [name, at / 4])) as Record<keyof typeof taskRecord, number>;
/** Where the mount namespace of a record stands: a task that ends lets go of it, and of all but its pid and user namespaces. */
const mountWord = word.namespaces + (mountIndex as number);

/**
 * Reads all processes by one walk of the kernel over its tasks. Nothing is taken for gone because it was not met on a walk:
 * /proc has the last word.
 */
export class IteratedTasks implements TaskReader, Disposable {
  readonly #iterator: Pick<HostIterator, 'readProcess' | 'walk'>;
  readonly #reader: ProcReader;
  readonly #byProc: ProcTasks;
  readonly #sink: TaskSink;
  readonly #cgroups: CgroupTexts;
  #hidden: ReadonlySet<number> = new Set();
  #turning: Generator<void, void, unknown> | undefined;
  /** What the kernel wrote of the process that is being put just now, and of its threads. */
  #rows: readonly Row[] = [];
  #owned: NamespaceRelations = {};

  constructor(iterator: Pick<HostIterator, 'readProcess' | 'walk'>, reader: ProcReader, byProc: ProcTasks, sink: TaskSink) {
    this.#iterator = iterator;
    this.#byProc = byProc;
    this.#reader = reader;
    this.#sink = sink;
    this.#cgroups = new CgroupTexts((pid) => reader.cgroups(pid));
  }

  relationsOf(ino: number, type: NamespaceType): NamespaceRelations | undefined {
    const index = NamespaceTypes.options.indexOf(type);
    const row = this.#rows.find(({ words, at }) => words[at + word.namespaces + index] === ino);
    if (row === undefined) return undefined;
    if (index === userIndex || index === pidIndex || index === mountIndex) return relationsIn(row, index);
    // All that is to say of the others is whose they are, which is mostly the same.
    const owner = row.words[row.at + word.owners + index] as number;
    if (this.#owned.owner !== owner) this.#owned = owner === 0 ? {} : { owner };
    return this.#owned;
  }

  /** Processes that are there, and that the kernel's walk leaves out. */
  get hidden(): ReadonlySet<number> {
    return this.#hidden;
  }

  turn(): boolean {
    this.#turning ??= this.#walk(false);
    if (this.#turning.next().done !== true) return true;
    this.#turning = undefined;
    return false;
  }

  look(): Generator<void, void, unknown> {
    return this.#walk(true);
  }

  read(pid: number, withThreads: boolean): void {
    const piece = this.#iterator.readProcess(pid);
    if (piece === undefined) {
      this.#byProc.read(pid, withThreads);
      return;
    }
    const words = new Uint32Array(piece.buffer, piece.byteOffset, piece.length / 4);
    if (words.length > word.size || !isAlive(words, 0)) {
      this.#readThreads(pid, piece, withThreads);
      return;
    }
    const reading = this.#read(piece, words, 0, undefined);
    this.#readParent(reading.parentPid);
    this.#rows = [{ words, at: 0 }];
    this.#sink.put(reading);
    this.#rows = [];
  }

  #readParent(pid: number): void {
    if (pid !== 0 && !this.#sink.processes.has(pid)) this.#byProc.read(pid, false);
  }

  /** Where there is more to a process than its main thread, or that has ended. */
  #readThreads(pid: number, piece: Buffer, withThreads: boolean): void {
    const found = emptyFound();
    this.#takePiece(piece, found);
    this.#joinThreads(found);
    const reading = found.readings.get(pid);
    if (reading !== undefined) {
      this.#readParent(reading.process.parentPid);
      this.#put(pid, found, () => true);
    } else if (!found.unchanged.has(pid)) {
      // It ends: by when it is gone, /proc tells.
      this.#byProc.read(pid, withThreads);
    }
  }

  /** @param whole looks in /proc for what the walk left out */
  *#walk(whole: boolean): Generator<void, void, unknown> {
    // What somebody else reads while this goes on is newer than what is found here.
    const { serial } = this.#sink;
    const found = emptyFound();
    this.#cgroups.begin();
    for (const piece of this.#iterator.walk('tasks')) {
      this.#takePiece(piece, found);
      yield;
    }
    this.#joinThreads(found);
    const isOlder = (pid: number): boolean => (this.#sink.processes.get(pid)?.serial ?? 0) <= serial;
    const hidden = new Set<number>();
    const isMet = (pid: number): boolean => found.readings.has(pid) || found.unchanged.has(pid);
    // Those that ended first: what a new one is in may have the number of what they were in.
    for (const pid of this.#sink.processes.keys()) {
      if (isMet(pid) || !isOlder(pid)) continue;
      this.#byProc.read(pid, true);
      if (this.#sink.processes.has(pid)) hidden.add(pid);
      yield;
    }
    for (const pid of found.readings.keys()) {
      this.#put(pid, found, isOlder);
      yield;
    }
    this.#cgroups.end();
    this.#hidden = hidden;
    if (!whole) return;
    for (const pid of this.#reader.eachPid()) {
      if (pid !== undefined && !this.#sink.processes.has(pid)) {
        this.#byProc.read(pid, true);
        if (this.#sink.processes.has(pid)) hidden.add(pid);
      }
      yield;
    }
  }

  [Symbol.dispose](): void {
    this.#turning?.return();
    this.#turning = undefined;
  }

  /** Puts a process, its ancestors before: whose child it is says to what it belongs. */
  #put(pid: number, found: Found, isOlder: (pid: number) => boolean, depth = 0): void {
    const reading = found.readings.get(pid);
    if (reading === undefined) return;
    found.readings.delete(pid);
    if (depth < maxAncestors) this.#put(reading.process.parentPid, found, isOlder, depth + 1);
    if (!isOlder(pid)) return;
    this.#rows = reading.rows;
    this.#sink.put(reading.process);
    this.#rows = [];
  }

  #takePiece(piece: Buffer, found: Found): void {
    // A copy: some of it is asked for again when the walk is over.
    const words = new Uint32Array(piece.buffer, piece.byteOffset, piece.length / 4).slice();
    for (let at = 0; at < words.length; at += word.size) {
      const tid = words[at + word.tid] as number;
      const tgid = words[at + word.tgid] as number;
      if (tid !== tgid) {
        // A thread that ends has let go of what it was in.
        if (words[at + mountWord] !== 0) found.threads.push({ tid, tgid, row: { words, at } });
      } else if (!isAlive(words, at)) {
        // A main thread can end before its others do (proc_pid_stat(5)): those still hold what they are in.
        if ((words[at + word.threads] as number) > 1) found.readings.set(tid, { process: this.#read(piece, words, at, nothing), rows: [] });
      } else this.#takeProcess(piece, words, at, found);
    }
  }

  #takeProcess(piece: Buffer, words: Uint32Array, at: number, found: Found): void {
    const pid = words[at + word.tid] as number;
    const known = this.#sink.processes.get(pid);
    const reading = this.#read(piece, words, at, known === undefined || !isIn(words, at, known.namespaces) ? undefined : known.namespaces);
    if (known !== undefined && known.otherThreads.size === 0 && isSame(known, reading)) {
      known.state = reading.state;
      known.threads = reading.threads;
      found.unchanged.add(pid);
    } else found.readings.set(pid, { process: reading, rows: [{ words, at }] });
  }

  #read(piece: Buffer, words: Uint32Array, at: number, namespaces: NamespaceSet | undefined): ProcessReading {
    const pid = words[at + word.tid] as number;
    return {
      pid,
      startTimeTicks: Math.floor(wide(words, at + word.startBoottimeNsec) / nsecPerTick),
      parentPid: words[at + word.parentPid] as number,
      command: text(piece, at * 4 + taskRecord.comm, 16),
      state: stateOf(words[at + word.state] as number, words[at + word.exitState] as number),
      session: words[at + word.session] as number,
      threads: words[at + word.threads] as number,
      kernel: isKernelThread(words[at + word.flags] as number),
      cgroups: this.#cgroups.of(pid, wide(words, at + word.cssSet), wide(words, at + word.cgroupId)),
      namespaces: namespaces ?? setOf(words, at),
      otherThreads: nobody,
    };
  }

  #joinThreads({ readings, unchanged, threads }: Found): void {
    for (const [pid, others] of Map.groupBy(threads, ({ tgid }) => tgid)) {
      const known = unchanged.has(pid) ? this.#sink.processes.get(pid) : undefined;
      const reading = readings.get(pid) ?? (known === undefined ? undefined : { process: known, rows: [] });
      if (reading === undefined) continue;
      const otherThreads = new Map<number, NamespaceSet>();
      const rows = [...reading.rows];
      for (const { tid, row } of others) {
        const namespaces = setOf(row.words, row.at);
        if (isSameSet(namespaces, reading.process.namespaces)) continue;
        otherThreads.set(tid, namespaces);
        rows.push(row);
      }
      if (otherThreads.size === 0) continue;
      unchanged.delete(pid);
      readings.set(pid, { process: { ...reading.process, otherThreads }, rows });
    }
    // Of a main thread that ended nothing is left but what others hold.
    for (const [pid, { process }] of readings) if (process.namespaces === nothing && process.otherThreads.size === 0) readings.delete(pid);
  }
}

/** A record of the kernel's, among others. */
interface Row {
  words: Uint32Array;
  at: number;
}

const emptyFound = (): Found => ({ readings: new Map(), unchanged: new Set(), threads: [] });

interface Found {
  /** Processes that are new, or not as they are known. */
  readings: Map<number, { process: ProcessReading; rows: readonly Row[] }>;
  unchanged: Set<number>;
  threads: { tid: number; tgid: number; row: Row }[];
}

/** 64 bits, of which no more than 53 are in use: times, ids, and the lower part of an address, whose upper bits are all set. */
const wide = (words: Uint32Array, at: number): number => ((words[at + 1] as number) & 0x1f_ffff) * 0x1_0000_0000 + (words[at] as number);

/** The task has neither ended nor let go of what it was in. */
const isAlive = (words: Uint32Array, at: number): boolean => words[at + mountWord] !== 0 && words[at + word.exitState] === 0;

const setOf = (words: Uint32Array, at: number): NamespaceSet => [...words.subarray(at + word.namespaces, at + word.namespaces + count)];

function isIn(words: Uint32Array, at: number, set: NamespaceSet): boolean {
  for (let index = 0; index < count; index += 1) if (words[at + word.namespaces + index] !== set[index]) return false;
  return true;
}

const isSame = (known: ProcessReading, reading: ProcessReading): boolean =>
  known.startTimeTicks === reading.startTimeTicks &&
  known.namespaces === reading.namespaces &&
  known.cgroups === reading.cgroups &&
  known.command === reading.command &&
  known.parentPid === reading.parentPid &&
  known.session === reading.session;

/** A name of the kernel: up to the first NUL. */
function text(bytes: Buffer, begin: number, length: number): string {
  const end = bytes.indexOf(0, begin);
  const limit = end < 0 || end > begin + length ? begin + length : end;
  for (let at = begin; at < limit; at += 1) if ((bytes[at] as number) > 0x7f) return bytes.toString('utf8', begin, limit);
  return bytes.toString('latin1', begin, limit);
}

/** What a record tells of one of the namespaces that it names. */
function relationsIn({ words, at }: Row, index: number): NamespaceRelations {
  const owner = words[at + word.owners + index] as number;
  const found: NamespaceRelations = owner === 0 ? {} : { owner };
  if (index === userIndex) {
    // The owner of a user namespace is its parent (ioctl_nsfs(2)).
    if (owner !== 0) found.parent = owner;
    found.ownerUid = words[at + word.ownerUid] as number;
  } else if (index === pidIndex) {
    const parent = words[at + word.parentOfPid] as number;
    if (parent !== 0) found.parent = parent;
  } else if (index === mountIndex) {
    const low = words[at + word.mountNamespaceId] as number;
    const high = words[at + word.mountNamespaceId + 1] as number;
    if (low !== 0 || high !== 0) found.mountNamespaceId = (BigInt(high) << 32n) | BigInt(low);
  }
  return found;
}
