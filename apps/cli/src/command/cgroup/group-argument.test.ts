import { expect, test } from 'vitest';
import { groupPath, parseGroup } from './group-argument.ts';

test.each([
  ['cpu:lesscpu', { path: '/lesscpu', controllers: ['cpu'] }],
  ['cpu,cpuacct,blkio:/jobs/one', { path: '/jobs/one', controllers: ['cpu', 'io'] }],
  ['*:a:b', { path: '/a:b' }],
  ['memory:/', { path: '/', controllers: ['memory'] }],
  ['memory:x/', { path: '/x', controllers: ['memory'] }],
])('-g %s', (text, expected) => expect(parseGroup(text)).toEqual(expected));

test.each(['lesscpu', ':x', 'gpu:x', 'cpu,:x', 'name=systemd:x'])('-g %s is refused, and told how it is written', (text) => {
  expect(() => parseGroup(text)).toThrow(/^-g: /);
});

test('a path may lack the slash before it', () => {
  expect(['a/b', '/a/b', '/', '', '/a/'].map(groupPath)).toEqual(['/a/b', '/a/b', '/', '/', '/a']);
});
