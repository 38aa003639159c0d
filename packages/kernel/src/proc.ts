import koffi from 'koffi';
import { commonSyscalls } from './arch.ts';
import {
  AT_EMPTY_PATH,
  AT_FDCWD,
  NS_GET_MNTNS_ID,
  NS_GET_OWNER_UID,
  NS_GET_PARENT,
  NS_GET_USERNS,
  O_CLOEXEC,
  pidfdNamespaceRequests,
} from './constants.ts';
import { SyscallError } from './error.ts';
import { type Fd, numberOf } from './fd.ts';
import { layouts, takeInt, takeU64 } from './layout.ts';
import { declare } from './library.ts';

/*
 * The calls of a walk over /proc. A walk asks tens of thousands of times and meets processes that end under it all the
 * time: paths are bytes in buffers that are used again, and a refusal is a negative errno, not an exception (which costs
 * as much as ten such calls). Nothing is recorded: these change nothing.
 */

const cReadlink = declare<(path: Buffer, into: Buffer, size: number) => number>('readlink', 'long', ['void *', 'void *', 'size_t']);
const cOpen = declare<(path: Buffer, flags: number, mode: number) => number>('open', 'int', ['void *', 'int', 'int']);
const cRead = declare<(fd: number, into: Buffer, count: number) => number>('read', 'long', ['int', 'void *', 'size_t']);
const cIoctl = declare<(fd: number, request: number, argument: number) => number>('ioctl', 'int', ['int', 'unsigned long', 'long']);
const cIoctlInto = declare<(fd: number, request: number, into: Uint32Array | BigUint64Array) => number>('ioctl', 'int', [
  'int',
  'unsigned long',
  'void *',
]);
const cPidfdOpen = declare<(n: number, pid: number, flags: number) => number>('syscall', 'long', ['long', 'long', 'long']);
const cKill = declare<(pid: number, signal: number) => number>('kill', 'int', ['int', 'int']);
const cClose = declare<(fd: number) => number>('close', 'int', ['int']);
const cStatx = declare<(dirfd: number, path: Buffer, flags: number, mask: number, into: Buffer) => number>('statx', 'int', [
  'int',
  'void *',
  'int',
  'uint32_t',
  'void *',
]);

/** readlink(2). @param path NUL-terminated @returns length of the target, or a negative errno */
export function readlinkInto(path: Buffer, into: Buffer): number {
  const length = cReadlink(path, into, into.length);
  return length >= 0 ? length : -koffi.errno();
}

/**
 * open(2), read(2), close(2): the beginning of a kernel file, as much as one read gives. Of files that the kernel makes in
 * one piece (stat, cgroup, comm) that is all of it, or as much as fits; of lists (mountinfo) it is about a page.
 *
 * @param path NUL-terminated
 * @returns bytes read, or a negative errno
 */
export function readFileInto(path: Buffer, into: Buffer): number {
  const fd = cOpen(path, O_CLOEXEC, 0);
  if (fd < 0) return -koffi.errno();
  const count = cRead(fd, into, into.length);
  const result = count >= 0 ? count : -koffi.errno();
  cClose(fd);
  return result;
}

/**
 * open(2), read(2) to the end, close(2): a list of the kernel, in as many pieces as it gives.
 *
 * @param path NUL-terminated
 * @param take told of each piece; it may not keep it
 * @returns bytes read, or a negative errno
 */
export function readListInto(path: Buffer, into: Buffer, take: (piece: Buffer) => void): number {
  const fd = cOpen(path, O_CLOEXEC, 0);
  if (fd < 0) return -koffi.errno();
  let total = 0;
  for (;;) {
    const count = cRead(fd, into, into.length);
    if (count <= 0) {
      if (count < 0) total = -koffi.errno();
      break;
    }
    total += count;
    take(into.subarray(0, count));
  }
  cClose(fd);
  return total;
}

/** kill(2) that sends nothing: whether there is such a process, also one that has ended and is not waited for. */
export const isThere = (pid: number): boolean => cKill(pid, 0) === 0 || koffi.errno() !== koffi.os.errno.ESRCH;

