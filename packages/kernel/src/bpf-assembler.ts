import { layouts, put } from './layout.ts';

const registers = { r0: 0, r1: 1, r2: 2, r3: 3, r4: 4, r5: 5, r6: 6, r7: 7, r8: 8, r9: 9, r10: 10 } as const;

/**
 * A register of a BPF program: r1 to r5 are arguments of a call and gone after it, r0 is its result, r6 to r9 are kept, and
 * r10 is the end of the stack frame of 512 bytes, which lies below it.
 */
export type BpfRegister = keyof typeof registers;

/** Bytes that are read or written at once. */
export type BpfSize = 1 | 2 | 4 | 8;

/** include/uapi/linux/bpf_common.h and bpf.h: classes, sizes, modes and operations. */
const BPF_LD = 0;
const BPF_LDX = 1;
const BPF_ST = 2;
const BPF_STX = 3;
const BPF_JMP = 5;
const BPF_ALU64 = 7;
const BPF_MEM = 0x60;
const BPF_IMM = 0;
const BPF_X = 8;
const sizes = { 4: 0x00, 2: 0x08, 1: 0x10, 8: 0x18 } as const;
const operations = { add: 0x00, mul: 0x20, and: 0x50, lsh: 0x60, rsh: 0x70, mov: 0xb0 } as const;
const conditions = { '==': 0x10, '>': 0x20, '>=': 0x30, '!=': 0x50, '<': 0xa0, '<=': 0xb0 } as const;
const BPF_JA = 0x00;
const BPF_CALL = 0x80;
const BPF_EXIT = 0x90;
const BPF_PSEUDO_MAP_FD = 1;
const BPF_PSEUDO_FUNC = 4;

export type BpfCondition = keyof typeof conditions;

const bytesOf = layouts.bpfInsn.size;

/**
 * Puts a BPF program together, instruction by instruction (Documentation/bpf/standardization/instruction-set.rst). It knows
 * those instructions that programs here are made of. Comparisons are unsigned.
 */
export class BpfAssembler {
  readonly #instructions: Buffer[] = [];
  readonly #labels = new Map<string, number>();
  readonly #jumps: { at: number; label: string; field: 'off' | 'imm' }[] = [];
  /** Where maps are named. */
  readonly maps: { instruction: number; name: string }[] = [];
  #names = 0;

  /** `to = from` */
  move(to: BpfRegister, from: BpfRegister | number): this {
    return this.#compute('mov', to, from);
  }

  /** `to += value` */
  add(to: BpfRegister, value: BpfRegister | number): this {
    return this.#compute('add', to, value);
  }

  /** `to *= value` */
  multiply(to: BpfRegister, value: BpfRegister | number): this {
    return this.#compute('mul', to, value);
  }

  /** `to &= value` */
  and(to: BpfRegister, value: BpfRegister | number): this {
    return this.#compute('and', to, value);
  }

  /** `to <<= bits` */
  shiftLeft(to: BpfRegister, bits: number): this {
    return this.#compute('lsh', to, bits);
  }

  /** `to >>= bits`, zeroes coming in */
  shiftRight(to: BpfRegister, bits: number): this {
    return this.#compute('rsh', to, bits);
  }

  /** `to = value`, 64 bits: takes the place of two instructions */
  moveWide(to: BpfRegister, value: bigint): this {
    const [low, high] = [value & 0xffff_ffffn, (value >> 32n) & 0xffff_ffffn];
    this.#emit({ code: BPF_LD | BPF_IMM | sizes[8], to, imm: Number(low) });
    return this.#emit({ code: 0, imm: Number(high) });
  }

  /** `to = *(from + offset)`, zero-extended */
  load(to: BpfRegister, from: BpfRegister, offset: number, size: BpfSize): this {
    return this.#emit({ code: BPF_LDX | BPF_MEM | sizes[size], to, from, offset });
  }

