import koffi from 'koffi';
import { callBpf, callProgLoad } from './bpf-call.ts';
import {
  BPF_BTF_LOAD,
  BPF_ITER_CREATE,
  BPF_LINK_CREATE,
  BPF_MAP_CREATE,
  BPF_MAP_LOOKUP_AND_DELETE_BATCH,
  BPF_TRACE_ITER,
} from './constants.ts';
import { SyscallError } from './error.ts';
import { adopt, type Fd, numberOf } from './fd.ts';
import { layouts, pack, put, takeInt } from './layout.ts';
import { declare, named, perform } from './library.ts';

const cRead = declare<(fd: number, into: Buffer, count: number) => number>('read', 'long', ['int', 'void *', 'size_t']);
const cClose = declare<(fd: number) => number>('close', 'int', ['int']);

/** A program for BPF_PROG_LOAD. */
export interface BpfProgram {
  /** For transcripts and errors. */
  name: string;
  /** BPF_PROG_TYPE_* */
  type: number;
  /** BPF_* of enum bpf_attach_type, where the type of program wants one. */
  attachType: number;
  /** Id of the kernel's function or type that it is attached to, in the kernel's BTF; 0 where none. */
  attachBtfId: number;
  /** As BpfAssembler gives them. */
  instructions: Buffer;
  /** Its functions, in the order of their instructions, where it has more than one; `type` is the id in `types`. */
  functions?: { types: Fd; places: readonly { instruction: number; type: number }[] };
  /** The maps it names, by the instruction that does. */
  maps?: readonly { instruction: number; map: Fd }[];
  /** What it is offered under: the kernel lends some helpers only to what is compatible with the GPL. */
  license: string;
}

/** The verifier refused a program; the message ends with what it said last, `log` is all of it. */
export class VerifierError extends SyscallError {
  readonly log: string;
  constructor(errno: number, args: string, log: string) {
    super('bpf', errno, args);
    this.name = 'VerifierError';
    this.log = log;
    const last = log.trimEnd().split('\n').slice(-3).join(' | ');
    if (last !== '') this.message += `: ${last}`;
  }
}

/** The verifier writes all it looked at; of a longer log the beginning would be kept, so that it fails with ENOSPC. */
const logBytes = 4 * 1024 * 1024;

/**
 * BPF_PROG_LOAD of bpf(2): checks a program and takes it. Wants CAP_BPF, and CAP_PERFMON where it reads the kernel's
 * memory.
 *
 * @throws VerifierError where the verifier refuses it, SyscallError EPERM without the capabilities
 */
export function bpf_prog_load({ name, type, attachType, attachBtfId, functions, maps = [], license, ...program }: BpfProgram): Fd {
  const instructions = Buffer.from(program.instructions);
  for (const { instruction, map } of maps) put(instructions, layouts.bpfInsn, 'imm', numberOf(map), instruction * layouts.bpfInsn.size);
  const terms = Buffer.from(`${license}\0`, 'latin1');
  const places = functions?.places ?? [];
  const infos = Buffer.alloc(Math.max(places.length, 1) * layouts.bpfFuncInfo.size);
  for (const [index, place] of places.entries()) {
    put(infos, layouts.bpfFuncInfo, 'insn_off', place.instruction, index * layouts.bpfFuncInfo.size);
    put(infos, layouts.bpfFuncInfo, 'type_id', place.type, index * layouts.bpfFuncInfo.size);
  }
  const load = (log: Buffer | undefined): number => {
    const attr = pack(layouts.bpfProgLoad, {
      prog_type: type,
      insn_cnt: instructions.length / layouts.bpfInsn.size,
      insns: BigInt(koffi.address(instructions)),
      license: BigInt(koffi.address(terms)),
      expected_attach_type: attachType,
      attach_btf_id: attachBtfId,
      ...(functions === undefined
        ? {}
        : {
            prog_btf_fd: numberOf(functions.types),
            func_info_rec_size: layouts.bpfFuncInfo.size,
            func_info: BigInt(koffi.address(infos)),
            func_info_cnt: places.length,
          }),
      ...(log === undefined ? {} : { log_level: 1, log_size: log.length, log_buf: BigInt(koffi.address(log)) }),
    });
    return callProgLoad(attr);
  };
  const operands = [named('BPF_PROG_LOAD'), name];
  try {
    return adopt(
      perform('bpf', operands, () => load(undefined)),
      `bpf program ${name}`,
    );
  } catch (failure) {
    if (!(failure instanceof SyscallError) || failure.code === 'EPERM' || failure.code === 'ENOSYS') throw failure;
    // Once more, for the log: writing it takes the verifier many times as long as checking.
    const log = Buffer.alloc(logBytes);
    const number = load(log);
    if (number >= 0) return adopt(number, `bpf program ${name}`);
    const end = log.indexOf(0);
    throw new VerifierError(failure.errno, failure.args, log.toString('latin1', 0, end < 0 ? log.length : end));
  }
}

/** BPF_MAP_CREATE of bpf(2). @param flags BPF_F_* */
export function bpf_map_create(type: number, { keyBytes, valueBytes, entries, flags = 0 }: BpfMapShape): Fd {
  const attr = pack(layouts.bpfMapCreate, {
    map_type: type,
    key_size: keyBytes,
    value_size: valueBytes,
    max_entries: entries,
    map_flags: flags,
  });
  return adopt(
    perform('bpf', [named('BPF_MAP_CREATE'), type, entries], () => callBpf(BPF_MAP_CREATE, attr)),
    'bpf map',
  );
}

