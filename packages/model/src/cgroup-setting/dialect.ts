import type { CgroupDialect, HeldFiles, KernelWrite } from './types.ts';

/** The write, where the file holds something else; what stood there puts it back. */
export function writeUnlessHeld(file: string, value: string, held: HeldFiles): KernelWrite[] {
  const before = held(file);
  return before === value ? [] : [{ file, value, ...(before === undefined ? {} : { undo: before }) }];
}

/** A file that holds the canonical value as it stands. */
export function sameFile(name: string, preset: string, since: string, isSet = true): CgroupDialect {
  return {
    files: [{ name, preset }],
    since,
    read: (held) => held(name) ?? preset,
    ...(isSet ? { write: (value: string, held: HeldFiles) => writeUnlessHeld(name, value, held) } : {}),
  };
}

/** A file that holds a value in words of its own. */
export function inOtherWords(
  name: string,
  preset: string,
  since: string,
  words: { read(text: string): string; write(value: string): string },
): CgroupDialect {
  return {
    files: [{ name, preset }],
    since,
    read: (held) => words.read(held(name) ?? preset),
    write(value, held) {
      const before = held(name);
      if (before !== undefined && words.read(before) === value) return [];
      return [{ file: name, value: words.write(value), ...(before === undefined ? {} : { undo: words.write(words.read(before)) }) }];
    },
  };
}

/** A file that we read and nobody is to set through us. */
export const readOnlyFile = (name: string, since: string, preset = ''): CgroupDialect => sameFile(name, preset, since, false);