  /** `to =` a map, whose descriptor BPF_PROG_LOAD is told. Takes the place of two instructions. @param name as it is told there */
  moveMap(to: BpfRegister, name: string): this {
    this.maps.push({ instruction: this.#instructions.length, name });
    this.#emit({ code: BPF_LD | BPF_IMM | sizes[8], to, from: `r${BPF_PSEUDO_MAP_FD}` });
    return this.#emit({ code: 0 });
  }

  /** `to =` the function at a label, for a helper that calls it back. Takes the place of two instructions. */
  moveFunction(to: BpfRegister, label: string): this {
    this.#jumps.push({ at: this.#instructions.length, label, field: 'imm' });
    this.#emit({ code: BPF_LD | BPF_IMM | sizes[8], to, from: `r${BPF_PSEUDO_FUNC}` });
    return this.#emit({ code: 0 });
  }

  /** `*(to + offset) = value`; a number is sign-extended */
  store(to: BpfRegister, offset: number, value: BpfRegister | number, size: BpfSize): this {
    return typeof value === 'number'
      ? this.#emit({ code: BPF_ST | BPF_MEM | sizes[size], to, offset, imm: value })
      : this.#emit({ code: BPF_STX | BPF_MEM | sizes[size], to, from: value, offset });
  }

  /** Goes on at a label. */
  jump(label: string): this {
    this.#jumps.push({ at: this.#instructions.length, label, field: 'off' });
    return this.#emit({ code: BPF_JMP | BPF_JA });
  }

  /** Goes on at a label where `left condition right`. */
  jumpIf(left: BpfRegister, condition: BpfCondition, right: BpfRegister | number, label: string): this {
    this.#jumps.push({ at: this.#instructions.length, label, field: 'off' });
    return typeof right === 'number'
      ? this.#emit({ code: BPF_JMP | conditions[condition], to: left, imm: right })
      : this.#emit({ code: BPF_JMP | conditions[condition] | BPF_X, to: left, from: right });
  }

  /** Calls a helper of the kernel, BPF_FUNC_*. */
  call(helper: number): this {
    return this.#emit({ code: BPF_JMP | BPF_CALL, imm: helper });
  }

  exit(): this {
    return this.#emit({ code: BPF_JMP | BPF_EXIT });
  }

  /** Names the place of the next instruction. */
  label(name: string): this {
    if (this.#labels.has(name)) throw new Error(`the label ${name} stands twice`);
    this.#labels.set(name, this.#instructions.length);
    return this;
  }

  /** Number of the instruction at a label. */
  placeOf(label: string): number {
    const place = this.#labels.get(label);
    if (place === undefined) throw new Error(`there is no label ${label}`);
    return place;
  }

  /** A label that no other one is called. */
  newLabel(name: string): string {
    this.#names += 1;
    return `${name}#${this.#names}`;
  }

  /** Instructions for BPF_PROG_LOAD. @throws Error where a label is missing, or too far away */
  assemble(): Buffer {
    for (const { at, label, field } of this.#jumps) {
      const distance = this.placeOf(label) - at - 1;
      if (distance < -0x8000 || distance > 0x7fff) throw new Error(`the label ${label} is ${distance} instructions away`);
      put(this.#instructions[at] as Buffer, layouts.bpfInsn, field, distance);
    }
    return Buffer.concat(this.#instructions);
  }

  #compute(operation: keyof typeof operations, to: BpfRegister, value: BpfRegister | number): this {
    return typeof value === 'number'
      ? this.#emit({ code: BPF_ALU64 | operations[operation], to, imm: value })
      : this.#emit({ code: BPF_ALU64 | operations[operation] | BPF_X, to, from: value });
  }

  #emit({ code, to = 'r0', from = 'r0', offset = 0, imm = 0 }: Instruction): this {
    if (offset < -0x8000 || offset > 0x7fff) throw new Error(`an offset of ${offset} does not fit`);
    if (imm < -0x8000_0000 || imm > 0xffff_ffff) throw new Error(`the value ${imm} does not fit`);
    const bytes = Buffer.alloc(bytesOf);
    put(bytes, layouts.bpfInsn, 'code', code);
    bytes[registersAt] = registers[to] | (registers[from] << 4);
    put(bytes, layouts.bpfInsn, 'off', offset);
    put(bytes, layouts.bpfInsn, 'imm', imm);
    this.#instructions.push(bytes);
    return this;
  }
}

interface Instruction {
  code: number;
  to?: BpfRegister;
  from?: BpfRegister;
  offset?: number;
  imm?: number;
}

/** dst_reg and src_reg are bit fields of the byte after the code, in that order on little-endian machines. */
const registersAt = 1;
