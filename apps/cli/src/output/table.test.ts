import { expect, test } from 'vitest';
import { formatTable } from './table.ts';

test('columns are as wide as their widest cell, the last one is not padded', () => {
  expect(
    formatTable(
      ['NAME', 'STATUS'],
      [
        ['a', 'Up'],
        ['longer-name', 'Exited (0)'],
      ],
    ),
  ).toBe('NAME         STATUS\na            Up\nlonger-name  Exited (0)\n');
});

test('what a container calls its command cannot steer the terminal', () => {
  expect(formatTable(['COMMAND'], [['\x1b[2Jecho\n\x07']])).toBe('COMMAND\n\\x1b[2Jecho\\x0a\\x07\n');
});
