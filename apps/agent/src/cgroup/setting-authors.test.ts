import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Subject } from '@bulkhead/model';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { temporaryDirectory } from '../../test/fixtures.ts';
import { SettingAuthors } from './setting-authors.ts';

let directory: ReturnType<typeof temporaryDirectory>;
let file: string;
beforeEach(() => {
  directory = temporaryDirectory();
  file = join(directory.path, 'agent', 'cgroup-authors.json');
});
afterEach(() => directory[Symbol.dispose]());

const who = (name: string): Subject => ({ kind: 'user', id: name, name });

test('the last one who set a setting is told, also after the death of the agent', () => {
  const authors = new SettingAuthors(file);
  authors.note('/a', '1-2', ['cpu.weight', 'pids.max'], who('ada'));
  authors.note('/a', '1-2', ['pids.max'], who('bob'));
  const told = new SettingAuthors(file).of('/a', '1-2').map(({ key, subject }) => [key, subject.name]);
  expect(told).toEqual([
    ['cpu.weight', 'ada'],
    ['pids.max', 'bob'],
  ]);
});

test('a group made anew at the same path was set by nobody', () => {
  const authors = new SettingAuthors(file);
  authors.note('/a', '1', ['cpu.weight'], who('ada'));
  expect(authors.of('/a', '2')).toEqual([]);
  authors.note('/a', '2', ['pids.max'], who('bob'));
  expect(authors.of('/a', '2').map(({ key }) => key)).toEqual(['pids.max']);
  expect(authors.of('/a', '1')).toEqual([]);
});

test('a file that was cut short is as good as none', () => {
  new SettingAuthors(file).note('/a', '1', ['cpu.weight'], who('ada'));
  writeFileSync(file, '[{"path":"/a",');
  const authors = new SettingAuthors(file);
  expect(authors.of('/a', '1')).toEqual([]);
  authors.note('/b', '3', ['cpu.weight'], who('bob'));
  expect(new SettingAuthors(file).of('/b', '3')).toHaveLength(1);
});
