import { type Fd, hasErrno, KeptFiles, pread } from '@bulkhead/kernel';
import type { Hierarchy } from '../hierarchy.ts';
import { type CounterKind, counterKinds, sourceOf } from './counter-kinds.ts';
import type { Hierarchies } from './hierarchies.ts';
import { openFile } from './open-file.ts';
import { UseTable } from './use-table.ts';

/** A group that is measured. */
export interface MeteredGroup {
  /** Relative to the mount points; '' is the root. */
  readonly path: string;
  /** Its place; another group's after this one was removed. */
  readonly slot: number;
}

export interface TreeMeterOptions {
  hierarchies: Pick<Hierarchies, 'with' | 'unified'>;
  /**
   * Descriptors kept, at most. Each costs the kernel some 4.5 KB (a page of seq_file's besides the file itself), so that
   * not every group of a very large host can have its own: those without are opened for each reading.
   */
  descriptors: number;
  /** Files that are opened for one reading alone, at most, a pass; groups beyond wait for the next one. */
  openings?: number;
}

/** What a pass did, for those who look after it. */
export interface PassReport {
  /** Files read. */
  reads: number;
  /** Groups that turned out to be gone. */
  gone: MeteredGroup[];
}

/** Counters and gauges as decimal text, as the sampler of our own containers reads them. */
export interface FedReading {
  cpuUsageUsec?: string | undefined;
  cpuPeriods?: string | undefined;
  cpuThrottledPeriods?: string | undefined;
  memoryCurrentBytes?: string | undefined;
  pidsCurrent?: string | undefined;
  ioReadBytes?: string | undefined;
  ioWriteBytes?: string | undefined;
}

interface Group extends MeteredGroup {
  present: readonly Hierarchy[];
  /** Descriptors kept of it. */
  kept: number;
  /** Readings in a row in which nothing moved. */
  quiet: number;
  /** The pass in which somebody else's reading was taken. */
  fedAt: number;
  throttling: boolean;
  /** Files that could not be understood, by kind. */
  unread: Map<number, string>;
}

/** All there is of one kind of file. */
interface Kind {
  readonly row: CounterKind;
  readonly index: number;
  readonly isPressure: boolean;
  /** By slot. */
  readonly files: KeptFiles;
  /** By slot: whether there is a file to read, and of which version of cgroups. */
  states: Uint8Array;
}

/** Not tried yet, or no longer known: there may be a file. */
const untried = 0;
/** There is no such file at this group. */
const absent = 3;

/** A group in which nothing moved this many times is read every second time. */
const quietAfter = 3;
/** A quiet group may lose its descriptors to a busy one. */
const idleAfter = 20;
/** Of a quiet group without descriptors everything is read once in so many passes. */
const wholeEvery = 10;
/** Files of a group, more or less. */
const usualFiles = 4;
/** Between two looks at the clock, and two chances for others to run. */
const sliceReads = 128;

// One for all: reading is synchronous, nothing of it survives the call.
const buffer = Buffer.allocUnsafeSlow(16_384);
const out = new Float64Array(3);

/**
 * Reads what every group uses, file type by file type, through kept descriptors and without allocating: rates and gauges
 * as numbers. A group in which nothing moves is read every other pass.
 */
