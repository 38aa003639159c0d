import koffi from 'koffi';
import { callBpf, callProgLoad } from './bpf-call.ts';
import { hasErrno } from './error.ts';
import { adopt, type Fd, numberOf } from './fd.ts';
import { named, perform } from './library.ts';

/**
 * Programs of BPF_PROG_TYPE_CGROUP_DEVICE, which decide what devices the processes of a cgroup of version 2 may open and
 * make: assembled, attached, replaced and read back through bpf(2). include/uapi/linux/bpf.h throughout.
 */

const BPF_PROG_LOAD = 5;
const BPF_PROG_ATTACH = 8;
const BPF_PROG_DETACH = 9;
const BPF_PROG_GET_FD_BY_ID = 13;
const BPF_OBJ_GET_INFO_BY_FD = 15;
const BPF_PROG_QUERY = 16;
const BPF_PROG_TYPE_CGROUP_DEVICE = 15;
const BPF_CGROUP_DEVICE = 6;
const BPF_F_ALLOW_MULTI = 2;
/** Linux 5.6 */
const BPF_F_REPLACE = 4;

/** Bytes of union bpf_attr that are used here; the kernel takes the rest as zero. */
const attrBytes = 120;
/** Where fields of union bpf_attr and of struct bpf_prog_info are; a test holds them against the C compiler. */
export const bpfOffsets = {
  'union bpf_attr': {
    prog_type: 0,
    insn_cnt: 4,
    insns: 8,
    license: 16,
    prog_name: 48,
    expected_attach_type: 68,
    target_fd: 0,
    attach_bpf_fd: 4,
    attach_type: 8,
    attach_flags: 12,
    replace_bpf_fd: 16,
    'query.target_fd': 0,
    'query.attach_type': 4,
    'query.attach_flags': 12,
    'query.prog_ids': 16,
    'query.prog_cnt': 24,
    prog_id: 0,
    'info.bpf_fd': 0,
    'info.info_len': 4,
    'info.info': 8,
  },
  'struct bpf_prog_info': { type: 0, id: 4, xlated_prog_len: 20, xlated_prog_insns: 32, name: 64 },
} as const;
const attrs = bpfOffsets['union bpf_attr'];
const infos = bpfOffsets['struct bpf_prog_info'];
const infoBytes = 232;

/** Numbers of the macros above and below, for the test that holds them against the C compiler. */
export const bpfConstants = {
  BPF_PROG_LOAD,
  BPF_PROG_ATTACH,
  BPF_PROG_DETACH,
  BPF_PROG_GET_FD_BY_ID,
  BPF_OBJ_GET_INFO_BY_FD,
  BPF_PROG_QUERY,
  BPF_PROG_TYPE_CGROUP_DEVICE,
  BPF_CGROUP_DEVICE,
  BPF_F_ALLOW_MULTI,
  BPF_F_REPLACE,
  BPF_DEVCG_ACC_MKNOD: 1,
  BPF_DEVCG_ACC_READ: 2,
  BPF_DEVCG_ACC_WRITE: 4,
  BPF_DEVCG_DEV_BLOCK: 1,
  BPF_DEVCG_DEV_CHAR: 2,
} as const;

const address = (buffer: Buffer): bigint => BigInt(koffi.address(buffer));

function bpf(command: number, name: string, operands: Parameters<typeof perform>[1], attr: Buffer): number {
  return perform('bpf', [named(name), ...operands], () => (command === BPF_PROG_LOAD ? callProgLoad(attr) : callBpf(command, attr)));
}

/** What a program lets through beside what holds for all. A number that is absent stands for every one. */
export interface DeviceException {
  type: 'block' | 'char';
  major?: number;
  minor?: number;
  /** Bits of `deviceAccess`. */
  access: number;
}

/** Bits of BPF_DEVCG_ACC_*. */
export const deviceAccess = { m: 1, r: 2, w: 4 } as const;

export interface DeviceProgram {
  /** Of devices that no exception matches. */
  allowed: boolean;
  exceptions: readonly DeviceException[];
}

// Opcodes of include/uapi/linux/bpf_common.h and bpf.h: class, operation and source in one byte.
const LDX_W = 0x61;
const AND_K = 0x57;
const RSH_K = 0x77;
const MOV_K = 0xb7;
const MOV_X = 0xbf;
const JEQ_K = 0x15;
const JNE_K = 0x55;
const JNE_X = 0x5d;
const EXIT = 0x95;

interface Instruction {
  code: number;
  to: number;
  from: number;
  offset: number;
  immediate: number;
}
const instructionBytes = 8;

const instruction = (code: number, to: number, from: number, offset: number, immediate: number): Instruction => ({
  code,
  to,
  from,
  offset,
  immediate,
});

