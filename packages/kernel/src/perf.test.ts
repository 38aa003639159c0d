import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, test } from 'vitest';
import { parseTaskRecords, perfAttrBits } from './perf.ts';

const header = (type: number, size: number, misc = 0): Buffer => {
  const bytes = Buffer.alloc(size);
  bytes.writeUInt32LE(type, 0);
  bytes.writeUInt16LE(misc, 4);
  bytes.writeUInt16LE(size, 6);
  return bytes;
};

/** pid, ppid, tid, ptid, time: struct of PERF_RECORD_FORK and PERF_RECORD_EXIT. */
const taskRecord = (type: number, [pid, parentPid, tid]: [number, number, number]): Buffer => {
  const bytes = header(type, 32);
  bytes.writeInt32LE(pid, 8);
  bytes.writeInt32LE(parentPid, 12);
  bytes.writeInt32LE(tid, 16);
  return bytes;
};

const commRecord = (pid: number, tid: number, exec: boolean): Buffer => {
  const bytes = header(3, 24, exec ? 1 << 13 : 0);
  bytes.writeInt32LE(pid, 8);
  bytes.writeInt32LE(tid, 12);
  bytes.write('sh\0', 16);
  return bytes;
};

const namespacesRecord = (pid: number, tid: number, inodes: readonly number[]): Buffer => {
  const bytes = header(16, 24 + inodes.length * 16);
  bytes.writeInt32LE(pid, 8);
  bytes.writeInt32LE(tid, 12);
  bytes.writeBigUInt64LE(BigInt(inodes.length), 16);
  for (const [index, ino] of inodes.entries()) {
    bytes.writeBigUInt64LE(4n, 24 + index * 16);
    bytes.writeBigUInt64LE(BigInt(ino), 32 + index * 16);
  }
  return bytes;
};

const lostRecord = (count: bigint): Buffer => {
  const bytes = header(2, 24);
  bytes.writeBigUInt64LE(count, 16);
  return bytes;
};

describe('records of a perf ring', () => {
  it('are read one after the other, those of other kinds left out', () => {
    const bytes = Buffer.concat([
      taskRecord(7, [100, 1, 100]),
      header(12, 48),
      namespacesRecord(100, 100, [11, 12, 13, 14, 15, 16, 17]),
      commRecord(100, 100, true),
      commRecord(100, 102, false),
      taskRecord(4, [100, 1, 102]),
      lostRecord(7n),
    ]);
    expect(parseTaskRecords(bytes)).toEqual([
      { type: 'fork', pid: 100, parentPid: 1, tid: 100 },
      { type: 'namespaces', pid: 100, tid: 100, inodes: { net: 11, uts: 12, ipc: 13, pid: 14, user: 15, mnt: 16, cgroup: 17 } },
      { type: 'comm', pid: 100, tid: 100, exec: true },
      { type: 'comm', pid: 100, tid: 102, exec: false },
      { type: 'exit', pid: 100, tid: 102 },
      { type: 'lost', count: 7 },
    ]);
  });

  it('that cannot be are refused rather than read for ever', () => {
    expect(() => parseTaskRecords(header(7, 32).fill(0, 6, 8))).toThrow('0 bytes');
    expect(() => parseTaskRecords(taskRecord(7, [1, 1, 1]).subarray(0, 20))).toThrow('32 bytes');
  });
});

test.skipIf(process.arch !== 'x64')('every flag is the bit that the C compiler gives it', () => {
  const names = Object.keys(perfAttrBits);
  const lines = names.map(
    (name) =>
      `{ struct perf_event_attr a = {0}; a.${name} = 1; unsigned long long v; memcpy(&v, (char *)&a + 40, 8); printf("%llu\\n", v); }`,
  );
  const directory = mkdtempSync(join(tmpdir(), 'bulkhead-perf-'));
  try {
    const source = join(directory, 'bits.c');
    writeFileSync(
      source,
      `#include <linux/perf_event.h>\n#include <stdio.h>\n#include <string.h>\nint main(void) {\n${lines.join('\n')}\nreturn 0;\n}\n`,
    );
    execFileSync('cc', ['-o', join(directory, 'bits'), source]);
    const found = execFileSync(join(directory, 'bits'), { encoding: 'utf8' }).trim().split('\n').map(BigInt);
    expect(found).toEqual(Object.values(perfAttrBits).map((bit) => 1n << bit));
  } finally {
    rmSync(directory, { recursive: true });
  }
});
