import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { pseudoCall, recordBytes, recordFields, slotHead } from './format.ts';
import { machineCodes } from './machine-code.ts';

const toolsOf = { x64: '', arm64: 'aarch64-linux-gnu-' } as const;
type Architecture = keyof typeof toolsOf;

function withDirectory<T>(use: (directory: string) => T): T {
  const directory = mkdtempSync(join(tmpdir(), 'bulkhead-code-'));
  try {
    return use(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Assembles the source beside this test. @returns its bytes, and offsets by label */
function assemble(architecture: Architecture): { bytes: Buffer; labels: Map<string, number> } {
  return withDirectory((directory) => {
    const [object, binary] = [join(directory, 'code.o'), join(directory, 'code.bin')];
    const tools = toolsOf[architecture];
    execFileSync(`${tools}as`, ['-o', object, join(import.meta.dirname, `interpreter-${architecture}.s`)]);
    execFileSync(`${tools}objcopy`, ['-O', 'binary', '-j', '.text', object, binary]);
    const symbols = execFileSync(`${tools}nm`, [object], { encoding: 'utf8' }).trim().split('\n');
    const labels = new Map(symbols.map((line) => [line.split(' ')[2] as string, Number.parseInt(line.split(' ')[0] as string, 16)]));
    return { bytes: readFileSync(binary), labels };
  });
}

/** A list of its own making, past the code under test, for a slot at an address that is not known yet. */
function handMadeSlot(numbers: { write: number; getpid: number; exit: number }): Buffer {
  const slot = Buffer.alloc(4096);
  let at = 512;
  const record = (
    call: number,
    args: (number | { pointer: number } | { content: number })[],
    extra: { flags?: number; skip?: number; tolerated?: number } = {},
  ): number => {
    slot.writeUInt16LE(call, at);
    slot.writeUInt16LE(extra.flags ?? 0, at + recordFields.flags);
    slot.writeUInt16LE(extra.skip ?? 0, at + recordFields.skip);
    slot.writeUInt16LE(extra.tolerated ?? 0, at + recordFields.tolerated);
    let kinds = 0;
    for (const [place, argument] of args.entries()) {
      const kind = typeof argument === 'number' ? 0 : 'pointer' in argument ? 1 : 3;
      const value = typeof argument === 'number' ? argument : 'pointer' in argument ? argument.pointer : argument.content;
      kinds |= kind << (2 * place);
      slot.writeBigInt64LE(BigInt(value), at + recordFields.args + 8 * place);
    }
    slot.writeUInt16LE(kinds, at + recordFields.kinds);
    at += recordBytes;
    return at - recordBytes;
  };
  const word = 3072;
  slot.write('sound\n', 3200, 'latin1');
  // EBADF is tolerated, and the exit behind it skipped.
  record(numbers.write, [-1, { pointer: 3200 }, 6], { skip: 1, tolerated: 9 });
  record(numbers.exit, [1]);
  record(pseudoCall.set, [{ pointer: word }, 6]);
  record(pseudoCall.compare, [{ pointer: word }, -1, 7, 33], { skip: 1, tolerated: 33 });
  record(numbers.exit, [2]);
  record(pseudoCall.compare, [{ pointer: word }, 0xff, 6, 33]);
  record(pseudoCall.jump, [{ pointer: at + 2 * recordBytes }]);
  record(numbers.exit, [3]);
  record(numbers.write, [1, { pointer: 3200 }, { content: word }]);
  record(numbers.getpid, [], { flags: 2 });
  // This one fails, whatever it answers: onFailure ends with what it had read before.
  record(numbers.write, [1, { pointer: 3200 }, 0], { flags: 1 });
  record(numbers.exit, [4]);
  const onFailure = record(numbers.exit, [{ content: word }]);
  slot.writeBigInt64LE(512n, slotHead.first);
  slot.writeBigInt64LE(BigInt(onFailure), slotHead.onFailure);
  return slot;
}

/** Beginning of a program that walks the slot behind it by the code behind it; two of its words become addresses first. */
const starts = {
  x64: `.intel_syntax noprefix
    .text
    .globl _start
_start: lea r8, [rip + slot]
    add [r8], r8
    add [r8 + 8], r8
    jmp code + INTERPRET`,
  arm64: `.text
    .globl _start
_start: adrp x9, slot
    add x9, x9, :lo12:slot
    ldp x0, x1, [x9]
    add x0, x0, x9
    add x1, x1, x9
    stp x0, x1, [x9]
    b code + INTERPRET`,
} as const;

/** Links the committed bytes into a program of their own and runs it. */
function run(architecture: Architecture, slot: Buffer, interpret: number): { output: string; code: number } {
  return withDirectory((directory) => {
    const at = (name: string) => join(directory, name);
    const tools = toolsOf[architecture];
    writeFileSync(at('code.bin'), machineCodes[architecture]?.bytes ?? '');
    writeFileSync(at('slot.bin'), slot);
    writeFileSync(
      at('start.s'),
      `${starts[architecture].replace('INTERPRET', String(interpret))}
    .balign 16
code: .incbin "${at('code.bin')}"
    .data
    .balign 4096
slot: .incbin "${at('slot.bin')}"
`,
    );
    execFileSync(`${tools}as`, ['-o', at('start.o'), at('start.s')]);
    execFileSync(`${tools}ld`, ['-o', at('start'), at('start.o')]);
    const command = architecture === process.arch ? [at('start')] : ['qemu-aarch64', at('start')];
    try {
      return { output: execFileSync(command[0] as string, command.slice(1), { encoding: 'utf8' }), code: 0 };
    } catch (failure) {
      const { stdout, status } = failure as { stdout: string; status: number };
      return { output: stdout, code: status };
    }
  });
}

// Only there are the tools of both architectures.
describe.skipIf(process.arch !== 'x64')('the interpreter', () => {
  it.each(['x64', 'arm64'] as const)('is what its source assembles to, on %s', (architecture) => {
    const { bytes, labels } = assemble(architecture);
    expect(machineCodes[architecture]?.bytes.toString('hex')).toBe(bytes.toString('hex'));
    expect(labels.get('launch')).toBe(0);
    expect(machineCodes[architecture]?.threadPointer).toBe(labels.get('thread_pointer'));
  });

  it.each([
    ['x64', { write: 1, getpid: 39, exit: 231 }],
    ['arm64', { write: 64, getpid: 172, exit: 94 }],
  ] as const)('walks a list as its source says, on %s', (architecture, numbers) => {
    const interpret = assemble(architecture).labels.get('interpret') as number;
    expect(run(architecture, handMadeSlot(numbers), interpret)).toEqual({ output: 'sound\n', code: 6 });
  });
});
