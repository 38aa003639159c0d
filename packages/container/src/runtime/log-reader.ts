import { watch } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { hasErrno } from '@bulkhead/kernel';
import type { ProcessOutput } from '../types.ts';

/** Size at which a log is rotated; one rotated part is kept. */
export const logMaxBytes = 16 * 1024 * 1024;
/** How long a follower trusts the notification of the kernel before it looks by itself. */
const lookAgainMsec = 500;
const chunkBytes = 65_536;

/** One line of the CRI logging format, as bytes. @returns undefined where it has another form */
export function parseLogLine(line: Buffer): ProcessOutput | undefined {
  const afterTime = line.indexOf(32);
  const afterStream = line.indexOf(32, afterTime + 1);
  const afterTag = line.indexOf(32, afterStream + 1);
  if (afterTime <= 0 || afterStream === -1 || afterTag === -1) return undefined;
  const stream = line.toString('latin1', afterTime + 1, afterStream);
  const tag = line.toString('latin1', afterStream + 1, afterTag);
  if ((stream !== 'stdout' && stream !== 'stderr') || (tag !== 'F' && tag !== 'P')) return undefined;
  const text = line.subarray(afterTag + 1);
  return {
    stream,
    at: line.toString('latin1', 0, afterTime),
    data: tag === 'F' ? Buffer.concat([text, Buffer.from('\n')]) : Buffer.from(text),
  };
}

/** One file of a log, held open: what it holds can be read also once it is renamed or removed. */
class LogPart implements AsyncDisposable {
  readonly #handle: FileHandle;
  #offset = 0;
  #rest: Buffer = Buffer.alloc(0);

  private constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  /** @returns undefined where there is no such file */
  static async open(path: string): Promise<LogPart | undefined> {
    try {
      return new LogPart(await open(path, 'r'));
    } catch (failure) {
      if (hasErrno(failure, 'ENOENT')) return undefined;
      throw failure;
    }
  }

  /** Goes on to the present end. A last line without its end is kept for the next time. */
  async *read(): AsyncGenerator<ProcessOutput> {
    for (;;) {
      const { bytesRead, buffer } = await this.#handle.read(Buffer.alloc(chunkBytes), 0, chunkBytes, this.#offset);
      if (bytesRead === 0) return;
      this.#offset += bytesRead;
      const chunk = buffer.subarray(0, bytesRead);
      let text = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
      for (let end = text.indexOf(10); end !== -1; end = text.indexOf(10)) {
        const parsed = parseLogLine(text.subarray(0, end));
        if (parsed !== undefined) yield parsed;
        text = text.subarray(end + 1);
      }
      this.#rest = text;
    }
  }

  /** True while the path still leads to this file. */
  async isAt(path: string): Promise<boolean> {
    try {
      return (await stat(path)).ino === (await this.#handle.stat()).ino;
    } catch (failure) {
      if (hasErrno(failure, 'ENOENT')) return false;
      throw failure;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#handle.close();
  }
}

/** The last lines of what comes, where a partial record belongs to the line that ends after it. */
async function lastLines(items: AsyncIterable<ProcessOutput>, lines: number): Promise<ProcessOutput[]> {
  const kept: ProcessOutput[] = [];
  let ends = 0;
  for await (const item of items) {
    kept.push(item);
    if (item.data.at(-1) === 10) ends += 1;
    while (ends > lines && kept.length > 0) {
      const first = kept.shift() as ProcessOutput;
      if (first.data.at(-1) === 10) ends -= 1;
    }
  }
  return lines === 0 ? [] : kept;
}

/**
 * Reads a log, and follows it until the process has ended and everything is read; a rotation or the removal of the file
 * in between loses nothing.
 *
 * @param end reached once nothing will be written any more; `onChange` calls back whenever that may have changed
 */
export async function* readLog(
  path: string,
  options: { follow: boolean; tailLines?: number | undefined },
  end: { reached(): boolean; onChange(look: () => void): Disposable },
  signal: AbortSignal,
): AsyncGenerator<ProcessOutput> {
  using changes = new FileChanges(path);
  using _ended = end.onChange(() => changes.wake());
  let present = await LogPart.open(path);
  try {
    const rotated = await LogPart.open(`${path}.1`);
    const stored = async function* () {
      if (rotated !== undefined) {
        await using closing = rotated;
        yield* closing.read();
      }
      if (present !== undefined) yield* present.read();
    };
    if (options.tailLines === undefined) yield* stored();
    else yield* await lastLines(stored(), options.tailLines);
    for (;;) {
      // Asked before the read: what is written between the two is read in the next round.
      const last = end.reached() || !options.follow;
      if (present !== undefined) yield* present.read();
      if (present === undefined || !(await present.isAt(path))) {
        const next = await LogPart.open(path);
        if (next !== undefined) {
          if (present !== undefined) {
            // It may have grown between the read and the rotation.
            yield* present.read();
            await present[Symbol.asyncDispose]();
          }
          present = next;
          continue;
        }
      }
      if (last || signal.aborted) return;
      await changes.next(signal);
    }
  } finally {
    await present?.[Symbol.asyncDispose]();
  }
}

/** Waits for the next change of a file, or a short while. */
class FileChanges implements Disposable {
  readonly #watcher: ReturnType<typeof watch> | undefined;
  #wake: (() => void) | undefined;
  #changed = false;

  constructor(path: string) {
    try {
      this.#watcher = watch(path, { persistent: false }, () => this.wake());
      this.#watcher.on('error', () => undefined);
    } catch {
      // Without a watch (inotify's bound is reached) the look after a short while is enough.
    }
  }

  next(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', done);
        this.#wake = undefined;
        this.#changed = false;
        resolve();
      };
      const timer = setTimeout(done, lookAgainMsec);
      if (this.#changed || signal.aborted) return done();
      signal.addEventListener('abort', done);
      this.#wake = done;
    });
  }

  wake(): void {
    this.#changed = true;
    this.#wake?.();
  }

  [Symbol.dispose](): void {
    this.#watcher?.close();
  }
}
