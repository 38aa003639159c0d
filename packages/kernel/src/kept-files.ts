import koffi from 'koffi';
import { SyscallError } from './error.ts';
import { type Fd, numberOf } from './fd.ts';
import { declare } from './library.ts';

const cPread = declare<(fd: number, buffer: Buffer, count: number, offset: number) => number>('pread', 'long', [
  'int',
  'void *',
  'size_t',
  'long',
]);

const none = -1;

/**
 * Kept descriptors by place, owned. Thousands are read one after the other each second: their numbers lie side by side,
 * so that a read touches nothing else of ours.
 */
export class KeptFiles implements Disposable {
  #numbers = new Int32Array(64).fill(none);
  readonly #files: (Fd | undefined)[] = [];

  has(place: number): boolean {
    return (this.#numbers[place] ?? none) !== none;
  }

  /** What is kept at a place. */
  at(place: number): Fd | undefined {
    return this.#files[place];
  }

  /** Keeps a descriptor at a place that is free. */
  keep(place: number, fd: Fd): void {
    if (place >= this.#numbers.length) {
      const grown = new Int32Array(Math.max(place + 1, this.#numbers.length * 2)).fill(none);
      grown.set(this.#numbers);
      this.#numbers = grown;
    }
    this.#numbers[place] = numberOf(fd);
    this.#files[place] = fd;
  }

  /** Closes what is kept at a place. @returns false where nothing was */
  close(place: number): boolean {
    if (!this.has(place)) return false;
    this.#numbers[place] = none;
    this.#files[place]?.[Symbol.dispose]();
    this.#files[place] = undefined;
    return true;
  }

  /** pread(2) from the beginning of the file. Not recorded. @returns bytes read */
  pread(place: number, buffer: Buffer): number {
    const count = cPread(this.#numbers[place] as number, buffer, buffer.length, 0);
    if (count < 0) throw new SyscallError('pread', koffi.errno(), this.#files[place]?.label ?? 'nothing');
    return count;
  }

  [Symbol.dispose](): void {
    for (const [place] of this.#files.entries()) this.close(place);
  }
}
