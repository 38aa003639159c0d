import { AT_FDCWD, type Fd, hasErrno, O_NOFOLLOW, O_RDONLY, openat, pread } from '@bulkhead/kernel';
import type { Hierarchy } from '../hierarchy.ts';
import { type CounterKind, counterKinds, sourceOf } from './counter-kinds.ts';
import type { Hierarchies } from './hierarchies.ts';
import { useColumns } from './use-columns.ts';

/** A group that is measured. What it uses stands in the meter's columns at its slot. */
export interface MeteredGroup {
  /** Relative to the mount points; '' is the root. */
  readonly path: string;
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

interface Group extends MeteredGroup {
  present: readonly Hierarchy[];
  /** Of each kind: a kept descriptor, `none` where there is nothing to read, undefined before it was tried or where no descriptor was left. */
  readonly files: (Fd | 'none' | undefined)[];
  versions: (1 | 2)[];
  kept: number;
  /** Readings in a row in which nothing moved. */
  quiet: number;
  /** Something moved in the pass that runs. */
  moved: boolean;
  /** Is read in the pass that runs. */
  due: boolean;
  /** The pass in which somebody else's reading was taken. */
  fedAt: number;
  throttling: boolean;
  /** Files that could not be understood, by kind. */
  unread: Map<number, string>;
}

const rowLength = useColumns.length;
const column = Object.fromEntries(useColumns.map((name, index) => [name, index])) as Record<(typeof useColumns)[number], number>;
/** Raw numbers kept of each group, so that the next reading can be compared: CPU time, periods, throttled ones, bytes read, written. */
const rawLength = 5;
/** A reading is compared with the one before only where that is no older, in seconds. */
const comparableSeconds = 15;
/** A group in which nothing moved this many times is read every second time. */
const quietAfter = 3;
/** A quiet group may lose its descriptors to a busy one. */
const idleAfter = 20;
/** Files of a group, more or less. */
const usualFiles = 4;
/** Between two looks at the clock, and two chances for others to run. */
const sliceReads = 128;

// One for all: reading is synchronous, nothing of it survives the call.
const buffer = Buffer.allocUnsafeSlow(16_384);
const out = new Float64Array(3);

/**
 * Reads what every group uses, file type by file type, through kept descriptors and without allocating: a row of numbers
 * for each group, as rates and gauges (`useColumns`). A group in which nothing moves is read every other pass.
 */
export class TreeMeter implements Disposable {
  readonly #hierarchies: Pick<Hierarchies, 'with' | 'unified'>;
  readonly #descriptors: number;
  readonly #openings: number;
  readonly #groups = new Map<string, Group>();
  /** By slot; holes are free slots. */
  readonly #slots: (Group | undefined)[] = [];
  readonly #free: number[] = [];
  #use = new Float64Array(64 * rowLength).fill(Number.NaN);
  #raw = new Float64Array(64 * rawLength).fill(Number.NaN);
  /** Seconds at which each kind of each group was last read. */
  #readAt = new Float64Array(64 * counterKinds.length).fill(Number.NaN);
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

  /** Rows of `useColumns.length` numbers, one for each slot; NaN: not measured. */
  get use(): Float64Array {
    return this.#use;
  }

  get size(): number {
    return this.#groups.size;
  }

  /** Descriptors held now. */
  get kept(): number {
    return this.#kept;
  }

  /** Groups of which a file could not be read or understood, with what it was. */
  *unread(): Generator<{ path: string; reason: string }> {
    for (const { path, unread } of this.#groups.values()) for (const reason of unread.values()) yield { path, reason };
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
      this.reopen(known);
      return known;
    }
    const slot = this.#free.pop() ?? this.#slots.length;
    const group: Group = {
      path,
      slot,
      present,
      files: counterKinds.map(() => undefined),
      versions: counterKinds.map(() => 1),
      kept: 0,
      quiet: 0,
      moved: false,
      due: false,
      fedAt: -2,
      throttling: false,
      unread: new Map(),
    };
    this.#slots[slot] = group;
    this.#groups.set(path, group);
    this.#reserve(slot);
    this.#use.fill(Number.NaN, slot * rowLength, (slot + 1) * rowLength);
    this.#raw.fill(Number.NaN, slot * rawLength, (slot + 1) * rawLength);
    this.#readAt.fill(Number.NaN, slot * counterKinds.length, (slot + 1) * counterKinds.length);
    return group;
  }

