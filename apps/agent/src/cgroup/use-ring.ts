import { useColumns } from '@bulkhead/cgroup';

const width = useColumns.length;
/** Rows of one chunk: what moves is kept for as long as a chunk at least. */
const chunkRows = 60;

interface Chunk {
  /** Tick of its first row; the others follow without a hole. */
  firstTick: number;
  count: number;
  /** The first row; columns that never move in the chunk stand here alone. */
  constant: Float32Array;
  /** Columns that move, row by row. */
  columns: Uint8Array | undefined;
  rows: Float32Array | undefined;
}

const noColumns = new Uint8Array(0);
const isSame = (left: number, right: number): boolean => left === right || (Number.isNaN(left) && Number.isNaN(right));

/**
 * What one cgroup used at each tick, the newest some minutes of it. A figure that stands still costs nothing, so that a
 * host with thousands of idle groups needs little memory; one that moves costs four bytes a tick.
 */
export class UseRing {
  readonly #closed: Chunk[] = [];
  #firstTick = 0;
  #count = 0;
  readonly #constant = new Float32Array(width);
  /** All columns of the open chunk, once one of them moves. */
  #open: Float32Array | undefined;

  /** Bytes of numbers held. */
  get bytes(): number {
    return this.#closed.reduce((sum, { rows }) => sum + width * 4 + (rows?.byteLength ?? 0), width * 4 + (this.#open?.byteLength ?? 0));
  }

  /** Tick of the oldest row; undefined where there is none. */
  get oldest(): number | undefined {
    return this.#closed[0]?.firstTick ?? (this.#count > 0 ? this.#firstTick : undefined);
  }

  /** Numbers in the order of `useColumns`; NaN: not measured. Ticks must rise. */
  push(tick: number, use: Float64Array): void {
    if (this.#count > 0 && (this.#count === chunkRows || tick !== this.#firstTick + this.#count)) this.#close();
    const constant = this.#constant;
    if (this.#count === 0) {
      this.#firstTick = tick;
      for (let column = 0; column < width; column += 1) constant[column] = use[column] as number;
    } else if (this.#open === undefined && this.#moves(use)) {
      this.#open = new Float32Array(chunkRows * width);
      for (let row = 0; row < this.#count; row += 1) this.#open.set(constant, row * width);
    }
    if (this.#open !== undefined) {
      const at = this.#count * width;
      for (let column = 0; column < width; column += 1) this.#open[at + column] = use[column] as number;
    }
    this.#count += 1;
  }

  #moves(use: Float64Array): boolean {
    for (let column = 0; column < width; column += 1)
      if (!isSame(this.#constant[column] as number, Math.fround(use[column] as number))) return true;
    return false;
  }

  #close(): void {
    const chunk = this.#packed();
    const last = this.#closed.at(-1);
    const goesOn =
      last?.columns === undefined &&
      chunk.columns === undefined &&
      last?.firstTick !== undefined &&
      last.firstTick + last.count === chunk.firstTick &&
      last.constant.every((value, column) => isSame(value, chunk.constant[column] as number));
    if (goesOn && last !== undefined) last.count += chunk.count;
    else this.#closed.push(chunk);
    this.#count = 0;
    this.#open = undefined;
  }

  /** The open chunk as it is kept: columns that did not move once. */
  #packed(): Chunk {
    const [open, count] = [this.#open, this.#count];
    const chunk: Chunk = { firstTick: this.#firstTick, count, constant: this.#constant.slice(), columns: undefined, rows: undefined };
    if (open === undefined) return chunk;
    const moving: number[] = [];
    for (let column = 0; column < width; column += 1)
      for (let row = 1; row < count; row += 1)
        if (!isSame(open[row * width + column] as number, open[column] as number)) {
          moving.push(column);
          break;
        }
    if (moving.length === 0) return chunk;
    const rows = new Float32Array(count * moving.length);
    for (let row = 0; row < count; row += 1)
      for (const [index, column] of moving.entries()) rows[row * moving.length + index] = open[row * width + column] as number;
    return { ...chunk, columns: Uint8Array.from(moving), rows };
  }

  /** Forgets what was before a tick: whole chunks, and of a long still one its beginning. */
  forgetBefore(tick: number): void {
    for (let first = this.#closed[0]; first !== undefined && first.firstTick < tick; first = this.#closed[0]) {
      if (first.firstTick + first.count > tick) {
        if (first.rows === undefined) {
          first.count -= tick - first.firstTick;
          first.firstTick = tick;
        }
        return;
      }
      this.#closed.shift();
    }
  }

  /** Rows from a tick on, oldest first. The row is used again for the next one. */
  *read(fromTick: number): Generator<{ tick: number; row: Float32Array }> {
    const row = new Float32Array(width);
    const chunks = this.#count > 0 ? [...this.#closed, this.#packed()] : this.#closed;
    for (const { firstTick, count, constant, columns = noColumns, rows } of chunks) {
      row.set(constant);
      for (let index = Math.max(0, fromTick - firstTick); index < count; index += 1) {
        for (const [place, column] of columns.entries()) row[column] = rows?.[index * columns.length + place] as number;
        yield { tick: firstTick + index, row };
      }
    }
  }
}
