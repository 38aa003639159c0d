import { Problem } from '@bulkhead/model';
import { expect, test } from 'vitest';
import { checkPath, parentOf, parentsOf } from './path.ts';

test.each(['a', 'bulkhead-a1f/acme/0123456789abcdef/init', 'x_.y/exec-12', '...'])('%j is a path', (path) => {
  expect(checkPath(path)).toBe(path);
});

test.each(['', '/', '/a', 'a/', 'a//b', '.', '..', 'a/../b', 'a/./b', 'a b', 'a\nb', 'a\0b', 'ä', 'x'.repeat(256), `${'a/'.repeat(40)}a`])(
  '%j is refused',
  (path) => {
    expect(() => checkPath(path)).toThrow(Problem);
  },
);

test('parents, outermost first', () => {
  expect(parentsOf('a/b/c')).toEqual(['a', 'a/b']);
  expect(parentsOf('a')).toEqual([]);
  expect(parentOf('a/b/c')).toBe('a/b');
  expect(parentOf('a')).toBe('');
});
