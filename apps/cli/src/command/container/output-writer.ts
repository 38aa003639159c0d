import type { OutputItem } from '@bulkhead/api';

type Stream = 'stdout' | 'stderr';

/**
 * Writes output in order and, after a lost connection, skips what was written before: the agent tells a process's
 * output from its beginning, so that a count of bytes for each stream is enough.
 */
export class OutputWriter {
  readonly #write: (stream: Stream, bytes: Buffer) => void;
  readonly #written: Record<Stream, number> = { stdout: 0, stderr: 0 };
  #seen: Record<Stream, number> = { stdout: 0, stderr: 0 };

  constructor(write: (stream: Stream, bytes: Buffer) => void) {
    this.#write = write;
  }

  /** Call before each connection. */
  restart(): this {
    this.#seen = { stdout: 0, stderr: 0 };
    return this;
  }

  write(item: Exclude<OutputItem, { type: 'exit' }>): void {
    if (item.type === 'dropped') {
      this.#write('stderr', Buffer.from(`bulkhead: ${item.bytes} bytes of output were dropped here\n`));
      return;
    }
    const bytes = Buffer.from(item.data, 'base64');
    const known = this.#written[item.stream] - this.#seen[item.stream];
    this.#seen[item.stream] += bytes.length;
    if (known >= bytes.length) return;
    const fresh = known > 0 ? bytes.subarray(known) : bytes;
    this.#write(item.stream, fresh);
    this.#written[item.stream] += fresh.length;
  }
}