const STATX_INO = 0x100;
const STATX_SIZE = 0x200;
const statxBuffer = Buffer.alloc(layouts.statx.size);
const emptyPath = Buffer.alloc(1);

/**
 * statx(2) of a path: st_size. Of /proc/<pid>/fd that is the number of open descriptors (Linux 6.2; 0 before).
 *
 * @param path NUL-terminated
 * @returns a negative errno where it fails
 */
export function sizeOf(path: Buffer): number {
  const result = cStatx(AT_FDCWD, path, 0, STATX_SIZE, statxBuffer);
  return result < 0 ? -koffi.errno() : Number(takeU64(statxBuffer, layouts.statx, 'stx_size'));
}

/** statx(2) of an open file: st_ino, and the minor number of its device. */
export function inodeOf(fd: Fd): { ino: number; minor: number } {
  if (cStatx(numberOf(fd), emptyPath, AT_EMPTY_PATH, STATX_INO, statxBuffer) < 0) throw new SyscallError('statx', koffi.errno(), fd.label);
  return {
    ino: Number(takeU64(statxBuffer, layouts.statx, 'stx_ino')),
    minor: takeInt(statxBuffer, layouts.statx, 'stx_dev_minor'),
  };
}

/** What {@link askNamespace} found. Inodes; 0 where there is none that we may see. */
export interface AskedNamespace {
  ino: number;
  owner: number;
  /** Of a pid or user namespace. */
  parent: number;
  /** Of a user namespace. */
  ownerUid: number;
  /** Of a mount namespace: its number for listmount(2); 0 before Linux 6.11. */
  mountNamespaceId: bigint;
}

const uid = new Uint32Array(1);
const mountNamespaceId = new BigUint64Array(1);

function inodeOfNumber(fd: number): number {
  return cStatx(fd, emptyPath, AT_EMPTY_PATH, STATX_INO, statxBuffer) < 0 ? 0 : Number(takeU64(statxBuffer, layouts.statx, 'stx_ino'));
}

/** An ioctl that answers with a namespace: its inode, 0 where there is none that we may see. */
function inodeByIoctl(fd: number, request: number): number {
  const found = cIoctl(fd, request, 0);
  if (found < 0) return 0;
  const ino = inodeOfNumber(found);
  cClose(found);
  return ino;
}

/**
 * pidfd_open(2), then for one namespace after the other PIDFD_GET_*_NAMESPACE and the questions of ioctl_nsfs(2). Half the
 * time of opening /proc/<pid>/ns/<type>, and about one process whatever happens to its pid. Nothing is joined.
 */
export class NamespaceAsker implements Disposable {
  #pid = 0;
  #pidfd = -1;

  /** @returns undefined where it cannot be asked so: the process is gone, we may not look, or it is before Linux 6.11 */
  ask(pid: number, type: keyof typeof pidfdNamespaceRequests): AskedNamespace | undefined {
    if (pid !== this.#pid) {
      this[Symbol.dispose]();
      this.#pidfd = cPidfdOpen(commonSyscalls.pidfd_open, pid, 0);
      this.#pid = pid;
    }
    if (this.#pidfd < 0) return undefined;
    const fd = cIoctl(this.#pidfd, pidfdNamespaceRequests[type], 0);
    if (fd < 0) return undefined;
    const isUser = type === 'user';
    const owner = inodeByIoctl(fd, NS_GET_USERNS);
    const asked: AskedNamespace = {
      ino: inodeOfNumber(fd),
      owner,
      parent: isUser ? owner : type === 'pid' ? inodeByIoctl(fd, NS_GET_PARENT) : 0,
      ownerUid: isUser && cIoctlInto(fd, NS_GET_OWNER_UID, uid) === 0 ? (uid[0] as number) : 0,
      mountNamespaceId: type === 'mount' && cIoctlInto(fd, NS_GET_MNTNS_ID, mountNamespaceId) === 0 ? (mountNamespaceId[0] as bigint) : 0n,
    };
    cClose(fd);
    return asked;
  }

  /** Lets go of the process asked last. */
  [Symbol.dispose](): void {
    if (this.#pidfd >= 0) cClose(this.#pidfd);
    this.#pidfd = -1;
    this.#pid = 0;
  }
}