export class TreeMeter implements Disposable {
  readonly #hierarchies: Pick<Hierarchies, 'with' | 'unified'>;
  readonly #descriptors: number;
  readonly #openings: number;
  readonly #groups = new Map<string, Group>();
  /** By slot; holes are free slots. */
  readonly #slots: (Group | undefined)[] = [];
  readonly #free: number[] = [];
  readonly #kinds: readonly Kind[] = counterKinds.map((row, index) => ({
    row,
    index,
    isPressure: row.legacy === undefined,
    files: new KeptFiles(),
    states: new Uint8Array(64),
  }));
  readonly #cpu = this.#kinds.find(({ row }) => row.name === 'cpu') as Kind;
  readonly #table = new UseTable();
  /** By slot: something moved in the pass that runs. */
  #moved = new Uint8Array(64);
  #unread = 0;
  #kept = 0;
  #passes = 0;
  #hand = 0;
  #cold = 0;
  #isIoCounted = true;

  constructor({ hierarchies, descriptors, openings = 4000 }: TreeMeterOptions) {
    this.#hierarchies = hierarchies;
    this.#descriptors = descriptors;
    this.#openings = openings;
  }

  get size(): number {
    return this.#groups.size;
  }

  /** Descriptors held now. */
  get kept(): number {
    return this.#kept;
  }

  /** Use of one group as numbers, in the order of `useColumns`; NaN: not measured. */
  row({ slot }: MeteredGroup, into: Float64Array): Float64Array {
    return this.#table.row(slot, into);
  }

  /** Groups of which a file could not be read or understood, with what it was. */
  *unread(): Generator<{ path: string; reason: string }> {
    if (this.#unread === 0) return;
    for (const { path, unread } of this.#groups.values()) for (const reason of unread.values()) yield { path, reason };
  }

  /** Absolute paths of the files that are kept open. */
  *files(): Generator<string> {
    for (const { files } of this.#kinds)
      for (const group of this.#groups.values()) {
        const file = files.at(group.slot);
        if (file !== undefined) yield file.label;
      }
  }

  /** Whether the kernel counts I/O of groups at all; where it does not, an empty file says nothing. */
  set ioCounted(isCounted: boolean) {
    this.#isIoCounted = isCounted;
  }

  /** Begins to measure a group, or, called again, notes in which hierarchies it is now. */
  add(path: string, present: readonly Hierarchy[]): MeteredGroup {
    const known = this.#groups.get(path);
    if (known !== undefined) {
      known.present = present;
      this.#release(known);
      return known;
    }
    const slot = this.#free.pop() ?? this.#slots.length;
    const group: Group = { path, slot, present, kept: 0, quiet: 0, fedAt: -2, throttling: false, unread: new Map() };
    this.#slots[slot] = group;
    this.#groups.set(path, group);
    this.#reserve(slot);
    this.#table.clear(slot);
    for (const kind of this.#kinds) kind.states[slot] = untried;
    return group;
  }

  #reserve(slot: number): void {
    this.#table.reserve(slot);
    if (slot < this.#moved.length) return;
    const grown = (before: Uint8Array): Uint8Array<ArrayBuffer> => {
      const after = new Uint8Array(before.length * 2);
      after.set(before);
      return after;
    };
    this.#moved = grown(this.#moved);
    for (const kind of this.#kinds) kind.states = grown(kind.states);
  }

  remove(path: string): void {
    const group = this.#groups.get(path);
    if (group === undefined) return;
    this.#release(group);
    this.#unread -= group.unread.size;
    this.#groups.delete(path);
    this.#slots[group.slot] = undefined;
    this.#free.push(group.slot);
  }

  #find({ path, slot }: MeteredGroup): Group | undefined {
    const group = this.#slots[slot];
    return group?.path === path ? group : undefined;
  }

  /** Files may be there that were not, or no longer: controllers were enabled or disabled. */
  reopen(metered: MeteredGroup): void {
    const group = this.#find(metered);
    if (group !== undefined) this.#release(group);
  }

  /** Something is known to have moved in a group that stood still: it is read in the next pass. */
  wake(metered: MeteredGroup): void {
    const group = this.#find(metered);
    if (group !== undefined) group.quiet = 0;
  }

  /** Version 1 has a file of its own for throttling, worth reading only where there is a quota. */
  setQuota(metered: MeteredGroup, hasQuota: boolean): void {
    const group = this.#find(metered);
    if (group === undefined || group.throttling === hasQuota) return;
    group.throttling = hasQuota;
    if (!hasQuota) this.#table.forget('throttling', group.slot);
  }

  /**
   * Takes a reading that was made for another purpose, so that the kernel is not asked twice for the same. What it does
   * not tell (pressure) is read as ever.
   */
  feed(path: string, reading: FedReading, nowSeconds: number): void {
    const group = this.#groups.get(path);
    if (group === undefined) return;
    if (!this.#isFed(group)) this.#release(group);
    group.fedAt = this.#passes;
    for (const [kind, numbers] of [
      ['cpu', [reading.cpuUsageUsec, reading.cpuPeriods, reading.cpuThrottledPeriods]],
      ['memory', [reading.memoryCurrentBytes]],
      ['pids', [reading.pidsCurrent]],
      ['io', [reading.ioReadBytes, reading.ioWriteBytes]],
    ] as const) {
      for (const [index, text] of numbers.entries()) out[index] = text === undefined ? Number.NaN : Number(text);
      this.#table.take(kind, group.slot, out, nowSeconds);
    }
  }

  /** Its counters came from elsewhere, this time or the time before: two clocks of a second do not always alternate. */
  #isFed(group: Group): boolean {
    return this.#passes - group.fedAt <= 1;
  }

  #release(group: Group): void {
    for (const { files, states } of this.#kinds) {
      files.close(group.slot);
      states[group.slot] = untried;
    }
    this.#kept -= group.kept;
    group.kept = 0;
  }

  /** Makes room for a busy group by taking the descriptors of one that stands still. */
  #makeRoom(): boolean {
    for (let looked = 0; looked < 64 && looked < this.#slots.length; looked += 1) {
      this.#hand = (this.#hand + 1) % this.#slots.length;
      const group = this.#slots[this.#hand];
      if (group === undefined || group.kept === 0 || group.quiet < idleAfter) continue;
      this.#release(group);
      return true;
    }
    return false;
  }

  #isWanted(group: Group, { row }: Kind): boolean {
    return (row.name !== 'throttling' || group.throttling) && (row.name !== 'io' || this.#isIoCounted);
  }

  /** Opens a file of a group. @returns undefined where there is no such file */
  #open(group: Group, { row, states }: Kind): Fd | undefined {
    const source = sourceOf(row, this.#hierarchies, group.present);
    states[group.slot] = absent;
    if (source === undefined) return undefined;
    const file = openFile(source.hierarchy, group.path, source.file);
    if (file !== undefined) states[group.slot] = source.version;
    return file;
  }

  /** Closes a file of a group. @param then whether there may be another one */
  #close(group: Group, kind: Kind, then: typeof untried | typeof absent): void {
    if (kind.files.close(group.slot)) {
      group.kept -= 1;
      this.#kept -= 1;
    }
    kind.states[group.slot] = then;
  }

  #failed(group: Group, kind: Kind, failure: unknown, report: PassReport): void {
    this.#table.forget(kind.row.name, group.slot);
    if (hasErrno(failure, 'ENOENT', 'ENODEV')) {
      // It was removed, and perhaps made anew, or a controller was disabled under us: the next pass opens what there is.
      this.#close(group, kind, untried);
      if (!report.gone.includes(group) && !group.present.some((hierarchy) => hierarchy.exists(group.path))) report.gone.push(group);
    } else if (hasErrno(failure, 'EOPNOTSUPP')) this.#close(group, kind, absent);
    else this.#note(group, kind, failure instanceof Error ? failure.message : String(failure));
  }

  #note(group: Group, { index }: Kind, reason: string): void {
    if (!group.unread.has(index)) this.#unread += 1;
    group.unread.set(index, reason);
  }

  /** What stands in the buffer becomes use. */
  #take(group: Group, kind: Kind, count: number, nowSeconds: number): void {
    const { slot } = group;
    const version = kind.states[slot] as 1 | 2;
    if (count < buffer.length && kind.row.scan(buffer, count, version, out)) {
      if (this.#table.take(kind.row.name, slot, out, nowSeconds)) this.#moved[slot] = 1;
      if (this.#unread > 0 && group.unread.delete(kind.index)) this.#unread -= 1;
      return;
    }
    this.#table.forget(kind.row.name, slot);
    const beginning = JSON.stringify(buffer.toString('latin1', 0, Math.min(count, 100)));
    this.#note(group, kind, `${kind.files.at(slot)?.label ?? kind.row.name}: not understood: ${beginning}`);
  }

  #read(group: Group, kind: Kind, nowSeconds: number, report: PassReport): void {
    const { slot } = group;
    try {
      if (kind.files.has(slot)) {
        report.reads += 1;
        this.#take(group, kind, kind.files.pread(slot, buffer), nowSeconds);
        return;
      }
      const file = this.#open(group, kind);
      if (file === undefined) return;
      report.reads += 1;
      if (this.#kept >= this.#descriptors) {
        using once = file;
        this.#take(group, kind, pread(once, buffer, 0), nowSeconds);
        return;
      }
      kind.files.keep(slot, file);
      group.kept += 1;
      this.#kept += 1;
      this.#take(group, kind, kind.files.pread(slot, buffer), nowSeconds);
    } catch (failure) {
      this.#failed(group, kind, failure, report);
    }
  }

  /** Which groups are read in this pass, and of those without descriptors how many. */
  #plan(): { warm: Group[]; cold: Group[] } {
    const warm: Group[] = [];
    const cold: Group[] = [];
    // A group that has none yet will have some by the end of the pass.
    let promised = 0;
    this.#moved.fill(0);
    for (const group of this.#slots) {
      if (group === undefined || (group.quiet >= quietAfter && (this.#passes + group.slot) % 2 === 1)) continue;
      if (group.kept > 0) warm.push(group);
      else if (this.#kept + promised + usualFiles <= this.#descriptors || (group.quiet === 0 && this.#makeRoom())) {
        promised += usualFiles;
        warm.push(group);
      } else cold.push(group);
    }
    return { warm, cold: this.#takeTurns(cold) };
  }

  /** Where there are too many to open each time, they take turns. */
  #takeTurns(cold: readonly Group[]): Group[] {
    const taken: Group[] = [];
    let left = this.#openings;
    for (const _ of cold) {
      const group = cold[this.#cold % cold.length] as Group;
      left -= this.#isGlanced(group) ? 1 : usualFiles;
      if (left < 0) break;
      this.#cold += 1;
      taken.push(group);
    }
    return taken;
  }

  /** Of a quiet group without descriptors only the CPU time is read: while none of its processes ran, hardly anything else moved. */
  #isGlanced(group: Group): boolean {
    return group.quiet >= quietAfter && (this.#passes + group.slot) % wholeEvery !== 0;
  }

  /** Whether a kind of file of a group is to be read in the pass that runs. */
  #isDue(group: Group, kind: Kind): boolean {
    if (this.#slots[group.slot] !== group || kind.states[group.slot] === absent || !this.#isWanted(group, kind)) return false;
    // The kernel itself brings pressure up to date every two seconds (PSI_FREQ).
    return kind.isPressure ? (this.#passes + group.slot) % 2 === 0 : !this.#isFed(group);
  }

  /**
   * One pass over all groups that are due. It can be left between two steps, so that a large tree does not keep others
   * waiting: whoever runs it decides how long to go on.
   *
   * @param clock seconds that never go back
   */
  *pass(clock: () => number): Generator<void, PassReport> {
    const report: PassReport = { reads: 0, gone: [] };
    const { warm, cold } = this.#plan();
    let nowSeconds = clock();
    let untilSlice = sliceReads;
    for (const kind of this.#kinds)
      for (const group of warm) {
        if (!this.#isDue(group, kind)) continue;
        this.#read(group, kind, nowSeconds, report);
        untilSlice -= 1;
        if (untilSlice > 0) continue;
        untilSlice = sliceReads;
        yield;
        nowSeconds = clock();
      }
    for (const group of cold) {
      nowSeconds = clock();
      const isGlanced = this.#isGlanced(group);
      if (isGlanced && this.#isDue(group, this.#cpu)) this.#read(group, this.#cpu, nowSeconds, report);
      untilSlice -= 1;
      if (!isGlanced || this.#moved[group.slot] === 1) {
        for (const kind of this.#kinds)
          if ((!isGlanced || kind !== this.#cpu) && this.#isDue(group, kind)) this.#read(group, kind, nowSeconds, report);
        untilSlice -= usualFiles;
      }
      if (untilSlice > 0) continue;
      untilSlice = sliceReads;
      yield;
    }
    for (const groups of [warm, cold])
      for (const group of groups) group.quiet = this.#moved[group.slot] === 1 ? 0 : Math.min(group.quiet + 1, 1000);
    this.#passes += 1;
    return report;
  }

  [Symbol.dispose](): void {
    for (const { files } of this.#kinds) files[Symbol.dispose]();
    this.#groups.clear();
    this.#slots.length = 0;
    this.#kept = 0;
  }
}
