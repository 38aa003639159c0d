import { renameSync } from 'node:fs';
import { AT_FDCWD, type Fd, O_APPEND, O_CREAT, O_NOFOLLOW, O_WRONLY, openat, statFd, write } from '@bulkhead/kernel';

/** Tags of the CRI logging format: a full line, or a part of one. */
const full = Buffer.from(' F ');
const partial = Buffer.from(' P ');
const newline = Buffer.from('\n');

/**
 * Output of a process as a file in the format of Kubernetes' CRI (`<RFC 3339 time> <stream> <F|P> <bytes>`), bounded: at
 * its size it becomes `<name>.1`, and the one before is dropped. Bytes are kept as they came, also where they are no
 * text. Where the disk takes nothing, bytes are dropped and counted, and the process is not held up.
 */
export class LogFile implements Disposable {
  readonly #path: string;
  readonly #maxBytes: number;
  #fd: Fd | undefined;
  #size = 0;
  droppedBytes = 0;

  constructor(path: string, maxBytes: number) {
    this.#path = path;
    this.#maxBytes = maxBytes;
  }

  #open(): Fd {
    if (this.#fd !== undefined) return this.#fd;
    const fd = openat(AT_FDCWD, this.#path, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW, 0o600);
    this.#fd = fd;
    this.#size = statFd(fd).sizeBytes;
    return fd;
  }

  /** Writes what came from a stream at once. */
  append(stream: 'stdout' | 'stderr', data: Buffer, at: Date): void {
    const head = Buffer.from(`${at.toISOString()} ${stream}`);
    const parts: Buffer[] = [];
    for (let begin = 0; begin < data.length; ) {
      const end = data.indexOf(10, begin);
      if (end === -1) {
        parts.push(head, partial, data.subarray(begin), newline);
        break;
      }
      parts.push(head, full, data.subarray(begin, end), newline);
      begin = end + 1;
    }
    const text = Buffer.concat(parts);
    try {
      if (this.#size + text.length > this.#maxBytes) this.#rotate();
      const written = write(this.#open(), text) ?? 0;
      this.#size += written;
      if (written < text.length) this.droppedBytes += text.length - written;
    } catch {
      this.droppedBytes += data.length;
    }
  }

  #rotate(): void {
    this[Symbol.dispose]();
    try {
      renameSync(this.#path, `${this.#path}.1`);
    } catch (failure) {
      if ((failure as NodeJS.ErrnoException).code !== 'ENOENT') throw failure;
    }
    this.#size = 0;
  }

  [Symbol.dispose](): void {
    this.#fd?.[Symbol.dispose]();
    this.#fd = undefined;
  }
}
