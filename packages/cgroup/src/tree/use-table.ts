import { counterKinds } from './counter-kinds.ts';
import { type UseColumn, useColumns } from './use-columns.ts';

/** Raw numbers that the next reading is compared with. */
const rawColumns = ['cpuUsec', 'periods', 'throttledPeriods', 'ioRead', 'ioWritten'] as const;
type RawColumn = (typeof rawColumns)[number];
/** A reading is compared with the one before only where that is no older, in seconds. */
const comparableSeconds = 15;

type Columns<Name extends string> = Record<Name, Float64Array>;
const columnsOf = <Name extends string>(names: readonly Name[], length: number): Columns<Name> =>
  Object.fromEntries(names.map((name) => [name, new Float64Array(length).fill(Number.NaN)])) as Columns<Name>;

type KindName = (typeof counterKinds)[number]['name'];
const told: Record<KindName, readonly UseColumn[]> = {
  cpu: ['cpuMillis'],
  throttling: ['throttled'],
  memory: ['memoryBytes'],
  io: ['ioReadBytesPerSecond', 'ioWriteBytesPerSecond'],
  pids: ['pids'],
  cpuPressure: ['cpuSome'],
  memoryPressure: ['memorySome', 'memoryFull'],
  ioPressure: ['ioSome', 'ioFull'],
};
const kindNames = counterKinds.map(({ name }) => name);

/**
 * What every group uses, by slot, made of what is read: rates out of counters, gauges as they are. Column by column, for
 * that is how it is filled: one kind of file of all groups, then the next.
 */
export class UseTable {
  #use = columnsOf(useColumns, 64);
  #raw = columnsOf(rawColumns, 64);
  /** Seconds at which each kind of each group was last read. */
  #readAt = columnsOf(kindNames, 64);
  #capacity = 64;

  reserve(slot: number): void {
    if (slot < this.#capacity) return;
    const grown = <Name extends string>(before: Columns<Name>): Columns<Name> =>
      Object.fromEntries(
        Object.entries<Float64Array>(before).map(([name, values]) => {
          const after = new Float64Array(values.length * 2).fill(Number.NaN);
          after.set(values);
          return [name, after];
        }),
      ) as Columns<Name>;
    this.#use = grown(this.#use);
    this.#raw = grown(this.#raw);
    this.#readAt = grown(this.#readAt);
    this.#capacity *= 2;
  }

  /** A slot begins anew: nothing is known of it. */
  clear(slot: number): void {
    for (const columns of [this.#use, this.#raw, this.#readAt])
      for (const values of Object.values<Float64Array>(columns)) values[slot] = Number.NaN;
  }

  /** What a kind of file told of a group is not known any more. */
  forget(kind: KindName, slot: number): void {
    for (const name of told[kind]) this.#use[name][slot] = Number.NaN;
    this.#readAt[kind][slot] = Number.NaN;
  }

  /** Use of one group, in the order of `useColumns`; NaN: not measured. */
  row(slot: number, into: Float64Array): Float64Array {
    for (let column = 0; column < useColumns.length; column += 1) into[column] = this.#use[useColumns[column] as UseColumn][slot] as number;
    return into;
  }

  /**
   * Takes what a file told (`out`, by the kind's own order) at that time.
   *
   * @returns whether anything moved since it was last read; pressure does by itself, and does not count
   */
  take(kind: KindName, slot: number, out: Float64Array, nowSeconds: number): boolean {
    const [first, second, third] = [out[0] as number, out[1] as number, out[2] as number];
    const readAt = this.#readAt[kind];
    const seconds = nowSeconds - (readAt[slot] as number);
    readAt[slot] = nowSeconds;
    const use = this.#use;
    switch (kind) {
      case 'cpu': {
        const moved = this.#raw.cpuUsec[slot] !== first;
        use.cpuMillis[slot] = this.#rate('cpuUsec', slot, first, seconds) / 1000;
        // Version 2 tells of throttling in the same file.
        if (!Number.isNaN(second)) this.#throttle(slot, second, third);
        return moved;
      }
      case 'throttling':
        this.#throttle(slot, first, second);
        return false;
      case 'memory':
      case 'pids': {
        const values = kind === 'memory' ? use.memoryBytes : use.pids;
        const moved = values[slot] !== first;
        values[slot] = first;
        return moved;
      }
      case 'io': {
        const moved = this.#raw.ioRead[slot] !== first || this.#raw.ioWritten[slot] !== second;
        use.ioReadBytesPerSecond[slot] = this.#rate('ioRead', slot, first, seconds);
        use.ioWriteBytesPerSecond[slot] = this.#rate('ioWritten', slot, second, seconds);
        return moved;
      }
      case 'cpuPressure':
        use.cpuSome[slot] = first;
        return false;
      case 'memoryPressure':
        use.memorySome[slot] = first;
        use.memoryFull[slot] = second;
        return false;
      case 'ioPressure':
        use.ioSome[slot] = first;
        use.ioFull[slot] = second;
        return false;
    }
  }

  /** The difference to the raw number before, a second; NaN where there is none to compare with. */
  #rate(name: RawColumn, slot: number, value: number, seconds: number): number {
    const values = this.#raw[name];
    const before = values[slot] as number;
    values[slot] = value;
    // A counter that went back began anew: nothing is known of this moment.
    return value >= before && seconds > 0 && seconds <= comparableSeconds ? (value - before) / seconds : Number.NaN;
  }

  /** Share of the periods since the reading before. Without a single period in its life there is no quota, so no share. */
  #throttle(slot: number, periods: number, throttled: number): void {
    const { periods: before, throttledPeriods: throttledBefore } = this.#raw;
    const [passed, stopped] = [periods - (before[slot] as number), throttled - (throttledBefore[slot] as number)];
    before[slot] = periods;
    throttledBefore[slot] = throttled;
    const isComparable = periods > 0 && passed >= 0 && stopped >= 0;
    this.#use.throttled[slot] = !isComparable ? Number.NaN : passed === 0 ? 0 : Math.min(1, stopped / passed);
  }
}
