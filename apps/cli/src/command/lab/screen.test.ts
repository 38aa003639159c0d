import { expect, it } from 'vitest';
import { Screen } from './screen.ts';

/** What a terminal shows of what was written to it: text, line ends, "up N lines" and "clear from here". */
function show(text: string): string[] {
  const lines: string[] = [];
  let row = 0;
  for (const [index, piece] of text.split('\x1b[').entries()) {
    const sequence = index === 0 ? undefined : /^(\d*)([AJ])/.exec(piece);
    if (sequence?.[2] === 'A') row -= Number(sequence[1]);
    if (sequence?.[2] === 'J') lines.length = row;
    for (const part of piece.slice(sequence?.[0].length ?? 0).split(/(\n)/)) {
      if (part === '\n') row += 1;
      else if (part !== '') lines[row] = (lines[row] ?? '') + part;
    }
  }
  return lines;
}

it('draws bars anew in place, below the lines that stay', () => {
  let written = '';
  const screen = new Screen({ isTerminal: true, write: (text) => (written += text) });
  screen.line('first');
  screen.draw(['bar 1', 'bar 2']);
  screen.draw(['bar 3', 'bar 4']);
  screen.line('second');
  screen.draw(['bar 5', 'bar 6']);
  expect(show(written)).toEqual(['first', 'second', 'bar 5', 'bar 6']);
});

it('writes no sequence and no bar to what is no terminal', () => {
  let written = '';
  const screen = new Screen({ isTerminal: false, write: (text) => (written += text) });
  screen.line('first');
  screen.draw(['bar']);
  screen.line('second');
  expect(written).toBe('first\nsecond\n');
});
