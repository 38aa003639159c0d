import { useColumns } from '@bulkhead/cgroup';
import type { CgroupMinutes, HostId } from '@bulkhead/model';

const width = useColumns.length;
const [cpuColumn, memoryColumn] = [useColumns.indexOf('cpuMillis'), useColumns.indexOf('memoryBytes')];
/** Sums, counts of what was measured, and the most of CPU and of memory. */
const rowLength = 2 * width + 2;
/** Cgroups of one record, at most: a page of the journal is made of records. */
const recordCgroups = 500;

/** Digits that a figure keeps: a stored number has seven, and text is what the journal holds. */
const toStored = (value: number): number => Number(value.toPrecision(7));

/**
 * Means of each minute, of every cgroup, made as samples come. Minutes are those of the wall clock: a minute that was
 * begun before this process, or in which the clock was set, has fewer samples and is as true.
 */
export class MinuteMeans {
  #rows = new Float64Array(64 * rowLength);
  #minute: number | undefined;

  /** @returns the minute that is over, by its number, where this moment belongs to another */
  turn(wallMsec: number): number | undefined {
    const minute = Math.floor(wallMsec / 60_000);
    const before = this.#minute;
    this.#minute = minute;
    return before === undefined || before === minute ? undefined : before;
  }

  /** @param use numbers in the order of `useColumns` */
  add(slot: number, use: Float64Array): void {
    const at = slot * rowLength;
    if (at + rowLength > this.#rows.length) {
      const grown = new Float64Array(Math.max(this.#rows.length * 2, at + rowLength));
      grown.set(this.#rows);
      this.#rows = grown;
    }
    const rows = this.#rows;
    for (let column = 0; column < width; column += 1) {
      const value = use[column] as number;
      if (Number.isNaN(value)) continue;
      rows[at + column] = (rows[at + column] as number) + value;
      rows[at + width + column] = (rows[at + width + column] as number) + 1;
    }
    for (const [index, column] of [cpuColumn, memoryColumn].entries()) {
      const value = use[column] as number;
      if (value > (rows[at + 2 * width + index] as number)) rows[at + 2 * width + index] = value;
    }
  }

  /** A slot goes to another cgroup: what is summed up is of the one before. */
  forget(slot: number): void {
    this.#rows.fill(0, slot * rowLength, (slot + 1) * rowLength);
  }

  #mean(slot: number, column: number): number | null {
    const at = slot * rowLength + column;
    const count = this.#rows[at + width] as number;
    return count === 0 ? null : toStored((this.#rows[at] as number) / count);
  }

  #most(slot: number, index: 0 | 1): number | null {
    const column = index === 0 ? cpuColumn : memoryColumn;
    if (this.#rows[slot * rowLength + width + column] === 0) return null;
    return toStored(this.#rows[slot * rowLength + 2 * width + index] as number);
  }

  #isMeasured(slot: number): boolean {
    for (let column = 0; column < width; column += 1) if (this.#rows[slot * rowLength + width + column] !== 0) return true;
    return false;
  }

  /** Records of a minute that is over; begins anew. Cgroups of which nothing was measured are left out. */
  take(hostId: HostId, minute: number, cgroups: Iterable<{ path: string; slot: number }>): CgroupMinutes[] {
    const at = new Date(minute * 60_000).toISOString();
    const measured = [...cgroups].filter(({ slot }) => (slot + 1) * rowLength <= this.#rows.length && this.#isMeasured(slot));
    const records: CgroupMinutes[] = [];
    for (let from = 0; from < measured.length; from += recordCgroups) {
      const part = measured.slice(from, from + recordCgroups);
      const columnOf = (read: (slot: number) => number | null): (number | null)[] | undefined => {
        const values = part.map(({ slot }) => read(slot));
        return values.every((value) => value === null) ? undefined : values;
      };
      const columns = Object.fromEntries(
        [
          ...useColumns.map((name, column) => [name, columnOf((slot) => this.#mean(slot, column))] as const),
          ['cpuMillisMost', columnOf((slot) => this.#most(slot, 0))] as const,
          ['memoryBytesMost', columnOf((slot) => this.#most(slot, 1))] as const,
        ].filter(([, values]) => values !== undefined),
      );
      records.push({ kind: 'cgroup-minutes', hostId, at, part: records.length, paths: part.map(({ path }) => `/${path}`), ...columns });
    }
    this.#rows.fill(0);
    return records;
  }
}
