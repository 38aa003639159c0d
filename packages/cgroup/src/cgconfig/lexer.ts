import { ConfigError } from './config-error.ts';
import { bareWord, bounds, type Keyword, keywords, type Position, type Word } from './syntax.ts';

export type Token =
  | ({ readonly kind: 'word'; readonly quoted: boolean } & Word)
  | { readonly kind: 'keyword'; readonly text: Keyword; readonly at: Position }
  | { readonly kind: 'mark'; readonly text: '{' | '}' | '=' | ';'; readonly at: Position }
  | { readonly kind: 'end'; readonly at: Position };

const isKeyword = (text: string): text is Keyword => (keywords as readonly string[]).includes(text);
const isMark = (text: string): text is '{' | '}' | '=' | ';' => text.length === 1 && '{}=;'.includes(text);

/** What a character that belongs nowhere is called, and what to do about it. */
function strayCharacter(character: string): string {
  switch (character) {
    case '#':
      return 'found "#" after other text: a comment must stand on a line of its own';
    case '"':
      return 'this quotation mark is never closed';
    case '\r':
      return 'found a carriage return: save the file with Unix line ends';
    case '\0':
      return 'found a zero byte: this is not a text file';
    case '\ufeff':
      return 'found a byte order mark: save the file as UTF-8 without one';
    default:
      return `found ${JSON.stringify(character)}, which must stand in quotation marks`;
  }
}

/**
 * Cuts a cgconfig.conf into tokens, by the rules of libcgroup's own lexer: words of letters, digits and `_-/.,%@\`, words
 * in quotation marks without any escape, and comments: lines that begin with `#` (blanks may stand before it) or with `*`.
 *
 * @throws ConfigError
 */
export function* tokens(text: string): Generator<Token, void, void> {
  if (Buffer.byteLength(text) > bounds.textBytes)
    throw new ConfigError(text, { line: 1, column: 1 }, `the file is larger than ${bounds.textBytes / 1024} KiB`);
  let [line, lineStart, index] = [1, 0, 0];
  /** Characters beyond the first plane are two units of a string, and one column. */
  let surrogates = 0;
  const here = (): Position => ({ line, column: index - lineStart - surrogates + 1 });
  const newLine = (): void => {
    line += 1;
    lineStart = index + 1;
    surrogates = 0;
  };

  while (index < text.length) {
    const character = text[index] as string;
    if (index === lineStart) {
      const comment = /[ \t]*#[^\n]*|\*[^\n]*/y;
      comment.lastIndex = index;
      if (comment.test(text)) {
        index = comment.lastIndex;
        continue;
      }
    }
    const at = here();
    if (character === '\n') {
      newLine();
      index += 1;
    } else if (character === ' ' || character === '\t') {
      index += 1;
    } else if (isMark(character)) {
      yield { kind: 'mark', text: character, at };
      index += 1;
    } else if (bareWord.test(character)) {
      const start = index;
      while (index < text.length && bareWord.test(text[index] as string)) index += 1;
      const word = text.slice(start, index);
      if (word.length > bounds.wordCharacters) throw new ConfigError(text, at, `a word is longer than ${bounds.wordCharacters} characters`);
      yield isKeyword(word) ? { kind: 'keyword', text: word, at } : { kind: 'word', text: word, quoted: false, at };
    } else if (character === '"') {
      const end = text.indexOf('"', index + 1);
      if (end < 0) throw new ConfigError(text, at, strayCharacter(character));
      const word = text.slice(index + 1, end);
      if (word.length > bounds.wordCharacters) throw new ConfigError(text, at, `a word is longer than ${bounds.wordCharacters} characters`);
      for (index += 1; index < end; index += 1) {
        const inner = text[index] as string;
        if (inner === '\n') newLine();
        else if (inner === '\0' || inner === '\r') throw new ConfigError(text, here(), strayCharacter(inner));
        else if (inner >= '\ud800' && inner <= '\udbff') surrogates += 1;
      }
      index = end + 1;
      yield { kind: 'word', text: word, quoted: true, at };
    } else {
      throw new ConfigError(text, at, strayCharacter(String.fromCodePoint(text.codePointAt(index) as number)));
    }
  }
  yield { kind: 'end', at: here() };
}