export interface BpfMapShape {
  keyBytes: number;
  valueBytes: number;
  entries: number;
  flags?: number;
}

/**
 * BPF_MAP_LOOKUP_AND_DELETE_BATCH of bpf(2), once: entries of a hash map, which is emptied of them. Not recorded, it
 * changes nothing of the host.
 *
 * @param keys room for as many as are wanted, and `values` for theirs; a map of few buckets may want more room (ENOSPC)
 * @param position where to go on: zeroes at the beginning, then as the last call left it
 * @returns how many were written, and whether those were the last
 */
export function bpf_map_lookup_and_delete_batch(
  map: Fd,
  { keys, values, position }: { keys: Buffer; values: Buffer; position: Buffer },
  most: number,
): { count: number; isLast: boolean } {
  const at = BigInt(koffi.address(position));
  const attr = pack(layouts.bpfMapBatch, {
    'batch.in_batch': position.readUInt32LE(0) === 0 ? 0n : at,
    'batch.out_batch': at,
    'batch.keys': BigInt(koffi.address(keys)),
    'batch.values': BigInt(koffi.address(values)),
    'batch.count': most,
    'batch.map_fd': numberOf(map),
  });
  const result = callBpf(BPF_MAP_LOOKUP_AND_DELETE_BATCH, attr);
  // ENOENT says that there is no more, not that nothing was written.
  if (result < 0 && koffi.errno() !== koffi.os.errno.ENOENT)
    throw new SyscallError('bpf', koffi.errno(), `BPF_MAP_LOOKUP_AND_DELETE_BATCH, ${map.label}`);
  return { count: takeInt(attr, layouts.bpfMapBatch, 'batch.count'), isLast: result < 0 };
}

/** BPF_BTF_LOAD of bpf(2): types of a program of ours. */
export function bpf_btf_load(types: Buffer): Fd {
  const attr = pack(layouts.bpfBtfLoad, { btf: BigInt(koffi.address(types)), btf_size: types.length });
  return adopt(
    perform('bpf', [named('BPF_BTF_LOAD'), types.length], () => callBpf(BPF_BTF_LOAD, attr)),
    'bpf types',
  );
}

/** BPF_LINK_CREATE of bpf(2): attaches a program. @param target a cgroup, for a program of cgroups; an iterator has none */
export function bpf_link_create(program: Fd, attachType: number, target?: Fd): Fd {
  const attr = pack(layouts.bpfLinkCreate, {
    'link_create.prog_fd': numberOf(program),
    'link_create.target_fd': target === undefined ? 0 : numberOf(target),
    'link_create.attach_type': attachType,
  });
  const operands = [named('BPF_LINK_CREATE'), program, ...(target === undefined ? [] : [target])];
  return adopt(
    perform('bpf', operands, () => callBpf(BPF_LINK_CREATE, attr)),
    `bpf link of ${program.label}`,
  );
}

/** BPF_ITER_CREATE of bpf(2): one walk by an attached iterator. What its program writes is read from the descriptor. */
export function bpf_iter_create(link: Fd): Fd {
  const attr = pack(layouts.bpfIterCreate, { 'iter_create.link_fd': numberOf(link) });
  return adopt(
    perform('bpf', [named('BPF_ITER_CREATE'), link], () => callBpf(BPF_ITER_CREATE, attr)),
    `bpf iterator of ${link.label}`,
  );
}

/**
 * One walk over the threads of one process, by a program for the iterator `task`: BPF_LINK_CREATE, BPF_ITER_CREATE and
 * read(2). A third of the time of asking /proc about it. Linux 6.1.
 */
export class ProcessIterator {
  readonly #info = Buffer.alloc(layouts.bpfIterLinkInfo.size);
  readonly #link: Buffer;
  readonly #iterator = Buffer.alloc(layouts.bpfIterCreate.size);

  /** The program stays whose it is, and open as long as this is asked. */
  constructor(program: Fd) {
    this.#link = pack(layouts.bpfLinkCreate, {
      'link_create.prog_fd': numberOf(program),
      'link_create.attach_type': BPF_TRACE_ITER,
      'link_create.iter_info': BigInt(koffi.address(this.#info)),
      'link_create.iter_info_len': this.#info.length,
    });
  }

  /** @returns bytes written, as much as one read gives; 0 where there is no such process; a negative errno: E2BIG or EINVAL before Linux 6.1 */
  read(pid: number, into: Buffer): number {
    this.#info.writeUInt32LE(pid, pidOffset);
    const link = callBpf(BPF_LINK_CREATE, this.#link);
    if (link < 0) return -koffi.errno();
    this.#iterator.writeUInt32LE(link, linkOffset);
    const iterator = callBpf(BPF_ITER_CREATE, this.#iterator);
    let result = iterator < 0 ? -koffi.errno() : 0;
    if (iterator >= 0) {
      const count = cRead(iterator, into, into.length);
      result = count < 0 ? -koffi.errno() : count;
      cClose(iterator);
    }
    cClose(link);
    return result;
  }
}

const pidOffset = layouts.bpfIterLinkInfo.fields['task.pid'][0];
const linkOffset = layouts.bpfIterCreate.fields['iter_create.link_fd'][0];
