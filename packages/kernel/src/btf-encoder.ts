import { layouts, pack } from './layout.ts';

/** include/uapi/linux/btf.h */
const BTF_MAGIC = 0xeb9f;
const BTF_KIND_INT = 1;
const BTF_KIND_PTR = 2;
const BTF_KIND_FUNC = 12;
const BTF_KIND_FUNC_PROTO = 13;

/** Ids of what encodeFunctionTypes writes, in its order. */
const int = 1;
const pointer = 2;

const word = (...values: readonly number[]): Buffer => {
  const bytes = Buffer.alloc(values.length * 4);
  for (const [index, value] of values.entries()) bytes.writeUInt32LE(value >>> 0, index * 4);
  return bytes;
};
const info = (kind: number, count: number): number => (kind << 24) | count;

/**
 * BTF for a program that consists of several functions, which the kernel wants where one of them is called back: each
 * returns an int, and takes what its parameters say.
 *
 * @returns the types, and the id of each function's
 */
export function encodeFunctionTypes(functions: readonly { name: string; parameters: readonly ('int' | 'pointer')[] }[]): {
  types: Buffer;
  ids: number[];
} {
  let strings = '\0';
  const nameOf = (name: string): number => {
    const at = strings.length;
    strings += `${name}\0`;
    return at;
  };
  // int: signed, 32 bits; then a pointer to void.
  const parts = [word(nameOf('int'), info(BTF_KIND_INT, 0), 4, (1 << 24) | 32), word(0, info(BTF_KIND_PTR, 0), 0)];
  const ids: number[] = [];
  let count = pointer;
  for (const { name, parameters } of functions) {
    const types = parameters.flatMap((parameter) => [nameOf(`p${strings.length}`), parameter === 'int' ? int : pointer]);
    parts.push(word(0, info(BTF_KIND_FUNC_PROTO, parameters.length), int, ...types));
    // Static linkage: what is called back may have no other.
    parts.push(word(nameOf(name), info(BTF_KIND_FUNC, 0), count + 1));
    count += 2;
    ids.push(count);
  }
  const body = Buffer.concat(parts);
  const header = pack(layouts.btfHeader, {
    magic: BTF_MAGIC,
    version: 1,
    hdr_len: layouts.btfHeader.size,
    type_len: body.length,
    str_off: body.length,
    str_len: strings.length,
  });
  return { types: Buffer.concat([header, body, Buffer.from(strings, 'latin1')]), ids };
}
