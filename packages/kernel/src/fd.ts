import { closeSync } from 'node:fs';

/** What watches a descriptor on the event loop. */
export interface PollHandle {
  close(): void;
}

const numbers = new WeakMap<Fd, number>();
/** Every number owned now, so that a forked child can close what is not its own. */
const owned = new Set<number>();

/**
 * An open file descriptor, owned: closed once, by dispose. The number is known in this package only, so that nobody
 * can use it after it was closed and given to another file.
 */
export class Fd implements Disposable {
  /** What it is, for transcripts and errors. */
  readonly label: string;
  #poll: PollHandle | undefined;

  private constructor(label: string) {
    this.label = label;
  }

  /** Takes ownership of a descriptor number. Package-internal: see `adopt` in this file. */
  static [Symbol.for('bulkhead.kernel.adopt')](number: number, label: string): Fd {
    const fd = new Fd(label);
    numbers.set(fd, number);
    owned.add(number);
    return fd;
  }

  get closed(): boolean {
    return !numbers.has(this);
  }

  /** Remembers the poll handle that watches this descriptor, so that it is stopped before the close. */
  attachPoll(handle: PollHandle | undefined): void {
    this.#poll = handle;
  }

  get polled(): boolean {
    return this.#poll !== undefined;
  }

  [Symbol.dispose](): void {
    const number = numbers.get(this);
    if (number === undefined) return;
    numbers.delete(this);
    owned.delete(number);
    // koffi aborts the process when a polled descriptor is closed under it: stop watching first.
    this.#poll?.close();
    this.#poll = undefined;
    closeSync(number);
  }

  toString(): string {
    return this.label;
  }
}

type Adopter = Record<symbol, (number: number, label: string) => Fd>;

/** Takes ownership of a descriptor number. */
export function adopt(number: number, label: string): Fd {
  return ((Fd as unknown as Adopter)[Symbol.for('bulkhead.kernel.adopt')] as (number: number, label: string) => Fd)(number, label);
}

/** The number, for a syscall. Throws on a closed descriptor. */
export function numberOf(fd: Fd): number {
  const number = numbers.get(fd);
  if (number === undefined) throw new Error(`descriptor of ${fd.label} is closed`);
  return number;
}

/** Numbers owned now, but these. */
export function ownedExcept(kept: readonly Fd[]): number[] {
  const mine = new Set(kept.map(numberOf));
  return [...owned].filter((number) => !mine.has(number));
}
