import { expect, test } from 'vitest';
import { readFastList } from './fast-list.ts';

test('plain lists take the fast path', () => {
  expect(readFastList(['ps'])).toEqual({});
  expect(readFastList(['ps', '-a', '--json'])).toEqual({ all: true, json: true });
  expect(readFastList(['ps', '-aq'])).toEqual({ all: true, quiet: true });
  expect(readFastList(['container', 'ls', '--state-dir', '/x'])).toEqual({ stateDir: '/x' });
});

test('everything else goes to the full parser', () => {
  for (const line of [
    [],
    ['run'],
    ['container', 'run'],
    ['ps', '--help'],
    ['ps', 'x'],
    ['ps', '--state-dir'],
    ['ps', '-x'],
    ['--state-dir', '/x', 'ps'],
  ])
    expect(readFastList(line)).toBeUndefined();
});
