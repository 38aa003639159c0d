import { type FileHandle, open } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Has the disk confirm what was written to a file, in a thread of its own: a slow disk stops nobody else. Calls that
 * come while one is under way share the next.
 */
export class DiskSync implements AsyncDisposable {
  readonly #path: string;
  #file: FileHandle | undefined;
  #current: Promise<void> = Promise.resolve();
  #next: Promise<void> | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  /** Resolves once the disk has everything that was written to the file before the call. */
  request(): Promise<void> {
    this.#next ??= this.#current.then(() => {
      const run = this.#run();
      this.#current = run.catch(() => undefined);
      this.#next = undefined;
      return run;
    });
    return this.#next;
  }

  async #run(): Promise<void> {
    if (this.#file === undefined) {
      this.#file = await open(this.#path, 'r');
      // A new file's name is in its directory, which is another file.
      const directory = await open(dirname(this.#path), 'r');
      try {
        await directory.sync();
      } finally {
        await directory.close();
      }
    }
    await this.#file.datasync();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#current;
    await this.#file?.close();
    this.#file = undefined;
  }
}
