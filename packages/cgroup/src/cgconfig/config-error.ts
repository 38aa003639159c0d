import type { Position } from './syntax.ts';

/** Characters of the offending line that are shown, at most. */
const excerptCharacters = 120;

/** Scripts whose characters take two columns of a terminal (East Asian Width W and F, the common blocks). */
const wide =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u;

const blankOf = (character: string): string => (character === '\t' ? '\t' : wide.test(character) ? '\u3000' : ' ');

/** Control characters would move the cursor of whoever reads the excerpt. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is replaced
const visible = (character: string): string => (/[\u0000-\u0008\u000b-\u001f\u007f]/.test(character) ? '\ufffd' : character);

/**
 * The line at a position and below it a caret under the column. A long line is cut around it. Tabs stand in both, and a
 * blank as wide as each character, so that the caret is where it belongs.
 */
export function excerptOf(text: string, { line, column }: Position): { excerpt: string; caret: string } {
  let start = 0;
  for (let passed = 1; passed < line; passed += 1) {
    const end = text.indexOf('\n', start);
    if (end < 0) break;
    start = end + 1;
  }
  const end = text.indexOf('\n', start);
  const characters = [...text.slice(start, end < 0 ? undefined : end)].map(visible);
  const from = Math.max(0, Math.min(column - 1 - excerptCharacters / 2, characters.length - excerptCharacters));
  const until = from + excerptCharacters;
  const [before, after] = [from > 0 ? '…' : '', until < characters.length ? '…' : ''];
  const blanks = characters
    .slice(from, column - 1)
    .map(blankOf)
    .join('');
  return {
    excerpt: `${before}${characters.slice(from, until).join('')}${after}`,
    caret: `${before === '' ? '' : ' '}${blanks}^`,
  };
}

/** What stands where the grammar or the meaning wants something else. The only error that reading a configuration throws. */
export class ConfigError extends Error {
  readonly at: Position;
  /** What is wrong, without the place. */
  readonly what: string;
  readonly excerpt: string;
  readonly caret: string;

  /** @param text the whole file, of which the line is shown */
  constructor(text: string, at: Position, what: string) {
    super(`line ${at.line}, column ${at.column}: ${what}`);
    this.name = 'ConfigError';
    this.at = at;
    this.what = what;
    ({ excerpt: this.excerpt, caret: this.caret } = excerptOf(text, at));
  }
}
