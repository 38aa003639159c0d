import { closeSync } from 'node:fs';

/** What watches a descriptor on the event loop. */
export interface PollHandle {
  close(): void;
}

/** Reads the number out of a descriptor: a private field, for a WeakMap of thousands costs each new one dearly. */
let readNumber: (fd: Fd) => number | undefined;
/**
 * An open file descriptor, owned: closed once, by dispose. The number is known in this package only, so that nobody
 * can use it after it was closed and given to another file.
 */
export class Fd implements Disposable {
  /** What it is, for transcripts and errors. */
  readonly label: string;
  /** Set once it was seen to be no file or directory, which cannot be watched. */
  pollable = false;
  #number: number | undefined;
  #poll: PollHandle | undefined;

  static {
    readNumber = (fd) => fd.#number;
  }

  private constructor(number: number, label: string) {
    this.#number = number;
    this.label = label;
  }

  /** Takes ownership of a descriptor number. Package-internal: see `adopt` in this file. */
  static [Symbol.for('bulkhead.kernel.adopt')](number: number, label: string): Fd {
    return new Fd(number, label);
  }

  get closed(): boolean {
    return this.#number === undefined;
  }

  /** Remembers the poll handle that watches this descriptor, so that it is stopped before the close. */
  attachPoll(handle: PollHandle | undefined): void {
    this.#poll = handle;
  }

  get polled(): boolean {
    return this.#poll !== undefined;
  }

  [Symbol.dispose](): void {
    const number = this.#number;
    if (number === undefined) return;
    this.#number = undefined;
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
  const number = readNumber(fd);
  if (number === undefined) throw new Error(`descriptor of ${fd.label} is closed`);
  return number;
}

/** Whether /proc or the kernel, naming descriptors by their numbers, means this one. */
export const hasNumber = (fd: Fd, number: number): boolean => numberOf(fd) === number;
