/**
 * Numbers out of kernel files as they lie in a buffer, without a string between: what thousands of files a second are
 * read with. Numbers are doubles, exact below 2^53; where every digit counts (bills), packages/cgroup/src/formats.ts is
 * the way. What is not what the kernel writes answers NaN.
 */

const newLine = 10;
const space = 32;
const zero = 48;
const dot = 46;

/** Where the last scan stopped. */
let stoppedAt = 0;

/** A decimal number that begins at `from`; NaN where none does. */
export function scanNumber(bytes: Uint8Array, from: number, end: number): number {
  let value = 0;
  let at = from;
  for (; at < end; at += 1) {
    const digit = (bytes[at] as number) - zero;
    if (digit < 0 || digit > 9) break;
    value = value * 10 + digit;
  }
  stoppedAt = at;
  // 20 digits are the longest the kernel's 64 bits have.
  return at === from || at - from > 20 ? Number.NaN : value;
}

/** A file with one number on one line. */
export function scanCounter(bytes: Uint8Array, end: number): number {
  const value = scanNumber(bytes, 0, end);
  return stoppedAt === end || (stoppedAt === end - 1 && bytes[stoppedAt] === newLine) ? value : Number.NaN;
}

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

function beginsWith(bytes: Uint8Array, from: number, end: number, text: Uint8Array): boolean {
  if (from + text.length > end) return false;
  for (let index = 0; index < text.length; index += 1) if (bytes[from + index] !== text[index]) return false;
  return true;
}

/** Keys of a flat keyed file that somebody wants, in the order in which the kernel writes them. */
export class FlatKeys {
  readonly #keys: readonly Uint8Array[];
  /** Of each key: NaN where the kernel does not tell it. */
  readonly values: Float64Array;

  constructor(...keys: readonly string[]) {
    this.#keys = keys.map((key) => bytesOf(`${key} `));
    this.values = new Float64Array(keys.length);
  }

  /** @returns false where a line of a wanted key holds no number */
  scan(bytes: Uint8Array, end: number): boolean {
    const { values } = this;
    values.fill(Number.NaN);
    let found = 0;
    for (let at = 0; at < end && found < this.#keys.length; ) {
      for (let index = 0; index < this.#keys.length; index += 1) {
        const key = this.#keys[index] as Uint8Array;
        if (!beginsWith(bytes, at, end, key)) continue;
        const value = scanNumber(bytes, at + key.length, end);
        if (Number.isNaN(value) || (stoppedAt < end && bytes[stoppedAt] !== newLine)) return false;
        values[index] = value;
        found += 1;
        break;
      }
      const lineEnd = bytes.indexOf(newLine, at);
      if (lineEnd < 0 || lineEnd >= end) break;
      at = lineEnd + 1;
    }
    return true;
  }
}

const [readWord, writeWord, readKey, writeKey] = ['Read ', 'Write ', 'rbytes=', 'wbytes='].map(bytesOf) as [
  Uint8Array,
  Uint8Array,
  Uint8Array,
  Uint8Array,
];

/** Bytes read and written, summed over devices. */
export class IoBytes {
  read = 0;
  written = 0;

  /** @returns false where a wanted figure holds no number */
  #add(bytes: Uint8Array, end: number, words: readonly [Uint8Array, Uint8Array], at: number): boolean {
    for (const [index, word] of words.entries()) {
      if (!beginsWith(bytes, at, end, word)) continue;
      const value = scanNumber(bytes, at + word.length, end);
      if (Number.isNaN(value)) return false;
      if (index === 0) this.read += value;
      else this.written += value;
    }
    return true;
  }

  /** Lines such as `8:0 Read 4096` (blkio-controller.rst) or `8:0 rbytes=4096 wbytes=0` (io.stat of cgroup-v2.rst). None: no I/O. */
  scan(bytes: Uint8Array, end: number, version: 1 | 2): boolean {
    this.read = 0;
    this.written = 0;
    const words = version === 1 ? ([readWord, writeWord] as const) : ([readKey, writeKey] as const);
    for (let at = 0; at < end; at += 1) {
      // A word begins after a space: the device comes first on every line.
      if (bytes[at] === space && !this.#add(bytes, end, words, at + 1)) return false;
    }
    return true;
  }
}

const [someWord, fullWord] = ['some avg10=', 'full avg10='].map(bytesOf) as [Uint8Array, Uint8Array];

function scanShare(bytes: Uint8Array, end: number, word: Uint8Array, at: number): number {
  if (!beginsWith(bytes, at, end, word)) return Number.NaN;
  const whole = scanNumber(bytes, at + word.length, end);
  if (Number.isNaN(whole) || bytes[stoppedAt] !== dot) return Number.NaN;
  const hundredths = scanNumber(bytes, stoppedAt + 1, end);
  return (whole * 100 + hundredths) / 10_000;
}

/** Pressure stall information (accounting/psi.rst): shares of the last ten seconds, 0 to 1. */
export class Pressure {
  some = Number.NaN;
  full = Number.NaN;

  /** @returns false where the first line is not as the kernel writes it */
  scan(bytes: Uint8Array, end: number): boolean {
    this.some = scanShare(bytes, end, someWord, 0);
    const lineEnd = bytes.indexOf(newLine, 0);
    // The CPU has no second line before Linux 5.13.
    this.full = lineEnd < 0 || lineEnd >= end ? Number.NaN : scanShare(bytes, end, fullWord, lineEnd + 1);
    return !Number.isNaN(this.some);
  }
}
