import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  assembleDeviceProgram,
  bpfConstants,
  bpfOffsets,
  type DeviceProgram,
  deviceAccess,
  disassembleDeviceProgram,
} from './bpf-cgroup-device.ts';

const { r, w, m } = deviceAccess;

/** Runs a program as the kernel's interpreter would: the few opcodes that stand in one. */
function run(code: Buffer, context: { type: number; access: number; major: number; minor: number }): number {
  const memory = new Map([
    [0, (context.access << 16) | context.type],
    [4, context.major],
    [8, context.minor],
  ]);
  const registers = new Array<number>(11).fill(0);
  for (let index = 0, steps = 0; steps < 100_000; index += 1, steps += 1) {
    const at = index * 8;
    const [opcode, pair, offset, immediate] = [
      code.readUInt8(at),
      code.readUInt8(at + 1),
      code.readInt16LE(at + 2),
      code.readInt32LE(at + 4),
    ];
    const [to, from] = [pair & 0xf, pair >> 4];
    const [left, right] = [registers[to] as number, registers[from] as number];
    if (opcode === 0x61) registers[to] = memory.get(offset) as number;
    else if (opcode === 0x57) registers[to] = left & immediate;
    else if (opcode === 0x77) registers[to] = left >>> immediate;
    else if (opcode === 0xb7) registers[to] = immediate;
    else if (opcode === 0xbf) registers[to] = right;
    else if (opcode === 0x15) index += left === immediate ? offset : 0;
    else if (opcode === 0x55) index += left !== immediate ? offset : 0;
    else if (opcode === 0x5d) index += left !== right ? offset : 0;
    else if (opcode === 0x95) return registers[0] as number;
    else throw new Error(`opcode ${opcode}`);
  }
  throw new Error('it does not end');
}
const char = (access: number, major: number, minor: number) => ({ type: 2, access, major, minor });
const block = (access: number, major: number, minor: number) => ({ type: 1, access, major, minor });

describe('a device program', () => {
  const some: DeviceProgram = {
    allowed: false,
    exceptions: [
      { type: 'char', major: 1, minor: 3, access: r | w },
      { type: 'char', major: 136, access: r | w | m },
      { type: 'block', access: r },
    ],
  };

  it('denies all but its exceptions, and of these only what is allowed in whole', () => {
    const code = assembleDeviceProgram(some);
    expect(run(code, char(r, 1, 3))).toBe(1);
    expect(run(code, char(r | w, 1, 3))).toBe(1);
    expect(run(code, char(r | m, 1, 3))).toBe(0);
    expect(run(code, char(r, 1, 5))).toBe(0);
    expect(run(code, char(m, 136, 77))).toBe(1);
    expect(run(code, block(r, 8, 0))).toBe(1);
    expect(run(code, block(r | w, 8, 0))).toBe(0);
    expect(run(code, block(r, 1, 3))).toBe(1);
  });

  it('allows all but its exceptions, of which one forbidden access is enough', () => {
    const code = assembleDeviceProgram({ allowed: true, exceptions: [{ type: 'block', major: 8, access: w }] });
    expect(run(code, block(r, 8, 0))).toBe(1);
    expect(run(code, block(r | w, 8, 16))).toBe(0);
    expect(run(code, char(w, 8, 0))).toBe(1);
    expect(run(code, block(w, 9, 0))).toBe(1);
  });

  it('is read back as it was made, and another program is not taken for one', () => {
    for (const program of [some, { allowed: true, exceptions: [] }, { allowed: false, exceptions: [] }])
      expect(disassembleDeviceProgram(assembleDeviceProgram(program))).toEqual(program);
    const code = assembleDeviceProgram(some);
    for (let index = 0; index < code.length; index += 1) {
      const other = Buffer.from(code);
      other.writeUInt8(other.readUInt8(index) ^ 0x40, index);
      const found = disassembleDeviceProgram(other);
      // A number changed is another list; anything else is no program of ours.
      if (found !== undefined) expect(assembleDeviceProgram(found).equals(other)).toBe(true);
    }
    expect(disassembleDeviceProgram(Buffer.alloc(0))).toBeUndefined();
    expect(disassembleDeviceProgram(Buffer.alloc(16))).toBeUndefined();
    expect(disassembleDeviceProgram(code.subarray(0, code.length - 3))).toBeUndefined();
  });
});

describe.skipIf(process.arch !== 'x64')('bpf(2) as the C compiler has it', () => {
  it('has offsets and numbers of linux/bpf.h', () => {
    const lines = [
      ...Object.entries(bpfOffsets).flatMap(([struct, fields]) =>
        Object.keys(fields).map((field) => `printf("${struct.split(' ')[1]}.${field} %zu\\n", offsetof(${struct}, ${field}));`),
      ),
      ...Object.keys(bpfConstants).map((name) => `printf("${name} %d\\n", (int)${name});`),
    ];
    const directory = mkdtempSync(join(tmpdir(), 'bulkhead-bpf-'));
    try {
      writeFileSync(
        join(directory, 'bpf.c'),
        `#include <stddef.h>\n#include <stdio.h>\n#include <linux/bpf.h>\nint main(void) {\n${lines.join('\n')}\nreturn 0;\n}\n`,
      );
      execFileSync('cc', ['-w', '-o', join(directory, 'bpf'), join(directory, 'bpf.c')]);
      const found = Object.fromEntries(
        execFileSync(join(directory, 'bpf'), { encoding: 'utf8' })
          .trim()
          .split('\n')
          .map((line) => [line.split(' ')[0], Number(line.split(' ')[1])]),
      );
      const ours = Object.entries(bpfOffsets).flatMap(([struct, fields]) =>
        Object.entries(fields).map(([field, offset]) => [`${struct.split(' ')[1]}.${field}`, offset] as const),
      );
      expect(found).toEqual(Object.fromEntries([...ours, ...Object.entries(bpfConstants)]));
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  });
});
