import type { Timestamp } from '@bulkhead/model';

export const hourMsec = 3_600_000;

export const toMsec = (at: Timestamp): number => Date.parse(at);
export const toTimestamp = (msec: number): Timestamp => new Date(msec).toISOString();

/** A part of time that is one row's: an hour, or what cuts leave of it. */
export interface Cell {
  startMsec: number;
  endMsec: number;
}

/** Part of a step that lies in one cell. */
export interface Piece {
  cell: Cell;
  fromMsec: number;
  toMsec: number;
}

/** Divides wall-clock time at every hour (UTC) and at further cuts. */
export class Cells {
  /** In order, each once. */
  readonly #cuts: readonly number[];

  constructor(cuts: Iterable<number>) {
    this.#cuts = [...new Set(cuts)].sort((left, right) => left - right);
  }

  /** The last cut at or before a moment, or before it where `isStrict`. */
  #before(msec: number, isStrict: boolean): number {
    const hour = isStrict ? Math.ceil(msec / hourMsec) * hourMsec - hourMsec : Math.floor(msec / hourMsec) * hourMsec;
    const cut = this.#cuts.findLast((moment) => (isStrict ? moment < msec : moment <= msec));
    return cut === undefined || cut < hour ? hour : cut;
  }

  #after(msec: number, isStrict: boolean): number {
    const hour = isStrict ? Math.floor(msec / hourMsec) * hourMsec + hourMsec : Math.ceil(msec / hourMsec) * hourMsec;
    const cut = this.#cuts.find((moment) => (isStrict ? moment > msec : moment >= msec));
    return cut === undefined || cut > hour ? hour : cut;
  }

  /** Whether a cut lies in [from, to], bounds included. */
  hasCut(fromMsec: number, toMsec: number): boolean {
    return this.#after(fromMsec, false) <= toMsec;
  }

  /** The pieces of (from, to]. A step without length belongs to the cell that ends with it or goes on beyond it. */
  pieces(fromMsec: number, toMsec: number): Piece[] {
    if (toMsec <= fromMsec) {
      const cell = { startMsec: this.#before(toMsec, true), endMsec: this.#after(toMsec, false) };
      return [{ cell, fromMsec: toMsec, toMsec }];
    }
    const pieces: Piece[] = [];
    for (let from = fromMsec; from < toMsec; ) {
      const cell = { startMsec: this.#before(from, false), endMsec: this.#after(from, true) };
      const to = Math.min(cell.endMsec, toMsec);
      pieces.push({ cell, fromMsec: from, toMsec: to });
      from = to;
    }
    return pieces;
  }
}

/** Divides a whole quantity over pieces by their length: evenly in time, exactly in sum. */
export function spreadOver(quantity: bigint, pieces: readonly Pick<Piece, 'fromMsec' | 'toMsec'>[]): bigint[] {
  const [first, last] = [pieces[0], pieces.at(-1)];
  if (first === undefined || last === undefined) throw new RangeError('there is nothing to spread over');
  const length = BigInt(last.toMsec - first.fromMsec);
  if (length === 0n) return pieces.map((_, index) => (index === 0 ? quantity : 0n));
  let before = 0n;
  return pieces.map(({ toMsec: to }) => {
    const until = (quantity * BigInt(to - first.fromMsec)) / length;
    const share = until - before;
    before = until;
    return share;
  });
}
