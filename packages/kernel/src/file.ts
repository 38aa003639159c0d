import { fstatSync, readSync, writeSync } from 'node:fs';
import koffi from 'koffi';
import { commonSyscalls } from './arch.ts';
import { type AT_FDCWD, AT_REMOVEDIR, O_CLOEXEC, O_RDONLY, O_WRONLY } from './constants.ts';
import { SyscallError } from './error.ts';
import { adopt, Fd, numberOf } from './fd.ts';
import { layouts, pack, takeU64 } from './layout.ts';
import { declare, perform } from './library.ts';

const cOpenat = declare<(dirfd: number, path: string, flags: number, mode: number) => number>('openat', 'int', [
  'int',
  'str',
  'int',
  'uint32_t',
]);
const cOpenat2 = declare<(n: number, dirfd: number, path: string, how: Buffer, size: number) => number>('syscall', 'long', [
  'long',
  'long',
  'str',
  'void *',
  'size_t',
]);
const cMkdirat = declare<(dirfd: number, path: string, mode: number) => number>('mkdirat', 'int', ['int', 'str', 'uint32_t']);
const cUnlinkat = declare<(dirfd: number, path: string, flags: number) => number>('unlinkat', 'int', ['int', 'str', 'int']);
const cFchownat = declare<(dirfd: number, path: string, uid: number, gid: number, flags: number) => number>('fchownat', 'int', [
  'int',
  'str',
  'uint32_t',
  'uint32_t',
  'int',
]);
const cFchmodat = declare<(dirfd: number, path: string, mode: number, flags: number) => number>('fchmodat', 'int', [
  'int',
  'str',
  'uint32_t',
  'int',
]);
const cPread = declare<(fd: number, buffer: Buffer, count: number, offset: number) => number>('pread', 'long', [
  'int',
  'void *',
  'size_t',
  'long',
]);
const cRead = declare<(fd: number, buffer: Buffer, count: number) => number>('read', 'long', ['int', 'void *', 'size_t']);
const cWrite = declare<(fd: number, buffer: Buffer, count: number) => number>('write', 'long', ['int', 'void *', 'size_t']);
const cPipe2 = declare<(fds: Int32Array, flags: number) => number>('pipe2', 'int', ['void *', 'int']);
const cFcntl = declare<(fd: number, command: number, argument: number) => number>('fcntl', 'int', ['int', 'int', 'long']);
const cMemfd = declare<(name: string, flags: number) => number>('memfd_create', 'int', ['str', 'uint32_t']);
const cStatfs = declare<(path: string, buffer: Buffer) => number>('statfs', 'int', ['str', 'void *']);
const cMkfifoat = declare<(dirfd: number, path: string, mode: number) => number>('mkfifoat', 'int', ['int', 'str', 'uint32_t']);

/** A directory to resolve a path from: an open one, or the working directory. */
export type DirectoryFd = Fd | typeof AT_FDCWD;

const dirNumber = (directory: DirectoryFd): number => (directory instanceof Fd ? numberOf(directory) : directory);
const join = (directory: DirectoryFd, path: string): string =>
  directory instanceof Fd ? (path === '' || path === '.' ? directory.label : `${directory.label}/${path}`) : path;

/** openat(2). O_CLOEXEC is always added. */
export function openat(directory: DirectoryFd, path: string, flags: number, mode = 0): Fd {
  const number = perform('openat', [directory, path, flags], () => cOpenat(dirNumber(directory), path, flags | O_CLOEXEC, mode));
  return adopt(number, join(directory, path));
}

/** openat2(2) with its resolve flags. O_CLOEXEC is always added. */
export function openat2(directory: DirectoryFd, path: string, how: { flags: number; mode?: number; resolve: bigint }): Fd {
  const buffer = pack(layouts.openHow, { flags: how.flags | O_CLOEXEC, mode: how.mode ?? 0, resolve: how.resolve });
  const number = perform('openat2', [directory, path, how.flags, how.resolve], () =>
    cOpenat2(commonSyscalls.openat2, dirNumber(directory), path, buffer, layouts.openHow.size),
  );
  return adopt(number, join(directory, path));
}

