import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, test } from 'vitest';
import { BpfAssembler } from './bpf-assembler.ts';

/** What the C compiler makes of the macros of the header: the fields of struct bpf_insn, in their order there. */
function compile(instructions: readonly string[]): Buffer {
  const directory = mkdtempSync(join(tmpdir(), 'bulkhead-bpf-'));
  try {
    const source = join(directory, 'insns.c');
    const program = join(directory, 'insns');
    writeFileSync(
      source,
      `#include <linux/bpf.h>\n#include <unistd.h>\nint main(void) {\nstruct bpf_insn insns[] = {\n${instructions
        .map((each) => `{ ${each} },`)
        .join('\n')}\n};\nreturn write(1, insns, sizeof insns) < 0;\n}\n`,
    );
    execFileSync('cc', ['-o', program, source]);
    return execFileSync(program);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

test.skipIf(process.arch !== 'x64')('every instruction is the one that the C compiler makes of the names in the header', () => {
  const ours = new BpfAssembler()
    .label('begin')
    .move('r1', 'r10')
    .move('r2', -3)
    .add('r3', 'r4')
    .add('r3', -16)
    .multiply('r5', 0x01000193)
    .and('r5', 63)
    .shiftLeft('r6', 4)
    .shiftRight('r6', 32)
    .load('r7', 'r8', -32, 8)
    .load('r7', 'r8', 30_000, 4)
    .load('r7', 'r8', 2, 2)
    .load('r7', 'r8', 1, 1)
    .store('r10', -8, 'r9', 8)
    .store('r10', -12, -1, 4)
    .jumpIf('r1', '==', 'r2', 'end')
    .jumpIf('r1', '!=', 0, 'begin')
    .jumpIf('r1', '<', 7, 'end')
    .jumpIf('r1', '<=', 'r3', 'end')
    .jumpIf('r1', '>', 7, 'end')
    .jumpIf('r1', '>=', 7, 'end')
    .jump('end')
    .moveWide('r4', 0x1122_3344_5566_7788n)
    .moveMap('r1', 'map')
    .moveFunction('r2', 'end')
    .call(113)
    .label('end')
    .exit();
  const [dst, src] = [(n: number) => `.dst_reg = ${n}`, (n: number) => `.src_reg = ${n}`];
  const theirs = [
    `.code = BPF_ALU64 | BPF_MOV | BPF_X, ${dst(1)}, ${src(10)}`,
    `.code = BPF_ALU64 | BPF_MOV | BPF_K, ${dst(2)}, .imm = -3`,
    `.code = BPF_ALU64 | BPF_ADD | BPF_X, ${dst(3)}, ${src(4)}`,
    `.code = BPF_ALU64 | BPF_ADD | BPF_K, ${dst(3)}, .imm = -16`,
    `.code = BPF_ALU64 | BPF_MUL | BPF_K, ${dst(5)}, .imm = 0x01000193`,
    `.code = BPF_ALU64 | BPF_AND | BPF_K, ${dst(5)}, .imm = 63`,
    `.code = BPF_ALU64 | BPF_LSH | BPF_K, ${dst(6)}, .imm = 4`,
    `.code = BPF_ALU64 | BPF_RSH | BPF_K, ${dst(6)}, .imm = 32`,
    `.code = BPF_LDX | BPF_MEM | BPF_DW, ${dst(7)}, ${src(8)}, .off = -32`,
    `.code = BPF_LDX | BPF_MEM | BPF_W, ${dst(7)}, ${src(8)}, .off = 30000`,
    `.code = BPF_LDX | BPF_MEM | BPF_H, ${dst(7)}, ${src(8)}, .off = 2`,
    `.code = BPF_LDX | BPF_MEM | BPF_B, ${dst(7)}, ${src(8)}, .off = 1`,
    `.code = BPF_STX | BPF_MEM | BPF_DW, ${dst(10)}, ${src(9)}, .off = -8`,
    `.code = BPF_ST | BPF_MEM | BPF_W, ${dst(10)}, .off = -12, .imm = -1`,
    `.code = BPF_JMP | BPF_JEQ | BPF_X, ${dst(1)}, ${src(2)}, .off = 13`,
    `.code = BPF_JMP | BPF_JNE | BPF_K, ${dst(1)}, .off = -16`,
    `.code = BPF_JMP | BPF_JLT | BPF_K, ${dst(1)}, .off = 11, .imm = 7`,
    `.code = BPF_JMP | BPF_JLE | BPF_X, ${dst(1)}, ${src(3)}, .off = 10`,
    `.code = BPF_JMP | BPF_JGT | BPF_K, ${dst(1)}, .off = 9, .imm = 7`,
    `.code = BPF_JMP | BPF_JGE | BPF_K, ${dst(1)}, .off = 8, .imm = 7`,
    '.code = BPF_JMP | BPF_JA, .off = 7',
    `.code = BPF_LD | BPF_IMM | BPF_DW, ${dst(4)}, .imm = 0x55667788`,
    '.imm = 0x11223344',
    `.code = BPF_LD | BPF_IMM | BPF_DW, ${dst(1)}, ${src('BPF_PSEUDO_MAP_FD' as never)}`,
    '.code = 0',
    `.code = BPF_LD | BPF_IMM | BPF_DW, ${dst(2)}, ${src('BPF_PSEUDO_FUNC' as never)}, .imm = 2`,
    '.code = 0',
    '.code = BPF_JMP | BPF_CALL, .imm = 113',
    '.code = BPF_JMP | BPF_EXIT',
  ];
  const found = ours.assemble().toString('hex').match(/.{16}/g);
  expect(found).toEqual(compile(theirs).toString('hex').match(/.{16}/g));
  expect(ours.maps).toEqual([{ instruction: 23, name: 'map' }]);
});

it('refuses what cannot be, rather than load something else', () => {
  expect(() => new BpfAssembler().jump('nowhere').assemble()).toThrow('no label nowhere');
  expect(() => new BpfAssembler().label('here').label('here')).toThrow('twice');
  expect(() => new BpfAssembler().load('r1', 'r2', 0x8000, 8)).toThrow('offset of 32768');
  expect(() => new BpfAssembler().move('r1', 2 ** 32)).toThrow('does not fit');
  const far = new BpfAssembler().jump('end');
  for (let count = 0; count < 0x8000; count += 1) far.move('r0', 0);
  expect(() => far.label('end').exit().assemble()).toThrow('instructions away');
});

it('makes labels that no other one is called', () => {
  const a = new BpfAssembler();
  expect(new Set([a.newLabel('x'), a.newLabel('x'), a.newLabel('y')]).size).toBe(3);
});
