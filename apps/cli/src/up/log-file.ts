import { closeSync, fstatSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';

const maximumBytes = 10 * 1024 * 1024;
const kept = 3;

/** Moves `x.log` to `x.log.1` and so on; the oldest is dropped. */
export function rotate(path: string): void {
  rmSync(`${path}.${kept}`, { force: true });
  for (let index = kept - 1; index >= 1; index -= 1) renameIfThere(`${path}.${index}`, `${path}.${index + 1}`);
  renameIfThere(path, `${path}.1`);
}

function renameIfThere(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (failure) {
    if ((failure as NodeJS.ErrnoException).code !== 'ENOENT') throw failure;
  }
}

/**
 * A service's log, bounded: a full file is rotated, three are kept. A full disk stops no service: what cannot be
 * written is dropped and counted, and the count is written when there is room again.
 */
export class LogFile {
  readonly #path: string;
  #descriptor: number | undefined;
  #size = 0;
  #droppedBytes = 0;

  constructor(path: string) {
    this.#path = path;
  }

  write(chunk: Buffer): void {
    try {
      if (this.#descriptor !== undefined && this.#size + chunk.length > maximumBytes) {
        this.close();
        rotate(this.#path);
      }
      if (this.#descriptor === undefined) {
        this.#descriptor = openSync(this.#path, 'a', 0o600);
        this.#size = fstatSync(this.#descriptor).size;
      }
      if (this.#droppedBytes > 0) {
        this.#size += writeSync(this.#descriptor, `bulkhead: ${this.#droppedBytes} bytes of log were dropped here\n`);
        this.#droppedBytes = 0;
      }
      this.#size += writeSync(this.#descriptor, chunk);
    } catch {
      this.#droppedBytes += chunk.length;
    }
  }

  close(): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
    this.#descriptor = undefined;
  }
}

/** Rotates a log that another process writes to by itself (the launcher's): it is asked before each start only. */
export function rotateWhenFull(path: string): void {
  try {
    const descriptor = openSync(path, 'r');
    const { size } = fstatSync(descriptor);
    closeSync(descriptor);
    if (size > maximumBytes) rotate(path);
  } catch (failure) {
    if ((failure as NodeJS.ErrnoException).code !== 'ENOENT') throw failure;
  }
}
