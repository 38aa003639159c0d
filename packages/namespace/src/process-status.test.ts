import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { readIdMap } from './id-map.ts';
import { parseProcessStatus, readNamespacePids } from './process-status.ts';

test('our own pid comes first', () => {
  expect(readNamespacePids(process.pid)?.[0]).toBe(process.pid);
});

test('a line is read by its name', () => {
  expect(parseProcessStatus('Name:\tsleep\nNSpid:\t4711\t1\n').get('NSpid')).toBe('4711\t1');
});

test('there is nothing to tell of a process that is gone', async () => {
  const child = spawn('true');
  await once(child, 'exit');
  expect(readNamespacePids(child.pid as number)).toBeUndefined();
  expect(readIdMap(child.pid as number, 'uid_map')).toBeUndefined();
});