/** r2: type, r3: access, r4: major, r5: minor, out of struct bpf_cgroup_dev_ctx at r1. */
const preamble: readonly Instruction[] = [
  instruction(LDX_W, 2, 1, 0, 0),
  instruction(AND_K, 2, 0, 0, 0xffff),
  instruction(LDX_W, 3, 1, 0, 0),
  instruction(RSH_K, 3, 0, 0, 16),
  instruction(LDX_W, 4, 1, 4, 0),
  instruction(LDX_W, 5, 1, 8, 0),
];
const typeNumbers = { block: bpfConstants.BPF_DEVCG_DEV_BLOCK, char: bpfConstants.BPF_DEVCG_DEV_CHAR } as const;

/** One exception: tests that lead past it, then the answer. */
function blockOf({ type, major, minor, access }: DeviceException, allowed: boolean): Instruction[] {
  const tests: ((past: number) => Instruction[])[] = [
    (past) => [instruction(JNE_K, 2, 0, past, typeNumbers[type])],
    // To be allowed, all that is asked for must be; one of it forbidden is enough to be denied (security/device_cgroup.c).
    (past) => [
      instruction(MOV_X, 1, 3, 0, 0),
      instruction(AND_K, 1, 0, 0, access),
      allowed ? instruction(JNE_X, 1, 3, past, 0) : instruction(JEQ_K, 1, 0, past, 0),
    ],
    ...(major === undefined ? [] : [(past: number) => [instruction(JNE_K, 4, 0, past, major)]]),
    ...(minor === undefined ? [] : [(past: number) => [instruction(JNE_K, 5, 0, past, minor)]]),
  ];
  const answer = [instruction(MOV_K, 0, 0, 0, allowed ? 1 : 0), instruction(EXIT, 0, 0, 0, 0)];
  const length = tests.reduce((sum, test) => sum + test(0).length, 0) + answer.length;
  const block: Instruction[] = [];
  for (const test of tests) {
    const size = test(0).length;
    block.push(...test(length - block.length - size));
  }
  return [...block, ...answer];
}

/** The program as the kernel takes it: eight bytes an instruction. */
export function assembleDeviceProgram({ allowed, exceptions }: DeviceProgram): Buffer {
  const instructions = [
    ...preamble,
    ...exceptions.flatMap((exception) => blockOf(exception, !allowed)),
    instruction(MOV_K, 0, 0, 0, allowed ? 1 : 0),
    instruction(EXIT, 0, 0, 0, 0),
  ];
  const code = Buffer.alloc(instructions.length * instructionBytes);
  for (const [index, { code: opcode, to, from, offset, immediate }] of instructions.entries()) {
    const at = index * instructionBytes;
    code.writeUInt8(opcode, at);
    code.writeUInt8(to | (from << 4), at + 1);
    code.writeInt16LE(offset, at + 2);
    code.writeInt32LE(immediate, at + 4);
  }
  return code;
}

/**
 * What a program says, read off its instructions; undefined where it is none that `assembleDeviceProgram` makes.
 *
 * The verifier rewrites none of these: the context of such a program is handed to it as it is (kernel/bpf/cgroup.c).
 */
export function disassembleDeviceProgram(code: Buffer): DeviceProgram | undefined {
  const count = code.length / instructionBytes;
  if (!Number.isInteger(count) || count < preamble.length + 2) return undefined;
  const opcodeAt = (index: number): number => code.readUInt8(index * instructionBytes);
  const registerAt = (index: number): number => code.readUInt8(index * instructionBytes + 1) & 0xf;
  const immediateAt = (index: number): number => code.readInt32LE(index * instructionBytes + 4);
  const allowed = immediateAt(count - 2) === 1;
  const exceptions: DeviceException[] = [];
  for (let index = preamble.length; index < count - 2; ) {
    if (opcodeAt(index) !== JNE_K || registerAt(index) !== 2 || index + 5 > count - 2) return undefined;
    const exception: DeviceException = {
      type: immediateAt(index) === typeNumbers.block ? 'block' : 'char',
      access: immediateAt(index + 2),
    };
    for (index += 4; opcodeAt(index) === JNE_K; index += 1) {
      if (registerAt(index) === 4) exception.major = immediateAt(index);
      else exception.minor = immediateAt(index);
    }
    index += 2;
    exceptions.push(exception);
  }
  const found: DeviceProgram = { allowed, exceptions };
  // Whatever else differs makes it another program.
  return assembleDeviceProgram(found).equals(code) ? found : undefined;
}

const license = Buffer.from('Apache-2.0\0');

/** bpf(2), BPF_PROG_LOAD: a program of this name (15 letters, digits and `_` at most). Wants CAP_BPF. */
export function loadDeviceProgram(program: DeviceProgram, name: string): Fd {
  const code = assembleDeviceProgram(program);
  const attr = Buffer.alloc(attrBytes);
  attr.writeUInt32LE(BPF_PROG_TYPE_CGROUP_DEVICE, attrs.prog_type);
  attr.writeUInt32LE(code.length / instructionBytes, attrs.insn_cnt);
  attr.writeBigUInt64LE(address(code), attrs.insns);
  attr.writeBigUInt64LE(address(license), attrs.license);
  attr.write(name, attrs.prog_name, 15, 'latin1');
  attr.writeUInt32LE(BPF_CGROUP_DEVICE, attrs.expected_attach_type);
  const number = bpf(BPF_PROG_LOAD, 'BPF_PROG_LOAD', [named('BPF_PROG_TYPE_CGROUP_DEVICE'), name], attr);
  return adopt(number, `bpf:${name}`);
}

