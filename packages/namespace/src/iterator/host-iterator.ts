import { readFile } from 'node:fs/promises';
import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  BPF_F_NO_PREALLOC,
  BPF_MAP_TYPE_HASH,
  BPF_PROG_TYPE_TRACING,
  BPF_TRACE_ITER,
  Btf,
  bpf_btf_load,
  bpf_iter_create,
  bpf_link_create,
  bpf_map_create,
  bpf_map_lookup_and_delete_batch,
  bpf_prog_load,
  encodeFunctionTypes,
  type Fd,
  ProcessIterator,
  read,
} from '@bulkhead/kernel';
import { type AssembledFileProgram, assembleFileProgram, fileFunctions, mountMap } from './file-program.ts';
import { KernelLacks, kernelNames, readKernelFields } from './kernel-fields.ts';
import { assembleTaskProgram } from './task-program.ts';

/** Of these bytes alone: the kernel lends the helpers that they call to what is compatible with the GPL. */
const license = 'Dual BSD/GPL';
/** As much as the kernel gives at once: the buffer of bpf_seq_read() in kernel/bpf/bpf_iter.c. */
const pieceBytes = 32 * 1024;

/** Entries of the map that are taken at once. */
const batch = 4096;

interface Programs {
  tasks: { instructions: Buffer; attachBtfId: number };
  files: AssembledFileProgram & { attachBtfId: number };
}

let assembled: Promise<Programs> | undefined;

/** The types of the kernel are some megabytes, and take some 20 ms. */
async function assemble(): Promise<Programs> {
  const bytes = await readFile('/sys/kernel/btf/vmlinux');
  const btf = new Btf(bytes, kernelNames);
  await nextTurn();
  const idOf = (name: string): number => {
    const id = btf.functionId(name);
    if (id === undefined) throw new KernelLacks(`it has no function ${name}`);
    return id;
  };
  const fields = readKernelFields(btf);
  return {
    tasks: { instructions: assembleTaskProgram(fields), attachBtfId: idOf('bpf_iter_task') },
    files: { ...assembleFileProgram(fields), attachBtfId: idOf('bpf_iter_task_file') },
  };
}

const common = { type: BPF_PROG_TYPE_TRACING, attachType: BPF_TRACE_ITER, license } as const;

function linkFiles({ files }: Programs, map: Fd): Fd {
  const { types, ids } = encodeFunctionTypes(fileFunctions);
  using loaded = bpf_btf_load(types);
  const { instructions, attachBtfId, functions, maps } = files;
  using program = bpf_prog_load({
    ...common,
    name: 'descriptors',
    instructions,
    attachBtfId,
    functions: { types: loaded, places: functions.map((instruction, index) => ({ instruction, type: ids[index] as number })) },
    maps: maps.map(({ instruction }) => ({ instruction, map })),
  });
  return bpf_link_create(program, BPF_TRACE_ITER);
}

/**
 * Walks of the kernel over its own tasks and their descriptors (Documentation/bpf/bpf_iterators.rst), by programs of ours
 * that write down what is wanted of each.
 */
export class HostIterator implements Disposable {
  readonly #owned: { program: Fd; tasks: Fd; files: Fd; mounts: Fd };
  #hasMounts = false;
  readonly #piece = Buffer.alloc(pieceBytes);
  readonly #process: ProcessIterator;
  readonly #single = Buffer.alloc(pieceBytes);
  readonly #batch = {
    keys: Buffer.alloc(batch * mountMap.keyBytes),
    values: Buffer.alloc(batch * mountMap.valueBytes),
    position: Buffer.alloc(4),
  };

  private constructor(owned: { program: Fd; tasks: Fd; files: Fd; mounts: Fd }) {
    this.#owned = owned;
    this.#process = new ProcessIterator(owned.program);
  }

  /**
   * @throws KernelLacks where the kernel's types are others than those known, SyscallError where it does not take the
   *   programs (EPERM without CAP_BPF and CAP_PERFMON), Error ENOENT where it does not tell its types
   */
  static async open(): Promise<HostIterator> {
    // Once for all: the kernel does not change under us.
    assembled ??= assemble();
    const programs = await assembled.catch((failure) => {
      assembled = undefined;
      throw failure;
    });
    using undo = new DisposableStack();
    const program = undo.use(bpf_prog_load({ ...common, ...programs.tasks, name: 'tasks' }));
    const tasks = undo.use(bpf_link_create(program, BPF_TRACE_ITER));
    // The verifier takes some 10 ms for a program: others get a turn in between.
    await nextTurn();
    const mounts = undo.use(bpf_map_create(BPF_MAP_TYPE_HASH, { ...mountMap, flags: BPF_F_NO_PREALLOC }));
    const files = undo.use(linkFiles(programs, mounts));
    undo.move();
    return new HostIterator({ program, tasks, files, mounts });
  }

  /** One walk. Each piece is to be taken before the next is asked for: its bytes are used again. */
  *walk(over: 'tasks' | 'files'): Generator<Buffer, void, unknown> {
    if (over === 'files') {
      // What a walk has left that was given up.
      if (this.#hasMounts) this.takeMounts();
      this.#hasMounts = true;
    }
    using iterator = bpf_iter_create(this.#owned[over]);
    for (;;) {
      const length = read(iterator, this.#piece);
      // Where a million objects in a row have nothing to say, the kernel makes a pause (EAGAIN).
      if (length === 0) return;
      yield this.#piece.subarray(0, length ?? 0);
    }
  }

  /**
   * One walk over the threads of one process, whose bytes are used again by the next.
   *
   * @returns undefined where there is no such process, or the kernel cannot walk over one alone
   */
  readProcess(pid: number): Buffer | undefined {
    const length = this.#process.read(pid, this.#single);
    return length <= 0 ? undefined : this.#single.subarray(0, length);
  }

  /**
   * What a walk over files has found of mounts: for each mount namespace in which namespaces are mounted, by its inode, a
   * number that stands for those and where they are.
   */
  takeMounts(): Map<number, bigint> {
    const { keys, values, position } = this.#batch;
    const found = new Map<number, bigint>();
    this.#hasMounts = false;
    position.fill(0);
    for (;;) {
      const { count, isLast } = bpf_map_lookup_and_delete_batch(this.#owned.mounts, this.#batch, batch);
      for (let index = 0; index < count; index += 1)
        found.set(keys.readUInt32LE(index * mountMap.keyBytes), values.readBigUInt64LE(index * mountMap.valueBytes));
      if (isLast) return found;
    }
  }

  [Symbol.dispose](): void {
    for (const each of Object.values(this.#owned)) each[Symbol.dispose]();
  }
}
