import { layouts } from './layout.ts';

/** include/uapi/linux/btf.h: kinds of types. */
const kinds = {
  int: 1,
  pointer: 2,
  array: 3,
  struct: 4,
  union: 5,
  enum: 6,
  typedef: 8,
  volatile: 9,
  const: 10,
  restrict: 11,
  func: 12,
  float: 16,
  typeTag: 18,
  enum64: 19,
} as const;
/** Words that follow the three that every type has, by kind: once, and for each of vlen. */
const tailWords: readonly (readonly [once: number, each: number])[] = [
  [0, 0],
  [1, 0], // INT
  [0, 0], // PTR
  [3, 0], // ARRAY
  [0, 3], // STRUCT
  [0, 3], // UNION
  [0, 2], // ENUM
  [0, 0], // FWD
  [0, 0], // TYPEDEF
  [0, 0], // VOLATILE
  [0, 0], // CONST
  [0, 0], // RESTRICT
  [0, 0], // FUNC
  [0, 2], // FUNC_PROTO
  [1, 0], // VAR
  [0, 3], // DATASEC
  [0, 0], // FLOAT
  [1, 0], // DECL_TAG
  [0, 0], // TYPE_TAG
  [0, 3], // ENUM64
];
const tailOnce = Uint8Array.from(tailWords, ([once]) => once);
const tailEach = Uint8Array.from(tailWords, ([, each]) => each);
const kindOf = (info: number): number => (info >>> 24) & 0x1f;

/** Where a member is in its struct, in bytes. */
export interface BtfMember {
  offset: number;
  size: number;
}

interface FoundMember {
  offsetBits: number;
  /** Id of its type. */
  type: number;
}

/**
 * Types of the running kernel, as it tells them itself in /sys/kernel/btf/vmlinux (Documentation/bpf/btf.rst): where the
 * members of its structs are, which differs from kernel to kernel.
 */
export class Btf {
  readonly #bytes: Buffer;
  /** All of it, as words. */
  readonly #words: Uint32Array;
  /** Where the strings begin, in bytes. */
  readonly #strings: number;
  /** Where each type begins, in words, by its id. */
  readonly #places: Uint32Array;
  readonly #structs = new Map<string, number>();
  readonly #functions = new Map<string, number>();

