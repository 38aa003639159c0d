import koffi from 'koffi';
import { AT_EMPTY_PATH, AT_FDCWD, O_CLOEXEC } from './constants.ts';
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
const cPread = declare<(fd: number, into: Buffer, count: number, offset: number) => number>('pread', 'long', [
  'int',
  'void *',
  'size_t',
  'long',
]);
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
 * open(2), pread(2), close(2): the beginning of a kernel file, as much as one read gives. Of files that the kernel makes in
 * one piece (stat, cgroup, comm) that is all of it, or as much as fits; of lists (mountinfo) it is about a page.
 *
 * @param path NUL-terminated
 * @returns bytes read, or a negative errno
 */
export function readFileInto(path: Buffer, into: Buffer, offset = 0): number {
  const fd = cOpen(path, O_CLOEXEC, 0);
  if (fd < 0) return -koffi.errno();
  const count = cPread(fd, into, into.length, offset);
  const result = count >= 0 ? count : -koffi.errno();
  cClose(fd);
  return result;
}

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
