import koffi from 'koffi';
import { arch } from './arch.ts';
import {
  MAP_SHARED,
  PERF_COUNT_SW_DUMMY,
  PERF_EVENT_IOC_ENABLE,
  PERF_FLAG_FD_CLOEXEC,
  PERF_RECORD_COMM,
  PERF_RECORD_EXIT,
  PERF_RECORD_FORK,
  PERF_RECORD_LOST,
  PERF_RECORD_MISC_COMM_EXEC,
  PERF_RECORD_NAMESPACES,
  PERF_TYPE_SOFTWARE,
  PROT_READ,
  PROT_WRITE,
} from './constants.ts';
import { SyscallError } from './error.ts';
import { adopt, type Fd, numberOf } from './fd.ts';
import { layouts, put } from './layout.ts';
import { declare, named, perform } from './library.ts';

const cPerfEventOpen = declare<(n: number, attr: Buffer, pid: number, cpu: number, group: number, flags: number) => number>(
  'syscall',
  'long',
  ['long', 'void *', 'long', 'long', 'long', 'long'],
);
const cIoctl = declare<(fd: number, request: number, argument: number) => number>('ioctl', 'int', ['int', 'unsigned long', 'long']);
const cMmap = declare<(address: null, length: number, protection: number, flags: number, fd: number, offset: number) => unknown>(
  'mmap',
  'void *',
  ['void *', 'size_t', 'int', 'int', 'int', 'long'],
);
const cMunmap = declare<(address: bigint, length: number) => number>('munmap', 'int', ['uintptr_t', 'size_t']);

/** include/uapi/linux/perf_event.h: bits of the flags that follow read_format in struct perf_event_attr */
export const perfAttrBits = { disabled: 0n, comm: 9n, task: 13n, watermark: 14n, comm_exec: 24n, namespaces: 28n } as const;

/** The bits have no name in C and so no field of a layout: they begin where read_format ends. */
const flagsOffset = layouts.perfEventAttr.fields.read_format[0] + 8;

const mapFailed = 0xffff_ffff_ffff_ffffn;

/** What the kernel tells of tasks, from a ring of perf_event_open(2). Pids are those of our pid namespace. */
export type TaskRecord =
  /** A thread was made; `pid` is its process, its own where it is a new process. */
  | { type: 'fork'; pid: number; tid: number; parentPid: number }
  | { type: 'exit'; pid: number; tid: number }
  /** Its comm is another one; `exec` where it became another program. */
  | { type: 'comm'; pid: number; tid: number; exec: boolean }
  /** Its namespaces are these now: told at each fork, and after unshare(2) and setns(2). By inode; the time namespace is not told. */
  | { type: 'namespaces'; pid: number; tid: number; inodes: TaskNamespaces }
  /** Records did not fit. */
  | { type: 'lost'; count: number };

/** In the kernel's order, NET_NS_INDEX to CGROUP_NS_INDEX. */
export interface TaskNamespaces {
  net: number;
  uts: number;
  ipc: number;
  pid: number;
  user: number;
  mnt: number;
  cgroup: number;
}

/**
 * perf_event_open(2): the software event that counts nothing, for every task on one CPU, with the records that come beside
 * any event: fork, exit, comm and namespaces. Wants CAP_PERFMON.
 */
export function openTaskRecords(cpu: number): Fd {
  const attr = Buffer.alloc(layouts.perfEventAttr.size);
  put(attr, layouts.perfEventAttr, 'type', PERF_TYPE_SOFTWARE);
  put(attr, layouts.perfEventAttr, 'size', layouts.perfEventAttr.size);
  put(attr, layouts.perfEventAttr, 'config', PERF_COUNT_SW_DUMMY);
  put(attr, layouts.perfEventAttr, 'wakeup_events', 1);
  const { disabled, comm, task, watermark, comm_exec, namespaces } = perfAttrBits;
  const bits = [disabled, comm, task, watermark, comm_exec, namespaces].reduce<bigint>((sum, bit) => sum | (1n << bit), 0n);
  attr.writeBigUInt64LE(bits, flagsOffset);
  const operands = [named('PERF_COUNT_SW_DUMMY'), -1, cpu, -1, named('PERF_FLAG_FD_CLOEXEC')];
  const number = perform('perf_event_open', operands, () =>
    cPerfEventOpen(arch.syscalls.perf_event_open, attr, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC),
  );
  return adopt(number, `perf:cpu${cpu}`);
}

const pageBytes = 4096;

/** The ring of one perf event, mapped. It is emptied by its reader; what does not fit is told as lost. */
export class PerfRing implements Disposable {
  readonly fd: Fd;
  readonly #address: bigint;
  readonly #mappedBytes: number;
  readonly #dataBytes: number;
  #control: BigUint64Array | undefined;
  #data: Buffer;

