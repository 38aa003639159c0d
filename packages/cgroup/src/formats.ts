import type { Limit } from '@bulkhead/model';

/**
 * The formats of kernel files, by the names of cgroup-v2.rst ("Format"). Unknown keys are ignored, absent keys are
 * undefined, garbage is an error that carries the line. Numbers stay decimal text: they are unsigned 64 bits wide.
 */

/** A line that is not what the kernel writes. */
export class FormatError extends Error {
  readonly line: string;
  readonly #expected: string;
  constructor(expected: string, line: string, file?: string) {
    const where = file === undefined ? '' : `${file}: `;
    super(`${where}not ${expected}: ${JSON.stringify(line.length > 200 ? `${line.slice(0, 200)}…` : line)}`);
    this.name = 'FormatError';
    this.line = line;
    this.#expected = expected;
  }

  /** The same, told of a file. */
  in(file: string): FormatError {
    return new FormatError(this.#expected, this.line, file);
  }
}

const isDecimal = (text: string): boolean => {
  if (text.length === 0 || text.length > 20) return false;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code < 48 || code > 57) return false;
  }
  return true;
};

const withoutLineEnd = (text: string): string => (text.endsWith('\n') ? text.slice(0, -1) : text);

/** One number on one line. */
export function parseCounter(text: string): string {
  const value = withoutLineEnd(text);
  if (!isDecimal(value)) throw new FormatError('a number', value);
  return value;
}

/** One number or `max` on one line. What a JSON number cannot hold (8 PiB and more) is no limit: it reads as `max`. */
export function parseLimit(text: string): Limit {
  const value = withoutLineEnd(text);
  if (value === 'max') return 'max';
  if (!isDecimal(value)) throw new FormatError('a number or max', value);
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : 'max';
}

/** New-line separated: one value a line. */
export const parseNewLineSeparated = (text: string): string[] => text.split('\n').filter((line) => line !== '');

/** Space separated values on one line. */
export const parseSpaceSeparated = (text: string): string[] =>
  withoutLineEnd(text)
    .split(' ')
    .filter((value) => value !== '');

/** Flat keyed: `KEY VALUE` a line. Scanned in place: the sampler does this a few thousand times a second. */
export function parseFlatKeyed(text: string): Map<string, string> {
  const values = new Map<string, string>();
  for (let start = 0; start < text.length; ) {
    const found = text.indexOf('\n', start);
    const end = found < 0 ? text.length : found;
    const space = text.indexOf(' ', start);
    if (end > start) {
      if (space <= start || space >= end - 1) throw new FormatError('KEY VALUE', text.slice(start, end));
      values.set(text.slice(start, space), text.slice(space + 1, end));
    }
    start = end + 1;
  }
  return values;
}

/** Nested keyed: `KEY SUB_KEY=VALUE SUB_KEY=VALUE` a line; a key may stand alone. */
export function parseNestedKeyed(text: string): Map<string, Map<string, string>> {
  const values = new Map<string, Map<string, string>>();
  for (const line of parseNewLineSeparated(text)) {
    const [key, ...pairs] = line.trimEnd().split(' ');
    if (key === undefined || key === '') throw new FormatError('KEY SUB_KEY=VALUE', line);
    const inner = new Map<string, string>();
    for (const pair of pairs) {
      const equals = pair.indexOf('=');
      if (equals <= 0 || equals === pair.length - 1) throw new FormatError('KEY SUB_KEY=VALUE', line);
      inner.set(pair.slice(0, equals), pair.slice(equals + 1));
    }
    values.set(key, inner);
  }
  return values;
}

/** A counter out of a keyed file; undefined where the kernel does not tell it. */
export function counterOf(values: ReadonlyMap<string, string>, key: string): string | undefined {
  const value = values.get(key);
  if (value !== undefined && !isDecimal(value)) throw new FormatError('a number', `${key} ${value}`);
  return value;
}

/** Nanoseconds to whole microseconds, on decimal text. */
export const usecOfNsec = (nsec: string): string => (nsec.length > 3 ? nsec.slice(0, -3) : '0');

/** Clock ticks to microseconds, on decimal text: USER_HZ is 100 on every architecture this runs on. */
export const usecOfTicks = (ticks: string): string => (ticks === '0' ? '0' : `${ticks}0000`);
