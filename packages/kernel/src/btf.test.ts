import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Btf } from './btf.ts';
import { encodeFunctionTypes } from './btf-encoder.ts';
import { layouts } from './layout.ts';

/** Builds BTF of a few types by hand: each is name, kind, vlen or flag, size or type, and what follows. */
class Builder {
  #strings = '\0';
  readonly #words: number[] = [];

  #name(name: string): number {
    if (name === '') return 0;
    const known = this.#strings.indexOf(`\0${name}\0`);
    if (known >= 0) return known + 1;
    const at = this.#strings.length;
    this.#strings += `${name}\0`;
    return at;
  }

  add(
    name: string,
    [kind, count, flag = 0]: [kind: number, count: number, flag?: number],
    size: number,
    ...tail: (number | string)[]
  ): this {
    const words = tail.map((each) => (typeof each === 'string' ? this.#name(each) : each));
    this.#words.push(this.#name(name), ((flag << 31) | (kind << 24) | count) >>> 0, size, ...words);
    return this;
  }

  build(magic = 0xeb9f): Buffer {
    const types = Buffer.from(Uint32Array.from(this.#words).buffer);
    const header = Buffer.alloc(24);
    header.writeUInt16LE(magic, 0);
    header[2] = 1;
    header.writeUInt32LE(24, 4);
    header.writeUInt32LE(types.length, 12);
    header.writeUInt32LE(types.length, 16);
    header.writeUInt32LE(this.#strings.length, 20);
    return Buffer.concat([header, types, Buffer.from(this.#strings, 'latin1')]);
  }
}

const [int, pointer, array, struct, union, typedef, volatile, func, proto, tag] = [1, 2, 3, 4, 5, 8, 9, 12, 13, 18];

/** Of each kind that the parser has to step over or look through. */
const sample = (): Builder =>
  new Builder()
    .add('int', [int, 0], 4, 32) // 1
    .add('', [pointer, 0], 5) // 2: struct outer *
    .add('', [array, 0], 0, 1, 1, 16) // 3: int[16]
    .add('', [union, 2], 8, 'low', 1, 0, 'whole', 2, 0) // 4
    .add('outer', [struct, 4], 96, 'first', 1, 0, '', 4, 64, 'list', 3, 128, 'inner', 6, 640) // 5
    .add('inner', [struct, 2, 1], 16, 'bits', 1, (3 << 24) | 5, 'where', 8, 64) // 6: with bit fields
    .add('pointer_t', [typedef, 0], 2) // 7
    .add('', [volatile, 0], 7) // 8
    .add('', [proto, 1], 1, '', 1) // 9
    .add('do_it', [func, 1], 9) // 10
    .add('rcu', [tag, 0], 5); // 11

describe('types of the kernel', () => {
  it('are looked through as far as a path leads', () => {
    const btf = new Btf(sample().build(), ['outer', 'inner', 'do_it', 'absent']);
    expect(btf.functionId('do_it')).toBe(10);
    expect(btf.member('outer', 'first')).toEqual({ offset: 0, size: 4 });
    // Through a union that has no name.
    expect(btf.member('outer', 'low')).toEqual({ offset: 8, size: 4 });
    expect(btf.member('outer', 'whole')).toEqual({ offset: 8, size: 8 });
    expect(btf.member('outer', 'list')).toEqual({ offset: 16, size: 64 });
    // Into a struct, and through qualifiers and a typedef.
    expect(btf.member('outer', 'inner.where')).toEqual({ offset: 88, size: 8 });
    expect(btf.isPointer('inner', 'where')).toBe(true);
    expect(btf.isPointer('outer', 'first')).toBe(false);
  });

  it('that are not there are told so', () => {
    const btf = new Btf(sample().build(), ['outer', 'inner', 'do_it', 'absent']);
    expect(btf.member('absent', 'first')).toBeUndefined();
    expect(btf.member('outer', 'absent')).toBeUndefined();
    expect(btf.member('outer', 'first.further')).toBeUndefined();
    // Not on a byte.
    expect(btf.member('inner', 'bits')).toBeUndefined();
    expect(btf.functionId('outer')).toBeUndefined();
    // Not said before.
    expect(new Btf(sample().build(), []).member('outer', 'first')).toBeUndefined();
  });

  it('that cannot be read are refused', () => {
    expect(() => new Btf(Buffer.from('not at all'), [])).toThrow('no BTF');
    expect(() => new Btf(sample().build(0x9feb), [])).toThrow('no BTF');
    expect(() => new Btf(sample().add('new', [27, 0], 0).build(), [])).toThrow('kind 27');
  });

  it('of our own functions are such as are read back', () => {
    const { types, ids } = encodeFunctionTypes([
      { name: 'main', parameters: ['pointer'] },
      { name: 'each', parameters: ['int', 'pointer'] },
    ]);
    const btf = new Btf(types, ['main', 'each']);
    expect([btf.functionId('main'), btf.functionId('each')]).toEqual(ids);
  });

  // Layouts are held against the C compiler by another test: so they can be a witness here.
  it.skipIf(!existsSync('/sys/kernel/btf/vmlinux'))(
    'has the members of structs that programs share with the kernel where the C compiler has them',
    () => {
      const structs = ['cloneArgs', 'openHow', 'mountAttr', 'perfEventHeader', 'bpfFuncInfo'] as const;
      const names = structs.map((name) => layouts[name].cName.replace('struct ', ''));
      const btf = new Btf(readFileSync('/sys/kernel/btf/vmlinux'), names);
      for (const [index, name] of structs.entries())
        for (const [field, [offset, size]] of Object.entries(layouts[name].fields))
          expect({ name, field, ...btf.member(names[index] as string, field) }).toEqual({ name, field, offset, size });
    },
  );
});