/** mkdirat(2). */
export function mkdirat(directory: DirectoryFd, path: string, mode: number): void {
  perform('mkdirat', [directory, path, mode], () => cMkdirat(dirNumber(directory), path, mode));
}

/** unlinkat(2); pass AT_REMOVEDIR for a directory. */
export function unlinkat(directory: DirectoryFd, path: string, flags = 0): void {
  perform('unlinkat', [directory, path, flags], () => cUnlinkat(dirNumber(directory), path, flags));
}

/** rmdir(2), relative to a directory. */
export function rmdirat(directory: DirectoryFd, path: string): void {
  unlinkat(directory, path, AT_REMOVEDIR);
}

/** mkfifoat(3). */
export function mkfifoat(directory: DirectoryFd, path: string, mode: number): void {
  perform('mkfifoat', [directory, path, mode], () => cMkfifoat(dirNumber(directory), path, mode));
}

/** fchownat(2). */
export function fchownat(directory: DirectoryFd, path: string, uid: number, gid: number, flags: number): void {
  perform('fchownat', [directory, path, uid, gid, flags], () => cFchownat(dirNumber(directory), path, uid, gid, flags));
}

/** fchmodat(2), which follows links: of a path that has none. */
export function fchmodat(directory: DirectoryFd, path: string, mode: number): void {
  perform('fchmodat', [directory, path, mode], () => cFchmodat(dirNumber(directory), path, mode, 0));
}

/**
 * pread(2) on a kept descriptor: the sampler's way to read a kernel file. Not recorded, it changes nothing.
 *
 * @returns bytes read; 0 at the end
 */
export function pread(fd: Fd, buffer: Buffer, offset: number): number {
  const count = cPread(numberOf(fd), buffer, buffer.length, offset);
  if (count < 0) throw new SyscallError('pread', koffi.errno(), fd.label);
  return count;
}

/** read(2). Not recorded. @returns bytes read, 0 at the end; undefined where a non-blocking descriptor has nothing (EAGAIN) */
export function read(fd: Fd, buffer: Buffer): number | undefined {
  const count = cRead(numberOf(fd), buffer, buffer.length);
  if (count >= 0) return count;
  const failure = new SyscallError('read', koffi.errno(), fd.label);
  if (failure.code === 'EAGAIN') return undefined;
  throw failure;
}

/** write(2), once. @returns bytes written; undefined where a non-blocking descriptor takes nothing now (EAGAIN) */
export function write(fd: Fd, data: Buffer): number | undefined {
  const count = cWrite(numberOf(fd), data, data.length);
  if (count >= 0) return count;
  const failure = new SyscallError('write', koffi.errno(), fd.label);
  if (failure.code === 'EAGAIN') return undefined;
  throw failure;
}

/**
 * Opens an existing kernel file without create or truncate, writes it in one write(2), closes it. Recorded as one
 * `write` with path and data, which is what helps when the kernel refuses.
 */
export function writeFileAt(directory: DirectoryFd, path: string, data: string): void {
  using fd = openUnrecorded(directory, path, O_WRONLY);
  writeText(fd, data);
}

/** Writes a text to an open kernel file in one write(2); recorded with the data. */
export function writeText(fd: Fd, data: string): void {
  const bytes = Buffer.from(data);
  perform('write', [fd, data], () => cWrite(numberOf(fd), bytes, bytes.length));
}

function openUnrecorded(directory: DirectoryFd, path: string, flags: number): Fd {
  const number = cOpenat(dirNumber(directory), path, flags | O_CLOEXEC, 0);
  if (number < 0) throw new SyscallError('openat', koffi.errno(), JSON.stringify(join(directory, path)));
  return adopt(number, join(directory, path));
}