/** bpf(2), BPF_PROG_ATTACH, beside others (BPF_F_ALLOW_MULTI); in the place of one of them where it is given, with no moment between. */
export function attachDeviceProgram(cgroup: Fd, program: Fd, replaced?: Fd): void {
  const attr = Buffer.alloc(attrBytes);
  attr.writeUInt32LE(numberOf(cgroup), attrs.target_fd);
  attr.writeUInt32LE(numberOf(program), attrs.attach_bpf_fd);
  attr.writeUInt32LE(BPF_CGROUP_DEVICE, attrs.attach_type);
  attr.writeUInt32LE(replaced === undefined ? BPF_F_ALLOW_MULTI : BPF_F_ALLOW_MULTI | BPF_F_REPLACE, attrs.attach_flags);
  if (replaced !== undefined) attr.writeUInt32LE(numberOf(replaced), attrs.replace_bpf_fd);
  const flags = replaced === undefined ? 'BPF_F_ALLOW_MULTI' : 'BPF_F_ALLOW_MULTI|BPF_F_REPLACE';
  bpf(BPF_PROG_ATTACH, 'BPF_PROG_ATTACH', [cgroup, program, named('BPF_CGROUP_DEVICE'), named(flags)], attr);
}

/** bpf(2), BPF_PROG_DETACH. */
export function detachDeviceProgram(cgroup: Fd, program: Fd): void {
  const attr = Buffer.alloc(attrBytes);
  attr.writeUInt32LE(numberOf(cgroup), attrs.target_fd);
  attr.writeUInt32LE(numberOf(program), attrs.attach_bpf_fd);
  attr.writeUInt32LE(BPF_CGROUP_DEVICE, attrs.attach_type);
  bpf(BPF_PROG_DETACH, 'BPF_PROG_DETACH', [cgroup, program, named('BPF_CGROUP_DEVICE')], attr);
}

/** Programs that are asked for at once, at most. */
const mostPrograms = 64;

/** bpf(2), BPF_PROG_QUERY: ids of the device programs attached to a group itself, in the order they run. */
export function deviceProgramIds(cgroup: Fd): number[] {
  const ids = Buffer.alloc(mostPrograms * 4);
  const attr = Buffer.alloc(attrBytes);
  attr.writeUInt32LE(numberOf(cgroup), attrs['query.target_fd']);
  attr.writeUInt32LE(BPF_CGROUP_DEVICE, attrs['query.attach_type']);
  attr.writeBigUInt64LE(address(ids), attrs['query.prog_ids']);
  attr.writeUInt32LE(mostPrograms, attrs['query.prog_cnt']);
  bpf(BPF_PROG_QUERY, 'BPF_PROG_QUERY', [cgroup, named('BPF_CGROUP_DEVICE')], attr);
  const count = Math.min(attr.readUInt32LE(attrs['query.prog_cnt']), mostPrograms);
  return Array.from({ length: count }, (_, index) => ids.readUInt32LE(index * 4));
}

/** bpf(2), BPF_PROG_GET_FD_BY_ID. @returns undefined where it is gone */
export function openDeviceProgram(id: number): Fd | undefined {
  const attr = Buffer.alloc(attrBytes);
  attr.writeUInt32LE(id, attrs.prog_id);
  try {
    return adopt(bpf(BPF_PROG_GET_FD_BY_ID, 'BPF_PROG_GET_FD_BY_ID', [id], attr), `bpf:${id}`);
  } catch (failure) {
    if (hasErrno(failure, 'ENOENT')) return undefined;
    throw failure;
  }
}

/** bpf(2), BPF_OBJ_GET_INFO_BY_FD: a program's name, and its instructions as the verifier left them. */
export function readDeviceProgram(program: Fd): { name: string; code: Buffer } {
  const ask = (info: Buffer): void => {
    const attr = Buffer.alloc(attrBytes);
    attr.writeUInt32LE(numberOf(program), attrs['info.bpf_fd']);
    attr.writeUInt32LE(info.length, attrs['info.info_len']);
    attr.writeBigUInt64LE(address(info), attrs['info.info']);
    bpf(BPF_OBJ_GET_INFO_BY_FD, 'BPF_OBJ_GET_INFO_BY_FD', [program], attr);
  };
  const first = Buffer.alloc(infoBytes);
  ask(first);
  const code = Buffer.alloc(first.readUInt32LE(infos.xlated_prog_len));
  const info = Buffer.alloc(infoBytes);
  if (code.length > 0) {
    info.writeUInt32LE(code.length, infos.xlated_prog_len);
    info.writeBigUInt64LE(address(code), infos.xlated_prog_insns);
    ask(info);
  }
  const name = first.subarray(infos.name, infos.name + 16);
  return { name: name.toString('latin1', 0, Math.max(0, name.indexOf(0))), code };
}
