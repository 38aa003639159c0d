import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readlinkSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parseIdMap, readIdMap } from './id-map.ts';
import { readNamespaces } from './namespaces.ts';
import { isSameProcess, parseStartTimeTicks, processIdentity } from './process-identity.ts';
import { parseProcessStatus, readNamespacePids } from './process-status.ts';

async function endedPid(): Promise<number> {
  const child = spawn('true');
  await once(child, 'exit');
  return child.pid as number;
}

describe('readNamespaces', () => {
  test('agrees with the links below /proc/self/ns', () => {
    const network = readNamespaces(process.pid).find(({ type }) => type === 'network');
    expect(`net:[${network?.ino}]`).toBe(readlinkSync('/proc/self/ns/net'));
  });
  test('has nothing to say of a process that is gone', async () => {
    const pid = await endedPid();
    expect(readNamespaces(pid)).toEqual([]);
    expect(processIdentity(pid)).toBeUndefined();
    expect(readNamespacePids(pid)).toBeUndefined();
    expect(readIdMap(pid, 'uid_map')).toBeUndefined();
  });
});

describe('processIdentity', () => {
  test('tells a process from a later one with its pid', () => {
    const identity = processIdentity(process.pid);
    if (identity === undefined) throw new Error('this process is not in /proc');
    expect(isSameProcess(identity)).toBe(true);
    expect(isSameProcess({ ...identity, startTimeTicks: String(BigInt(identity.startTimeTicks) + 1n) })).toBe(false);
    expect(isSameProcess({ ...identity, bootId: '00000000-0000-4000-8000-000000000000' })).toBe(false);
  });
  test.each([
    ['a plain name', '42 (sleep) S 1 42 42 0 -1 4194560 92 0 0 0 0 0 0 0 20 0 1 0 123456 5660672 228', '123456'],
    ['a name with spaces and brackets', '42 (a) b (c) S 1 42 42 0 -1 4194560 92 0 0 0 0 0 0 0 20 0 1 0 7 5660672 228', '7'],
  ])('reads field 22 behind %s', (_, stat, ticks) => {
    expect(parseStartTimeTicks(stat)).toBe(ticks);
  });
  test('refuses a text without it', () => {
    expect(() => parseStartTimeTicks('42 (sleep) S 1')).toThrow('no start time');
  });
});

describe('NSpid', () => {
  test('is our own pid first', () => {
    expect(readNamespacePids(process.pid)?.[0]).toBe(process.pid);
  });
  test('is read inwards', () => {
    expect(parseProcessStatus('Name:\tsleep\nNSpid:\t4711\t1\n').get('NSpid')).toBe('4711\t1');
  });
});

describe('parseIdMap', () => {
  test.each([
    ['the initial namespace', '         0          0 4294967295\n', [{ containerId: 0, hostId: 0, size: 4_294_967_295 }]],
    [
      'two rows',
      '         0     100000      65536\n     65536     300000          1\n',
      [
        { containerId: 0, hostId: 100_000, size: 65_536 },
        { containerId: 65_536, hostId: 300_000, size: 1 },
      ],
    ],
    ['a namespace not mapped yet', '', []],
  ])('reads %s', (_, text, rows) => {
    expect(parseIdMap(text)).toEqual(rows);
  });
  test.each(['0 1', '0 1 2 3', '0 x 1', '-1 0 1'])('refuses %j and names it', (line) => {
    expect(() => parseIdMap(`${line}\n`)).toThrow(JSON.stringify(line));
  });
});
