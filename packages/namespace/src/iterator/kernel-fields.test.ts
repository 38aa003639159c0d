import type { BtfMember } from '@bulkhead/kernel';
import { BpfAssembler } from '@bulkhead/kernel';
import { describe, expect, it } from 'vitest';
import { assembleFileProgram } from './file-program.ts';
import { KernelLacks, readKernelFields } from './kernel-fields.ts';
import { assembleTaskProgram } from './task-program.ts';

/** A kernel that has every member that is asked for, but these. */
function kernel({ without = [], sizes = {}, pointers = [] }: { without?: string[]; sizes?: Record<string, number>; pointers?: string[] }) {
  const small = new Set([
    'pid',
    'tgid',
    '__state',
    'exit_state',
    'flags',
    'nr_threads',
    'level',
    'nr',
    'fd',
    'inum',
    'val',
    'ns_type',
    'type',
  ]);
  return {
    member(struct: string, path: string): BtfMember | undefined {
      const name = `${struct}.${path}`;
      if (without.includes(name)) return undefined;
      const last = path.split('.').at(-1) as string;
      return { offset: 16, size: sizes[name] ?? (last === 'comm' ? 16 : small.has(last) ? 4 : 8) };
    },
    isPointer: (struct: string, path: string) => pointers.includes(`${struct}.${path}`),
  };
}

/** What changed between the kernels that are tried. */
const old = kernel({ without: ['ns_common.ns_type', 'mnt_namespace.ns.ns_id', 'mount.mnt_next_for_sb', 'mnt_namespace.seq'] });
const recent = kernel({
  without: ['proc_ns_operations.type', 'mount.mnt_instance.next', 'mnt_namespace.seq'],
  pointers: ['super_block.s_mounts'],
});

describe('members of the kernel', () => {
  it('are those of an old one, with its list of mounts and its types among the operations', () => {
    const fields = readKernelFields(old);
    expect(fields.mounts.kind).toBe('list');
    expect(fields.common.type).toBeUndefined();
    expect(fields.operations.type).toBe(16);
    expect(fields.mountNamespace.id).toBeUndefined();
  });

  it('are those of a recent one', () => {
    const fields = readKernelFields(recent);
    expect(fields.mounts.kind).toBe('single');
    expect(fields.common.type).toBe(16);
    expect(fields.mountNamespace.id).toBe(16);
  });

  it('that are gone or of another size are named', () => {
    expect(() => readKernelFields(kernel({ without: ['task_struct.nsproxy'] }))).toThrow(
      new KernelLacks('its types have no task_struct.nsproxy'),
    );
    expect(() => readKernelFields(kernel({ sizes: { 'task_struct.comm': 32 } }))).toThrow('task_struct.comm has 32 bytes, not 16');
    const none = kernel({ without: ['ns_common.ns_type', 'proc_ns_operations.type'] });
    expect(() => readKernelFields(none)).toThrow('ns_common.ns_type or proc_ns_operations.type');
  });

  it('make programs of either kernel, that name their map and their functions', () => {
    for (const btf of [old, recent]) {
      const fields = readKernelFields(btf);
      expect(assembleTaskProgram(fields).length % 8).toBe(0);
      const { instructions, functions, maps } = assembleFileProgram(fields);
      expect(functions[0]).toBe(0);
      // A function begins after the end of the one before.
      const exit = new BpfAssembler().exit().assemble();
      const second = functions[1] as number;
      expect(instructions.subarray((second - 1) * 8, second * 8)).toEqual(exit);
      expect(maps.map(({ name }) => name)).toEqual(['mounts', 'mounts']);
      for (const { instruction } of maps) expect(instructions.readUInt8(instruction * 8)).toBe(0x18);
    }
  });
});