  #reserve(slot: number): void {
    const capacity = this.#use.length / rowLength;
    if (slot < capacity) return;
    const grown = (before: Float64Array): Float64Array<ArrayBuffer> => {
      const after = new Float64Array(before.length * 2).fill(Number.NaN);
      after.set(before);
      return after;
    };
    this.#use = grown(this.#use);
    this.#raw = grown(this.#raw);
    this.#readAt = grown(this.#readAt);
  }

  remove(path: string): void {
    const group = this.#groups.get(path);
    if (group === undefined) return;
    this.#release(group);
    this.#groups.delete(path);
    this.#slots[group.slot] = undefined;
    this.#free.push(group.slot);
  }

  /** Files may be there that were not, or no longer: controllers were enabled or disabled. */
  reopen(metered: MeteredGroup): void {
    const group = this.#slots[metered.slot];
    if (group?.path === metered.path) this.#release(group);
  }

  /** Version 1 has a file of its own for throttling, worth reading only where there is a quota. */
  setQuota(metered: MeteredGroup, hasQuota: boolean): void {
    const group = this.#slots[metered.slot];
    if (group === undefined || group.throttling === hasQuota) return;
    group.throttling = hasQuota;
    if (!hasQuota) this.#use[group.slot * rowLength + column.throttled] = Number.NaN;
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
      this.#advance(group, kindIndex[kind], nowSeconds);
    }
  }

  /** Its counters came from elsewhere, this time or the time before: two clocks of a second do not always alternate. */
  #isFed(group: Group): boolean {
    return this.#passes - group.fedAt <= 1;
  }

  #release(group: Group): void {
    for (const [kind, file] of group.files.entries()) {
      if (file !== undefined && file !== 'none') file[Symbol.dispose]();
      group.files[kind] = undefined;
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

  #isWanted(group: Group, kind: CounterKind): boolean {
    return (kind.name !== 'throttling' || group.throttling) && (kind.name !== 'io' || this.#isIoCounted);
  }

  /** Opens a file of a group. @returns `none` where there is no such file */
  #open(group: Group, kind: number): Fd | 'none' {
    const source = sourceOf(counterKinds[kind] as CounterKind, this.#hierarchies, group.present);
    if (source === undefined) return 'none';
    group.versions[kind] = source.version;
    try {
      return openat(AT_FDCWD, `${source.hierarchy.absolute(group.path)}/${source.file}`, O_RDONLY | O_NOFOLLOW);
    } catch (failure) {
      // No such file at this group or on this kernel; pressure that is switched off answers EOPNOTSUPP.
      if (hasErrno(failure, 'ENOENT', 'ENODEV', 'EOPNOTSUPP')) return 'none';
      throw failure;
    }
  }

  #failed(group: Group, kind: number, failure: unknown, report: PassReport): void {
    this.#forget(group, kind);
    if (hasErrno(failure, 'ENOENT', 'ENODEV')) {
      // It was removed, and perhaps made anew, or a controller was disabled under us: the next pass opens what there is.
      this.#close(group, kind, undefined);
      if (!report.gone.includes(group) && !group.present.some((hierarchy) => hierarchy.exists(group.path))) report.gone.push(group);
    } else if (hasErrno(failure, 'EOPNOTSUPP')) this.#close(group, kind, 'none');
    else group.unread.set(kind, failure instanceof Error ? failure.message : String(failure));
  }

  #close(group: Group, kind: number, then: 'none' | undefined): void {
    const file = group.files[kind];
    if (file !== undefined && file !== 'none') {
      file[Symbol.dispose]();
      group.kept -= 1;
      this.#kept -= 1;
    }
    group.files[kind] = then;
  }

  /** What a kind tells is not known any more. */
  #forget(group: Group, kind: number): void {
    const row = group.slot * rowLength;
    for (const name of columnsOfKind[(counterKinds[kind] as CounterKind).name]) this.#use[row + column[name]] = Number.NaN;
    this.#readAt[group.slot * counterKinds.length + kind] = Number.NaN;
  }

  #read(group: Group, kind: number, nowSeconds: number, report: PassReport): void {
    let opened: Fd | undefined;
    try {
      let file = group.files[kind];
      if (file === undefined) {
        file = this.#open(group, kind);
        if (file === 'none' || this.#kept < this.#descriptors) {
          group.files[kind] = file;
          if (file !== 'none') {
            group.kept += 1;
            this.#kept += 1;
          }
        } else opened = file;
      }
      if (file === 'none') return;
      report.reads += 1;
      const count = pread(file, buffer, 0);
      const { scan } = counterKinds[kind] as CounterKind;
      if (count < buffer.length && scan(buffer, count, group.versions[kind] as 1 | 2, out)) {
        if (group.unread.size > 0) group.unread.delete(kind);
        this.#advance(group, kind, nowSeconds);
      } else {
        this.#forget(group, kind);
        group.unread.set(kind, `${file.label}: not understood: ${JSON.stringify(buffer.toString('latin1', 0, Math.min(count, 100)))}`);
      }
    } catch (failure) {
      this.#failed(group, kind, failure, report);
    } finally {
      opened?.[Symbol.dispose]();
    }
  }

  /** The difference to the raw number before, a second; NaN where there is none to compare with. */
  #rate(raw: number, value: number, seconds: number): number {
    const before = this.#raw[raw] as number;
    this.#raw[raw] = value;
    // A counter that went back began anew: nothing is known of this moment.
    return value >= before && seconds > 0 && seconds <= comparableSeconds ? (value - before) / seconds : Number.NaN;
  }

  /** What was read (`out`) becomes use. */
  #advance(group: Group, kind: number, nowSeconds: number): void {
    const row = group.slot * rowLength;
    const raw = group.slot * rawLength;
    const read = group.slot * counterKinds.length + kind;
    const seconds = nowSeconds - (this.#readAt[read] as number);
    this.#readAt[read] = nowSeconds;
    const use = this.#use;
    const [first, second] = [out[0] as number, out[1] as number];
    switch ((counterKinds[kind] as CounterKind).name) {
      case 'cpu': {
        if (this.#raw[raw] !== first) group.moved = true;
        use[row + column.cpuMillis] = this.#rate(raw, first, seconds) / 1000;
        if (!Number.isNaN(second)) this.#throttle(group, second, out[2] as number);
        break;
      }
      case 'throttling':
        this.#throttle(group, first, second);
        break;
      case 'memory':
        if (use[row + column.memoryBytes] !== first) group.moved = true;
        use[row + column.memoryBytes] = first;
        break;
      case 'pids':
        if (use[row + column.pids] !== first) group.moved = true;
        use[row + column.pids] = first;
        break;
      case 'io':
        if (this.#raw[raw + 3] !== first || this.#raw[raw + 4] !== second) group.moved = true;
        use[row + column.ioReadBytesPerSecond] = this.#rate(raw + 3, first, seconds);
        use[row + column.ioWriteBytesPerSecond] = this.#rate(raw + 4, second, seconds);
        break;
      case 'cpuPressure':
        use[row + column.cpuSome] = first;
        break;
      case 'memoryPressure':
        use[row + column.memorySome] = first;
        use[row + column.memoryFull] = second;
        break;
      case 'ioPressure':
        use[row + column.ioSome] = first;
        use[row + column.ioFull] = second;
        break;
    }
  }

  /** Share of the periods since the reading before. Without a single period in its life there is no quota, so no share. */
  #throttle({ slot }: Group, periods: number, throttled: number): void {
    const raw = slot * rawLength;
    const [periodsBefore, throttledBefore] = [this.#raw[raw + 1] as number, this.#raw[raw + 2] as number];
    this.#raw[raw + 1] = periods;
    this.#raw[raw + 2] = throttled;
    const [passed, stopped] = [periods - periodsBefore, throttled - throttledBefore];
    const isComparable = periods > 0 && passed >= 0 && stopped >= 0;
    this.#use[slot * rowLength + column.throttled] = !isComparable ? Number.NaN : passed === 0 ? 0 : Math.min(1, stopped / passed);
  }

  /** Which groups are read in this pass, and of those without descriptors how many. */
  #plan(): { warm: Group[]; cold: Group[] } {
    const warm: Group[] = [];
    const cold: Group[] = [];
    // A group that has none yet will have some by the end of the pass.
    let promised = 0;
    for (const group of this.#slots) {
      if (group === undefined) continue;
      group.moved = false;
      group.due = group.quiet < quietAfter || (this.#passes + group.slot) % 2 === 0;
      if (!group.due) continue;
      if (group.kept > 0) warm.push(group);
      else if (this.#kept + promised + usualFiles <= this.#descriptors || (group.quiet === 0 && this.#makeRoom())) {
        promised += usualFiles;
        warm.push(group);
      } else cold.push(group);
    }
    // Where there are too many to open each time, they take turns.
    const turns = Math.floor(this.#openings / counterKinds.length);
    if (cold.length <= turns) return { warm, cold };
    const from = this.#cold % cold.length;
    this.#cold = from + turns;
    const taken = [...cold.slice(from), ...cold.slice(0, from)].slice(0, turns);
    for (const group of cold) group.due = false;
    for (const group of taken) group.due = true;
    return { warm, cold: taken };
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
    let reads = 0;
    for (const [kind, row] of counterKinds.entries()) {
      const isPressure = row.legacy === undefined;
      for (const group of warm) {
        if (!this.#isWanted(group, row) || this.#slots[group.slot] !== group) continue;
        if (group.files[kind] === 'none') continue;
        // The kernel itself brings pressure up to date every two seconds (PSI_FREQ).
        if (isPressure ? (this.#passes + group.slot) % 2 === 1 : this.#isFed(group)) continue;
        this.#read(group, kind, nowSeconds, report);
        reads += 1;
        if (reads % sliceReads === 0) {
          yield;
          nowSeconds = clock();
        }
      }
    }
    for (const group of cold) {
      if (this.#slots[group.slot] !== group) continue;
      nowSeconds = clock();
      for (const [kind, row] of counterKinds.entries())
        if (this.#isWanted(group, row) && group.files[kind] !== 'none' && !this.#isFed(group)) this.#read(group, kind, nowSeconds, report);
      reads += counterKinds.length;
      if (reads % sliceReads < counterKinds.length) yield;
    }
    for (const list of [warm, cold]) for (const group of list) group.quiet = group.moved ? 0 : Math.min(group.quiet + 1, 1000);
    this.#passes += 1;
    return report;
  }

  [Symbol.dispose](): void {
    for (const group of this.#groups.values()) this.#release(group);
    this.#groups.clear();
    this.#slots.length = 0;
  }
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

const kindIndex = Object.fromEntries(counterKinds.map(({ name }, index) => [name, index])) as Record<CounterKind['name'], number>;
const columnsOfKind: Record<CounterKind['name'], readonly (typeof useColumns)[number][]> = {
  cpu: ['cpuMillis'],
  throttling: ['throttled'],
  memory: ['memoryBytes'],
  io: ['ioReadBytesPerSecond', 'ioWriteBytesPerSecond'],
  pids: ['pids'],
  cpuPressure: ['cpuSome'],
  memoryPressure: ['memorySome', 'memoryFull'],
  ioPressure: ['ioSome', 'ioFull'],
};
