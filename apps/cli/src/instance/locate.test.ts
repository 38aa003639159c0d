import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { checkStateDirectory, chooseStateDirectory, locateInstance } from './locate.ts';
import { identify, isAlive, signalProcess } from './process-identity.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'bulkhead-locate-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

test('the option wins over the environment, and both over the default', () => {
  expect(chooseStateDirectory('/a/', '/b')).toBe('/a');
  expect(chooseStateDirectory(undefined, '/b')).toBe('/b');
  expect(chooseStateDirectory(undefined, undefined)).toBe('/var/lib/bulkhead');
});

test.each(['state', './state', '', `/${'x'.repeat(300)}`, `/${'x/'.repeat(2000)}`, '/a\nb'])(
  'the path %j is refused with a reason',
  (path) => {
    expect(() => checkStateDirectory(path)).toThrow('--state-dir');
  },
);

test('no instance, a damaged one and one of another version each get their own line', () => {
  expect(() => locateInstance(directory)).toThrow('bulkhead is not running here');
  for (const text of ['', '{', '[]', '{"version":1,"instance":"../x","hostId":"y"}']) {
    writeFileSync(join(directory, 'instance.json'), text);
    expect(() => locateInstance(directory)).toThrow(/damaged|version undefined/);
  }
  writeFileSync(join(directory, 'instance.json'), '{"version":2}');
  expect(() => locateInstance(directory)).toThrow('is of version 2');
});

test('a process is itself only with its start time', () => {
  const self = identify(process.pid);
  if (self === undefined) throw new Error('this process is not found');
  expect(isAlive(self)).toBe(true);
  const later = { ...self, startTimeTicks: String(BigInt(self.startTimeTicks) + 1n) };
  expect(isAlive(later)).toBe(false);
  expect(signalProcess(later, 'SIGKILL')).toBe(false);
});
