import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readlinkSync } from 'node:fs';
import { hasErrno, namespaceTable } from '@bulkhead/kernel';
import { afterEach, expect, test } from 'vitest';
import { readNamespaces } from './index.ts';

let child: ChildProcess | undefined;
afterEach(() => {
  child?.kill('SIGKILL');
  child = undefined;
});

async function startChild(): Promise<number> {
  child = spawn('sleep', ['60'], { stdio: 'ignore' });
  await once(child, 'spawn');
  return child.pid as number;
}

/** `network:[4026531840]` as the link itself says it: a second way to the inode. */
const inodeOf = (pid: number, procName: string): string => /\[(\d+)\]/.exec(readlinkSync(`/proc/${pid}/ns/${procName}`))?.[1] ?? 'none';

test('tells every namespace of the own process under its OCI name', () => {
  const expected = namespaceTable.filter(({ procName }) => existsSync(`/proc/self/ns/${procName}`));
  const found = readNamespaces(process.pid);
  expect(found.map(({ type }) => type)).toEqual(expected.map(({ type }) => type));
  expect(found.map(({ ino }) => ino)).toEqual(expected.map(({ procName }) => inodeOf(process.pid, procName)));
});

test('marks as initial what process 1 has too, and nothing else', () => {
  for (const { type, initial } of readNamespaces(process.pid)) {
    const procName = namespaceTable.find((row) => row.type === type)?.procName ?? '';
    let hosts: string;
    try {
      hosts = inodeOf(1, procName);
    } catch {
      hosts = inodeOf(process.pid, procName);
    }
    expect({ type, initial }).toEqual({ type, initial: inodeOf(process.pid, procName) === hosts });
  }
});

test('gives a child that unshared nothing the same namespaces', async () => {
  expect(readNamespaces(await startChild())).toEqual(readNamespaces(process.pid));
});

test('throws ENOENT or ESRCH for a process that is gone', async () => {
  const pid = await startChild();
  const gone = once(child as ChildProcess, 'exit');
  child?.kill('SIGKILL');
  await gone;
  let failure: unknown;
  try {
    readNamespaces(pid);
  } catch (error) {
    failure = error;
  }
  expect(hasErrno(failure, 'ENOENT', 'ESRCH')).toBe(true);
});
