import { Problem } from '@bulkhead/model';
import { describe, expect, test } from 'vitest';
import { expandTemplate } from './template.ts';

const subject = { uid: 1001, gid: 100, pid: 4711, userName: 'ada', groupName: 'users', processName: 'make' };

describe('variables of a template', () => {
  test.each([
    ['/students/%u', '/students/ada'],
    ['/%U/%G/%P', '/1001/100/4711'],
    ['/by-command/%g/%p', '/by-command/users/make'],
    ['/a-%u-%u', '/a-ada-ada'],
    ['/\\%u', '/%u'],
    ['/a\\', '/a'],
    ['/%x%%', '/%x%%'],
    ['/plain', '/plain'],
  ])('%s', (template, path) => expect(expandTemplate(template, subject)).toBe(path));
  test('numbers stand in for names that are not known', () => {
    expect(expandTemplate('/%u/%g/%p', { uid: 5, gid: 6, pid: 7 })).toBe('/5/6/7');
  });
  test.each(['../../etc', '..', '.', 'a/b', ''])('a process called %j leads nowhere else', (processName) => {
    expect(() => expandTemplate('/jobs/%p', { ...subject, processName })).toThrow(Problem);
  });
});
