import { type Fd, hasErrno, O_RDONLY, openat, pread, statFd } from '@bulkhead/kernel';
import type { Reading } from '@bulkhead/model';
import { FormatError } from './formats.ts';
import type { CgroupReader, ReadOutcome } from './types.ts';

/** A file of counters and what it tells. */
export interface CounterFile {
  file: string;
  /** Puts what the text tells into the reading. */
  parse(text: string, reading: Reading): void;
}

// One for all: reading is synchronous, nothing of it survives the call.
const buffer = Buffer.allocUnsafeSlow(16_384);

/**
 * Reads a kept kernel file from its beginning. These files are made whole at each read from offset 0 (seq_file), so that
 * less than was asked for is the end; only a full buffer needs another look.
 *
 * @throws SyscallError ENODEV once the group is gone
 */
export function readKept(fd: Fd): string {
  let count = pread(fd, buffer, 0);
  if (count < buffer.length) return buffer.toString('latin1', 0, count);
  let text = buffer.toString('latin1', 0, count);
  for (let offset = count; count > 0; offset += count) {
    count = pread(fd, buffer, offset);
    text += buffer.toString('latin1', 0, count);
  }
  return text;
}

/** Opens a file of a group to keep. @returns undefined where the kernel lacks it */
export function openKept(directory: Fd, file: string): Fd | undefined {
  try {
    return openat(directory, file, O_RDONLY);
  } catch (failure) {
    if (hasErrno(failure, 'ENOENT', 'EOPNOTSUPP')) return undefined;
    throw failure;
  }
}

/** Something that adds to a reading from what it keeps open. */
export interface ReadingSource extends Disposable {
  addTo(reading: Reading): void;
}

/** A kept descriptor of one file. Garbage in it is an error that names the file and carries the line. */
class KeptFile implements ReadingSource {
  readonly #fd: Fd;
  readonly #file: CounterFile;

  constructor(fd: Fd, file: CounterFile) {
    this.#fd = fd;
    this.#file = file;
  }

  addTo(reading: Reading): void {
    const text = readKept(this.#fd);
    try {
      this.#file.parse(text, reading);
    } catch (failure) {
      throw failure instanceof FormatError ? failure.in(this.#fd.label) : failure;
    }
  }

  [Symbol.dispose](): void {
    this.#fd[Symbol.dispose]();
  }
}

/** Kept descriptors of the files of one directory, in the order given; undefined in the place of one the kernel lacks. */
export function keepFiles(directory: Fd, files: readonly CounterFile[]): (ReadingSource | undefined)[] {
  return files.map((file) => {
    const fd = openKept(directory, file.file);
    return fd === undefined ? undefined : new KeptFile(fd, file);
  });
}

/** A reader over sources that it owns. Every reader of one host has them in the same order. */
export class KeptReader implements CgroupReader {
  readonly ino: bigint;
  readonly sources: readonly (ReadingSource | undefined)[];
  readonly #rare: readonly (ReadingSource | undefined)[];

  constructor(directory: Fd, sources: readonly (ReadingSource | undefined)[], rare: readonly (ReadingSource | undefined)[] = []) {
    this.ino = statFd(directory).ino;
    this.sources = sources;
    this.#rare = rare;
  }

  readRare(): Reading {
    const reading: Reading = {};
    for (const source of this.#rare) {
      try {
        source?.addTo(reading);
      } catch (failure) {
        // Pressure that is switched off, or a group that went: not measured.
        if (!hasErrno(failure, 'EOPNOTSUPP', 'ENOENT', 'ENODEV')) throw failure;
      }
    }
    return reading;
  }

  read(): Reading {
    const reading: Reading = {};
    for (const source of this.sources) source?.addTo(reading);
    return reading;
  }

  [Symbol.dispose](): void {
    for (const source of [...this.sources, ...this.#rare]) source?.[Symbol.dispose]();
  }
}

/**
 * Reads many groups, file type by file type: the kernel flushes its statistics controller by controller, and going back
 * and forth between two makes it do so each time. One that fails does not hold up the others.
 */
export function readMany(readers: readonly CgroupReader[]): ReadOutcome[] {
  const outcomes = readers.map((): ReadOutcome => ({ reading: {} }));
  const kinds = readers.reduce((most, reader) => Math.max(most, reader instanceof KeptReader ? reader.sources.length : 0), 0);
  for (let kind = 0; kind < kinds; kind += 1) {
    for (const [index, reader] of readers.entries()) {
      const outcome = outcomes[index];
      if (outcome === undefined || !('reading' in outcome) || !(reader instanceof KeptReader)) continue;
      try {
        reader.sources[kind]?.addTo(outcome.reading);
      } catch (failure) {
        outcomes[index] = { failure: failure instanceof Error ? failure : new Error(String(failure)) };
      }
    }
  }
  return outcomes;
}
