import { describe, expect, test } from 'vitest';
import {
  counterOf,
  FormatError,
  parseCounter,
  parseFlatKeyed,
  parseLimit,
  parseNestedKeyed,
  parseNewLineSeparated,
  parseSpaceSeparated,
  usecOfNsec,
  usecOfTicks,
} from './formats.ts';

/** What a refused line is told by. */
function lineOf(parse: () => unknown): string | undefined {
  try {
    parse();
  } catch (failure) {
    if (failure instanceof FormatError) return failure.line;
    throw failure;
  }
  return undefined;
}

describe('one number', () => {
  test.each([
    ['0\n', '0'],
    ['4096', '4096'],
    ['18446744073709551615\n', '18446744073709551615'],
  ])('%j', (text, value) => expect(parseCounter(text)).toBe(value));
  test.each(['', '\n', '-1\n', '1.5\n', '12 13\n', 'max\n', '1\n2\n', '184467440737095516150\n'])('%j is refused', (text) =>
    expect(lineOf(() => parseCounter(text))).toBe(text.replace(/\n$/, '')),
  );
});

describe('a limit', () => {
  test.each([
    ['max\n', 'max'],
    ['0\n', 0],
    ['67108864\n', 67_108_864],
    // memory.limit_in_bytes without a limit, 4 KiB pages, then 64 KiB pages
    ['9223372036854771712\n', 'max'],
    ['9223372036854710272\n', 'max'],
  ])('%j', (text, value) => expect(parseLimit(text)).toBe(value));
  test.each(['', '-1\n', 'maximum\n', '1e3\n'])('%j is refused', (text) => expect(lineOf(() => parseLimit(text))).toBe(text.trim()));
});

test('new-line separated', () => {
  expect(parseNewLineSeparated('12\n7\n')).toEqual(['12', '7']);
  expect(parseNewLineSeparated('')).toEqual([]);
});

test('space separated', () => {
  expect(parseSpaceSeparated('cpuset cpu io memory\n')).toEqual(['cpuset', 'cpu', 'io', 'memory']);
  expect(parseSpaceSeparated('\n')).toEqual([]);
});

describe('flat keyed', () => {
  test.each([
    [
      'two keys',
      'user 12\nsystem 3\n',
      [
        ['user', '12'],
        ['system', '3'],
      ],
    ],
    ['no line end', 'user 12', [['user', '12']]],
    ['nothing', '', []],
    ['a key we do not know with a value we do not know', 'new_key some words\n', [['new_key', 'some words']]],
  ])('%s', (_, text, entries) => expect([...parseFlatKeyed(text)]).toEqual(entries));
  test.each([
    ['a key alone', 'user 12\nsystem\n', 'system'],
    ['a key without its value', 'system \n', 'system '],
    ['a value without its key', ' 3\n', ' 3'],
  ])('%s is refused', (_, text, line) => expect(lineOf(() => parseFlatKeyed(text))).toBe(line));
  test('an absent key is undefined, and a value that is no number refused', () => {
    const values = parseFlatKeyed('user 12\nsystem x\n');
    expect(counterOf(values, 'user')).toBe('12');
    expect(counterOf(values, 'nice')).toBeUndefined();
    expect(lineOf(() => counterOf(values, 'system'))).toBe('system x');
  });
});

describe('nested keyed', () => {
  test('keys within keys', () => {
    const values = parseNestedKeyed('8:16 rbytes=1459200 wbytes=314773504\n8:0 rbytes=90430464\n');
    expect([...values.keys()]).toEqual(['8:16', '8:0']);
    expect([...(values.get('8:16') ?? [])]).toEqual([
      ['rbytes', '1459200'],
      ['wbytes', '314773504'],
    ]);
  });
  test('a key may stand alone, as io.stat has it for a device that did nothing yet', () => {
    expect([...parseNestedKeyed('8:0 \n254:0\n').values()].map(({ size }) => size)).toEqual([0, 0]);
  });
  test.each(['8:0 rbytes', '8:0 rbytes=', '8:0 =1', ' rbytes=1'])('%j is refused', (line) =>
    expect(lineOf(() => parseNestedKeyed(`8:1 rbytes=1\n${line}\n`))).toBe(line),
  );
});

test.each([
  ['0', '0'],
  ['999', '0'],
  ['1000', '1'],
  ['20123456', '20123'],
  ['18446744073709551615', '18446744073709551'],
])('%s ns are %s whole us', (nsec, usec) => expect(usecOfNsec(nsec)).toBe(usec));

test.each([
  ['0', '0'],
  ['1', '10000'],
  ['134560', '1345600000'],
])('%s ticks are %s us', (ticks, usec) => expect(usecOfTicks(ticks)).toBe(usec));
