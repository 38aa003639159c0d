import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { BootId, ProcessIdentity } from '@bulkhead/model';
import { afterEach, describe, expect, test } from 'vitest';
import { processIdentity, readBootId, sameProcess } from './index.ts';
import { parseProcessStat } from './process-identity.ts';

let child: ChildProcess | undefined;
afterEach(() => {
  child?.kill('SIGKILL');
  child = undefined;
});

test('the boot id is the one the kernel tells', () => {
  expect(BootId.parse(readBootId())).toBe(readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim());
});

describe('a line of /proc/<pid>/stat', () => {
  const rest = '1 2 2 0 -1 4194560 1 0 0 0 3 4 0 0 20 0 1 0 5678 1 2';
  test.each([
    ['plain', `42 (sleep) S ${rest}`, { state: 'S', startTimeTicks: '5678' }],
    ['spaces and parentheses in the command', `42 (a ) R (b) c) Z ${rest}`, { state: 'Z', startTimeTicks: '5678' }],
    ['a line end in the command', `42 (a\n1) D ${rest}\n`, { state: 'D', startTimeTicks: '5678' }],
  ])('%s', (_name, line, expected) => {
    expect(parseProcessStat(line)).toEqual(expected);
  });
  test.each([
    ['empty', ''],
    ['no command', '42 sleep S 1'],
    ['cut off before the start time', '42 (sleep) S 1 2 2 0'],
    ['a start time that is no number', `42 (sleep) S ${rest.replace('5678', 'x')}`],
  ])('%s is refused', (_name, line) => {
    expect(() => parseProcessStat(line)).toThrow('/proc/<pid>/stat');
  });
});

test('knows the own process again, and not under another start time or boot', () => {
  const identity = ProcessIdentity.parse(processIdentity(process.pid));
  expect(sameProcess(identity)).toBe(true);
  expect(sameProcess({ ...identity, startTimeTicks: String(BigInt(identity.startTimeTicks) + 1n) })).toBe(false);
  expect(sameProcess({ ...identity, bootId: '00000000-0000-4000-8000-000000000000' })).toBe(false);
});

test('a child has an identity of its own until it is gone', async () => {
  child = spawn('sleep', ['60'], { stdio: 'ignore' });
  await once(child, 'spawn');
  const identity = processIdentity(child.pid as number);
  if (identity === undefined) throw new Error('a running child has no identity');
  expect(sameProcess(identity)).toBe(true);
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
  expect(sameProcess(identity)).toBe(false);
  expect(processIdentity(identity.pid)).toBeUndefined();
});

test('a zombie has an identity, and is not alive', async () => {
  // The shell becomes a sleep that never waits for the child it had: that one stays a zombie until the sleep ends.
  child = spawn('sh', ['-c', 'sleep 0.1 & echo $!; exec sleep 60'], { stdio: ['ignore', 'pipe', 'ignore'] });
  const [line] = (await once(child.stdout as NodeJS.ReadableStream, 'data')) as [Buffer];
  const pid = Number(String(line).trim());
  const state = () => parseProcessStat(readFileSync(`/proc/${pid}/stat`, 'latin1')).state;
  for (let tries = 0; state() !== 'Z' && tries < 200; tries += 1) await sleep(10);
  expect(state()).toBe('Z');
  const identity = processIdentity(pid);
  expect(identity?.pid).toBe(pid);
  expect(identity !== undefined && sameProcess(identity)).toBe(false);
});
