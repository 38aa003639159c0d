import { createReadStream, existsSync, statSync, watch } from 'node:fs';
import type { ProcessOutput } from '../types.ts';

/** How long a follower trusts the notification of the kernel before it looks by itself. */
const lookAgainMsec = 500;

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

/** Lines of a file from an offset to its present end. @returns where to go on: a last line without its end is left for the next time */
async function* linesFrom(path: string, from: number): AsyncGenerator<ProcessOutput, number> {
  let rest: Buffer = Buffer.alloc(0);
  let offset = from;
  for await (const chunk of createReadStream(path, { start: from }) as AsyncIterable<Buffer>) {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    for (let end = rest.indexOf(10); end !== -1; end = rest.indexOf(10)) {
      const parsed = parseLogLine(rest.subarray(0, end));
      if (parsed !== undefined) yield parsed;
      offset += end + 1;
      rest = rest.subarray(end + 1);
    }
  }
  return offset;
}

/** Everything stored, the rotated part first. */
async function* stored(path: string): AsyncGenerator<ProcessOutput> {
  for (const part of [`${path}.1`, path]) if (existsSync(part)) yield* linesFrom(part, 0);
}

/** The last lines of what is stored, where a partial record belongs to the line that ends after it. */
async function tail(path: string, lines: number): Promise<ProcessOutput[]> {
  const kept: ProcessOutput[] = [];
  let ends = 0;
  for await (const item of stored(path)) {
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
 * Reads a log, and follows it until the process has ended and everything is read. A rotation in between is noticed by
 * the file's inode: the rest of the old one is read first.
 *
 * @param end reached once nothing will be written any more; `onChange` calls back whenever that may have changed
 */
export async function* readLog(
  path: string,
  options: { follow: boolean; tailLines?: number | undefined },
  end: { reached(): boolean; onChange(look: () => void): Disposable },
  signal: AbortSignal,
): AsyncGenerator<ProcessOutput> {
  let inode = existsSync(path) ? statSync(path).ino : 0;
  let offset = 0;
  if (options.tailLines !== undefined) {
    offset = existsSync(path) ? statSync(path).size : 0;
    yield* await tail(path, options.tailLines);
  } else if (existsSync(`${path}.1`)) {
    yield* linesFrom(`${path}.1`, 0);
  }
  using changes = new FileChanges(path);
  using _ended = end.onChange(() => changes.wake());
  for (;;) {
    // Asked before the read: what is written between the two is read in the next round.
    const last = end.reached() || !options.follow;
    if (existsSync(path)) {
      const now = statSync(path).ino;
      if (now !== inode && existsSync(`${path}.1`)) {
        yield* linesFrom(`${path}.1`, offset);
        offset = 0;
      }
      inode = now;
      offset = yield* linesFrom(path, offset);
    }
    if (last || signal.aborted) return;
    await changes.next(signal);
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