  /**
   * Reading a hundred thousand names takes longer than all the rest, so what will be asked for is said before.
   *
   * @param wanted names of structs and functions
   * @throws Error where these bytes are no BTF of this kind of machine, or hold a kind of type that is not known
   */
  constructor(bytes: Buffer, wanted: readonly string[]) {
    const { magic, hdr_len, type_off, type_len, str_off } = layouts.btfHeader.fields;
    if (bytes.length < layouts.btfHeader.size || bytes.readUInt16LE(magic[0]) !== 0xeb9f) throw new Error('no BTF');
    // A copy where it does not lie on a word.
    this.#bytes = bytes.byteOffset % 4 === 0 ? bytes : Buffer.from(new Uint8Array(bytes).buffer);
    this.#words = new Uint32Array(this.#bytes.buffer, this.#bytes.byteOffset, Math.floor(bytes.length / 4));
    const begin = bytes.readUInt32LE(hdr_len[0]);
    this.#strings = begin + bytes.readUInt32LE(str_off[0]);
    const names = new Map<number, string>();
    for (const name of wanted) {
      // A string stands once in BTF.
      const at = this.#bytes.indexOf(`\0${name}\0`, this.#strings, 'latin1');
      if (at >= 0) names.set(at + 1 - this.#strings, name);
    }
    const first = (begin + bytes.readUInt32LE(type_off[0])) / 4;
    const end = first + bytes.readUInt32LE(type_len[0]) / 4;
    // No type has less than three words; 0 is void.
    this.#places = new Uint32Array((end - first) / 3 + 1);
    const words = this.#words;
    let id = 1;
    for (let at = first; at < end; id += 1) {
      this.#places[id] = at;
      const info = words[at + 1] as number;
      const kind = kindOf(info);
      if (kind === 0 || kind >= tailWords.length) throw new Error(`BTF with types of kind ${kind}, which is not known`);
      if (kind === kinds.struct || kind === kinds.func) {
        const name = names.get(words[at] as number);
        if (name !== undefined) (kind === kinds.struct ? this.#structs : this.#functions).set(name, id);
      }
      at += 3 + (tailOnce[kind] as number) + (tailEach[kind] as number) * (info & 0xffff);
    }
  }

  /** Id of a function of the kernel. */
  functionId(name: string): number | undefined {
    return this.#functions.get(name);
  }

  /**
   * Where a member is in a struct. A path of names leads into structs that are members; those without a name are looked
   * through.
   *
   * @returns undefined where the kernel has no such struct, or it no such member
   */
  member(struct: string, path: string): BtfMember | undefined {
    let type = this.#structs.get(struct);
    let offsetBits = 0;
    for (const name of path.split('.')) {
      const found = type === undefined ? undefined : this.#memberOf(type, name);
      if (found === undefined) return undefined;
      offsetBits += found.offsetBits;
      type = this.#plain(found.type);
    }
    return type === undefined || offsetBits % 8 !== 0 ? undefined : { offset: offsetBits / 8, size: this.#sizeOf(type) };
  }

  /** True where a member is a pointer. */
  isPointer(struct: string, name: string): boolean {
    const type = this.#structs.get(struct);
    const found = type === undefined ? undefined : this.#memberOf(type, name);
    return found !== undefined && this.#kind(this.#plain(found.type)) === kinds.pointer;
  }

  /** One of the words of struct btf_type, or of what follows it. */
  #word(type: number, index: number): number {
    return this.#words[(this.#places[type] as number) + index] as number;
  }

  #kind(type: number): number {
    return type === 0 ? 0 : kindOf(this.#word(type, 1));
  }

  #name(offset: number): string {
    const begin = this.#strings + offset;
    return this.#bytes.toString('latin1', begin, this.#bytes.indexOf(0, begin));
  }

  #memberOf(type: number, name: string): FoundMember | undefined {
    const kind = this.#kind(type);
    if (kind !== kinds.struct && kind !== kinds.union) return undefined;
    const info = this.#word(type, 1);
    // With the highest bit set, members tell the size of bit fields in the upper 8 bits.
    const mask = info >>> 31 === 1 ? 0xff_ffff : 0xffff_ffff;
    for (let index = 0; index < (info & 0xffff); index += 1) {
      const at = 3 + index * 3;
      const offsetBits = (this.#word(type, at + 2) & mask) >>> 0;
      const memberType = this.#word(type, at + 1);
      const memberName = this.#name(this.#word(type, at));
      if (memberName === name) return { offsetBits, type: memberType };
      const inner = memberName === '' ? this.#memberOf(this.#plain(memberType), name) : undefined;
      if (inner !== undefined) return { offsetBits: offsetBits + inner.offsetBits, type: inner.type };
    }
    return undefined;
  }

  /** The type itself, without typedefs and qualifiers. */
  #plain(type: number): number {
    const through: readonly number[] = [kinds.typedef, kinds.volatile, kinds.const, kinds.restrict, kinds.typeTag];
    let plain = type;
    while (through.includes(this.#kind(plain))) plain = this.#word(plain, 2);
    return plain;
  }

  #sizeOf(type: number): number {
    switch (this.#kind(type)) {
      case kinds.pointer:
        return 8;
      case kinds.array:
        return this.#sizeOf(this.#plain(this.#word(type, 3))) * this.#word(type, 5);
      case kinds.int:
      case kinds.struct:
      case kinds.union:
      case kinds.enum:
      case kinds.enum64:
      case kinds.float:
        return this.#word(type, 2);
      default:
        return 0;
    }
  }
}