/** Reads a kernel file whole, as text, looping until the end: a short read is not the end. */
export function readFileAt(directory: DirectoryFd, path: string): string {
  using fd = openUnrecorded(directory, path, O_RDONLY);
  return readText(fd);
}

/** Reads an open file from its beginning to its end. */
export function readText(fd: Fd): string {
  const parts: Buffer[] = [];
  let offset = 0;
  for (;;) {
    const buffer = Buffer.allocUnsafe(16_384);
    const count = readSync(numberOf(fd), buffer, 0, buffer.length, offset);
    if (count === 0) return Buffer.concat(parts).toString('utf8');
    parts.push(buffer.subarray(0, count));
    offset += count;
  }
}

/** pipe2(2). O_CLOEXEC is always added. */
export function pipe2(label: string, flags = 0): { reader: Fd; writer: Fd } {
  const fds = new Int32Array(2);
  perform('pipe2', [label], () => cPipe2(fds, flags | O_CLOEXEC));
  return { reader: adopt(fds[0] as number, `${label}:r`), writer: adopt(fds[1] as number, `${label}:w`) };
}

/** fcntl(2) with an integer argument. */
export function fcntl(fd: Fd, command: number, argument: number): number {
  return perform('fcntl', [fd, command, argument], () => cFcntl(numberOf(fd), command, argument));
}

/** Whether 0, 1 and 2 pass through the next execve(2). Node makes them close-on-exec, and the next program would be mute. */
export function keepStandardStreams(kept: boolean): void {
  for (const number of [0, 1, 2]) perform('fcntl', [number, 'F_SETFD', kept ? 0 : 1], () => cFcntl(number, 2, kept ? 0 : 1));
}

/** fcntl(2), F_DUPFD_CLOEXEC: a second descriptor of the same open file. */
export function duplicate(fd: Fd): Fd {
  const number = perform('fcntl', [fd, 'F_DUPFD_CLOEXEC'], () => cFcntl(numberOf(fd), 1030, 3));
  return adopt(number, fd.label);
}

/** memfd_create(2); not close-on-exec where it is to survive an execve of this process. */
export function memfd_create(name: string, closeOnExec = true): Fd {
  return adopt(
    perform('memfd_create', [name], () => cMemfd(name, closeOnExec ? 1 : 0)),
    `memfd:${name}`,
  );
}

/** statfs(2): the type of the file system a path is on (f_type). */
export function filesystemType(path: string): number {
  const buffer = Buffer.alloc(layouts.statfs.size);
  perform('statfs', [path], () => cStatfs(path, buffer));
  return Number(takeU64(buffer, layouts.statfs, 'f_type'));
}

/** Writes all of a buffer to a regular file or memfd. */
export function writeAll(fd: Fd, data: Buffer): void {
  for (let offset = 0; offset < data.length; ) {
    offset += writeSync(numberOf(fd), data, offset);
  }
}

/** What fstat(2) tells of an open file, as far as mounting needs it. */
export function statFd(fd: Fd): {
  directory: boolean;
  characterDevice: boolean;
  major: number;
  minor: number;
  uid: number;
  ino: bigint;
  dev: bigint;
  sizeBytes: number;
} {
  const found = fstatSync(numberOf(fd), { bigint: true });
  // makedev(3): 12 bits of major above 8 bits of minor, the rest of both above.
  const major = Number(((found.rdev >> 8n) & 0xfffn) | ((found.rdev >> 32n) & ~0xfffn));
  const minor = Number((found.rdev & 0xffn) | ((found.rdev >> 12n) & ~0xffn));
  return {
    directory: found.isDirectory(),
    characterDevice: found.isCharacterDevice(),
    major,
    minor,
    uid: Number(found.uid),
    ino: found.ino,
    dev: found.dev,
    sizeBytes: Number(found.size),
  };
}