  /** mmap(2) of the ring, then PERF_EVENT_IOC_ENABLE. Takes the descriptor over. @param pages a power of two */
  constructor(fd: Fd, pages: number) {
    this.fd = fd;
    this.#dataBytes = pages * pageBytes;
    this.#mappedBytes = this.#dataBytes + pageBytes;
    const pointer = cMmap(null, this.#mappedBytes, PROT_READ | PROT_WRITE, MAP_SHARED, numberOf(fd), 0);
    this.#address = BigInt(koffi.address(pointer));
    if (this.#address === mapFailed) throw new SyscallError('mmap', koffi.errno(), fd.label);
    const memory = koffi.view(pointer, this.#mappedBytes);
    this.#control = new BigUint64Array(memory, 0, pageBytes / 8);
    this.#data = Buffer.from(memory, pageBytes, this.#dataBytes);
    perform('ioctl', [fd, named('PERF_EVENT_IOC_ENABLE')], () => cIoctl(numberOf(fd), PERF_EVENT_IOC_ENABLE, 0));
  }

  /** Everything that waits, and the room given back. Where the ring was as good as full, that something was lost. */
  drain(): TaskRecord[] {
    const control = this.#control;
    if (control === undefined) return [];
    const head = Atomics.load(control, dataHead);
    const tail = Atomics.load(control, dataTail);
    const length = Number(head - tail);
    if (length === 0) return [];
    const begin = Number(tail % BigInt(this.#dataBytes));
    const first = this.#data.subarray(begin, Math.min(begin + length, this.#dataBytes));
    // Copied before the room is given back: the kernel writes there again at once.
    const bytes = first.length === length ? Buffer.from(first) : Buffer.concat([first, this.#data.subarray(0, length - first.length)]);
    Atomics.store(control, dataTail, head);
    const records = parseTaskRecords(bytes);
    // The kernel tells of a loss with the next record that fits, and there may be none for long.
    if (length > this.#dataBytes - pageBytes) records.push({ type: 'lost', count: 0 });
    return records;
  }

  [Symbol.dispose](): void {
    if (this.#control === undefined) return;
    this.#control = undefined;
    this.#data = Buffer.alloc(0);
    this.fd[Symbol.dispose]();
    cMunmap(this.#address, this.#mappedBytes);
  }
}

/** Places of data_head and data_tail among the words of the first page. */
const dataHead = layouts.perfEventMmapPage.fields.data_head[0] / 8;
const dataTail = layouts.perfEventMmapPage.fields.data_tail[0] / 8;
const headerBytes = layouts.perfEventHeader.size;

/** Records as perf_event_open(2) describes them, one after the other. Those of other kinds are left out. */
export function parseTaskRecords(bytes: Buffer): TaskRecord[] {
  const records: TaskRecord[] = [];
  for (let at = 0; at + headerBytes <= bytes.length; ) {
    const type = bytes.readUInt32LE(at);
    const misc = bytes.readUInt16LE(at + 4);
    const size = bytes.readUInt16LE(at + 6);
    if (size < headerBytes || at + size > bytes.length) throw new Error(`a perf record of ${size} bytes at ${at} of ${bytes.length}`);
    const body = at + headerBytes;
    at += size;
    switch (type) {
      case PERF_RECORD_FORK:
        records.push({
          type: 'fork',
          pid: bytes.readInt32LE(body),
          parentPid: bytes.readInt32LE(body + 4),
          tid: bytes.readInt32LE(body + 8),
        });
        break;
      case PERF_RECORD_EXIT:
        records.push({ type: 'exit', pid: bytes.readInt32LE(body), tid: bytes.readInt32LE(body + 8) });
        break;
      case PERF_RECORD_COMM:
        records.push({
          type: 'comm',
          pid: bytes.readInt32LE(body),
          tid: bytes.readInt32LE(body + 4),
          exec: (misc & PERF_RECORD_MISC_COMM_EXEC) !== 0,
        });
        break;
      case PERF_RECORD_NAMESPACES: {
        // 64 bits, of which namespaces have 32 (struct ns_common).
        const inode = (index: number): number => bytes.readUInt32LE(body + 16 + index * 16 + 8);
        records.push({
          type: 'namespaces',
          pid: bytes.readInt32LE(body),
          tid: bytes.readInt32LE(body + 4),
          inodes: { net: inode(0), uts: inode(1), ipc: inode(2), pid: inode(3), user: inode(4), mnt: inode(5), cgroup: inode(6) },
        });
        break;
      }
      case PERF_RECORD_LOST:
        records.push({ type: 'lost', count: Number(bytes.readBigUInt64LE(body + 8)) });
        break;
    }
  }
  return records;
}
