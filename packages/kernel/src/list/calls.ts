import {
  AT_FDCWD,
  CLONE_PARENT,
  capabilityNames,
  F_SETFD,
  FSCONFIG_CMD_CREATE,
  FSCONFIG_SET_FLAG,
  FSCONFIG_SET_STRING,
  FSMOUNT_CLOEXEC,
  FSOPEN_CLOEXEC,
  LINUX_CAPABILITY_VERSION_3,
  MOVE_MOUNT_F_EMPTY_PATH,
  MOVE_MOUNT_T_EMPTY_PATH,
  MSG_CMSG_CLOEXEC,
  MSG_DONTWAIT,
  MSG_NOSIGNAL,
  MSG_PEEK,
  O_CLOEXEC,
  O_WRONLY,
  OPEN_TREE_CLOEXEC,
  PR_CAP_AMBIENT,
  PR_CAP_AMBIENT_CLEAR_ALL,
  PR_CAPBSET_DROP,
  PR_SET_NO_NEW_PRIVS,
  SCM_RIGHTS,
  SIG_SETMASK,
  SOCK_CLOEXEC,
  SOL_SOCKET,
  STATX_BASIC_STATS,
} from '../constants.ts';
import { errnoNumber } from '../error.ts';
import { type Fd, numberOf } from '../fd.ts';
import { layouts, pack } from '../layout.ts';
import { named } from '../library.ts';
import { type Call, type CallOptions, type Content, type ListFd, Place, type SyscallList, shown } from './syscall-list.ts';

/*
 * The syscalls that a list is written of, one function each, named as in section 2 of the manual: they write a record and
 * answer with the call, which stands for the descriptor where it opens one. Whatever is opened is close-on-exec.
 */

/** A directory to resolve a path from: an open one, or the working directory. */
type ListDirectory = ListFd | typeof AT_FDCWD;

const labelOf = (directory: ListDirectory): string => (typeof directory === 'number' ? '' : directory.label);
const join = (directory: ListDirectory, path: string): string => {
  const base = labelOf(directory);
  return base === '' ? path : path === '' ? base : `${base}/${path}`;
};

type Tolerance = Pick<CallOptions, 'tolerate'>;

/** openat(2). */
export const openat = (list: SyscallList, directory: ListDirectory, path: string, flags: number, mode = 0): Call =>
  list.call('openat', [directory, list.text(path), flags | O_CLOEXEC, mode], {
    label: join(directory, path),
    operands: [shown(directory), path, flags],
  });

/** openat2(2) with its resolve flags. */
export function openat2(
  list: SyscallList,
  directory: ListDirectory,
  path: string,
  how: { flags: number; resolve: bigint },
  options: Tolerance = {},
): Call {
  const struct = list.bytes(pack(layouts.openHow, { flags: how.flags | O_CLOEXEC, resolve: how.resolve }));
  return list.call('openat2', [directory, list.text(path), struct, layouts.openHow.size], {
    ...options,
    label: join(directory, path),
    operands: [shown(directory), path, how.flags, how.resolve],
  });
}

/** mkdirat(2). */
export const mkdirat = (list: SyscallList, directory: ListDirectory, path: string, mode: number): Call =>
  list.call('mkdirat', [directory, list.text(path), mode], { operands: [shown(directory), path, mode] });

/** symlinkat(2). */
export const symlinkat = (list: SyscallList, target: string, directory: ListDirectory, path: string): Call =>
  list.call('symlinkat', [list.text(target), directory, list.text(path)], { operands: [target, shown(directory), path] });

/** fchownat(2). */
export const fchownat = (list: SyscallList, directory: ListFd, path: string, uid: number, gid: number, flags: number): Call =>
  list.call('fchownat', [directory, list.text(path), uid, gid, flags], { operands: [shown(directory), path, uid, gid, flags] });

/** faccessat(2). Looks only. */
export const faccessat = (list: SyscallList, directory: ListDirectory, path: string, mode: number, options: Tolerance = {}): Call =>
  list.call('faccessat', [directory, list.text(path), mode], { ...options, operands: [shown(directory), path, mode], isLook: true });

/** statx(2) into memory of struct statx. Looks only. */
export const statx = (
  list: SyscallList,
  directory: ListDirectory,
  path: string,
  { flags, into, ...options }: { flags: number; into: Place } & Tolerance,
): Call =>
  list.call('statx', [directory, list.text(path), flags, STATX_BASIC_STATS, into], {
    ...options,
    operands: [shown(directory), path, flags],
    isLook: true,
  });

/** write(2) of a text. */
export function write(list: SyscallList, fd: ListFd, text: string): Call {
  return list.call('write', [fd, list.text(text), Buffer.byteLength(text)], { operands: [shown(fd), text] });
}

/** Opens an existing kernel file and writes it in one write(2). @returns both calls */
export function writeFileAt(list: SyscallList, path: string, text: string, options: Tolerance = {}): [Call, Call] {
  const opened = list.call('openat', [AT_FDCWD, list.text(path), O_WRONLY | O_CLOEXEC, 0], {
    ...options,
    label: path,
    operands: [path],
    isLook: true,
  });
  const written = list.call('write', [opened, list.text(text), Buffer.byteLength(text)], { ...options, operands: [named(path), text] });
  return [opened, written];
}

/** close_range(2). */
export const close_range = (list: SyscallList, first: number, last: number, flags: number): Call =>
  list.call('close_range', [first, last, flags], { operands: [first, last, flags] });

/** Closes all above the standard streams but these, by close_range(2). The first thing a child does: what its launcher holds for others is none of its own. */
export function closeOthers(list: SyscallList, kept: readonly Fd[]): void {
  let first = 3;
  for (const number of kept.map(numberOf).sort((a, b) => a - b)) {
    if (number > first) list.call('close_range', [first, number - 1, 0]);
    first = Math.max(first, number + 1);
  }
  list.call('close_range', [first, 0x7fffffff, 0]);
}

/** dup3(2) onto a fixed number, without close-on-exec. The descriptor must be another one. */
export const dup3 = (list: SyscallList, fd: ListFd, target: 0 | 1 | 2): Call =>
  list.call('dup3', [fd, target, 0], { operands: [shown(fd), target] });

/** fcntl(2), F_SETFD: whether a descriptor passes through execve(2). */
export const setCloseOnExec = (list: SyscallList, fd: Fd | 0 | 1 | 2, isClosed: boolean): Call =>
  list.call('fcntl', [fd, F_SETFD, isClosed ? 1 : 0]);

/** open_tree(2). With OPEN_TREE_CLONE the answer is a detached copy of the mount. */
export const open_tree = (list: SyscallList, directory: ListDirectory, path: string, flags: number, options: Tolerance = {}): Call =>
  list.call('open_tree', [directory, list.text(path), flags | OPEN_TREE_CLOEXEC], {
    ...options,
    label: `tree:${path}`,
    operands: [shown(directory), path, flags],
  });

/** move_mount(2): attaches a mount held by a descriptor below a directory, or at the directory itself where the path is empty. */
export function move_mount(list: SyscallList, mount: ListFd, directory: ListDirectory, path: string): Call {
  const flags = MOVE_MOUNT_F_EMPTY_PATH | (path === '' ? MOVE_MOUNT_T_EMPTY_PATH : 0);
  return list.call('move_mount', [mount, list.text(''), directory, list.text(path), flags], {
    operands: [shown(mount), shown(directory), path, flags],
  });
}

/** fsopen(2). */
export const fsopen = (list: SyscallList, type: string): Call =>
  list.call('fsopen', [list.text(type), FSOPEN_CLOEXEC], { label: `fs:${type}`, operands: [type] });

/** fsconfig(2), FSCONFIG_SET_STRING, or FSCONFIG_SET_FLAG where there is no value. */
export const fsconfigSet = (list: SyscallList, fs: ListFd, key: string, value?: string): Call =>
  value === undefined
    ? list.call('fsconfig', [fs, FSCONFIG_SET_FLAG, list.text(key), 0, 0], { operands: [shown(fs), key] })
    : list.call('fsconfig', [fs, FSCONFIG_SET_STRING, list.text(key), list.text(value), 0], { operands: [shown(fs), key, value] });

/** fsconfig(2), FSCONFIG_CMD_CREATE. */
export const fsconfigCreate = (list: SyscallList, fs: ListFd): Call =>
  list.call('fsconfig', [fs, FSCONFIG_CMD_CREATE, 0, 0, 0], { operands: [shown(fs), 'FSCONFIG_CMD_CREATE'] });

/** fsmount(2): a detached mount of a configured file system. */
export const fsmount = (list: SyscallList, fs: ListFd, attributes: bigint): Call =>
  list.call('fsmount', [fs, FSMOUNT_CLOEXEC, attributes], {
    label: fs.label.replace('fs:', 'mount:'),
    operands: [shown(fs), attributes],
  });

/** mount_setattr(2) on a mount held by a descriptor (AT_EMPTY_PATH), or on a path below it. */
export const mount_setattr = (list: SyscallList, directory: ListDirectory, path: string, flags: number, set: bigint): Call =>
  list.call(
    'mount_setattr',
    [directory, list.text(path), flags, list.bytes(pack(layouts.mountAttr, { attr_set: set })), layouts.mountAttr.size],
    { operands: [shown(directory), path, flags, set] },
  );

/** mount(2) that changes how a mount propagates. */
export const setPropagation = (list: SyscallList, target: string, flags: number): Call =>
  list.call('mount', [0, list.text(target), 0, flags, 0], { operands: ['none', target, 'none', flags, ''] });

/** umount2(2). */
export const umount2 = (list: SyscallList, target: string, flags: number): Call =>
  list.call('umount2', [list.text(target), flags], { operands: [target, flags] });

/** pivot_root(2). */
export const pivot_root = (list: SyscallList, newRoot: string, putOld: string): Call =>
  list.call('pivot_root', [list.text(newRoot), list.text(putOld)], { operands: [newRoot, putOld] });

/** chdir(2). */
export const chdir = (list: SyscallList, path: string): Call => list.call('chdir', [list.text(path)], { operands: [path] });

/** fchdir(2). */
export const fchdir = (list: SyscallList, directory: ListFd): Call => list.call('fchdir', [directory], { operands: [shown(directory)] });

/** umask(2). */
export const umask = (list: SyscallList, mask: number): Call => list.call('umask', [mask]);

/** unshare(2). */
export const unshare = (list: SyscallList, flags: bigint): Call => list.call('unshare', [flags], { operands: [flags] });

/** setns(2). */
export const setns = (list: SyscallList, fd: ListFd, flags: bigint): Call =>
  list.call('setns', [fd, flags], { operands: [shown(fd), flags] });

/**
 * clone3(2) with CLONE_PARENT: the new process is a child of this one's parent, who reaps it. The new one goes on with the
 * next call, this one behind those up to `land`; the answer is the new one's pid as this one counts.
 */
export function clone3AsSibling(list: SyscallList, flags: bigint): Call {
  const struct = list.bytes(pack(layouts.cloneArgs, { flags: flags | CLONE_PARENT }));
  return list.call('clone3', [struct, layouts.cloneArgs.size], { fork: true, operands: [flags | CLONE_PARENT] });
}

/** sethostname(2). */
export const sethostname = (list: SyscallList, name: string): Call =>
  list.call('sethostname', [list.text(name), Buffer.byteLength(name)], { operands: [name] });

/** setsid(2). */
export const setsid = (list: SyscallList): Call => list.call('setsid', [], { operands: [] });

/** setresuid(2). */
export const setresuid = (list: SyscallList, uid: number): Call => list.call('setresuid', [uid, uid, uid], { operands: [uid] });

/** setresgid(2). */
export const setresgid = (list: SyscallList, gid: number): Call => list.call('setresgid', [gid, gid, gid], { operands: [gid] });

/** setgroups(2). */
export const setgroups = (list: SyscallList, groups: readonly number[]): Call =>
  list.call('setgroups', [groups.length, list.bytes(new Uint8Array(Uint32Array.from([...groups, 0]).buffer))], {
    operands: [groups.join(',')],
  });

/** capset(2), version 3: sets of capability numbers as masks. */
export function capset(list: SyscallList, sets: { effective: bigint; permitted: bigint; inheritable: bigint }): Call {
  const halves = [0n, 32n].map((shift) =>
    pack(layouts.capData, {
      effective: (sets.effective >> shift) & 0xffffffffn,
      permitted: (sets.permitted >> shift) & 0xffffffffn,
      inheritable: (sets.inheritable >> shift) & 0xffffffffn,
    }),
  );
  const header = list.bytes(pack(layouts.capHeader, { version: LINUX_CAPABILITY_VERSION_3 }));
  return list.call('capset', [header, list.bytes(Buffer.concat(halves))], { operands: [sets.effective] });
}

/** prctl(2), PR_CAPBSET_DROP (capabilities(7)), by number. */
export const dropFromBoundingSet = (list: SyscallList, capability: number): Call =>
  list.call('prctl', [PR_CAPBSET_DROP, capability, 0, 0, 0], {
    operands: [named('PR_CAPBSET_DROP'), named(capabilityNames[capability] ?? String(capability))],
  });

/** prctl(2), PR_CAP_AMBIENT_CLEAR_ALL. */
export const clearAmbientSet = (list: SyscallList): Call =>
  list.call('prctl', [PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0], {
    operands: [named('PR_CAP_AMBIENT'), named('PR_CAP_AMBIENT_CLEAR_ALL')],
  });

/** prctl(2), PR_SET_NO_NEW_PRIVS: execve(2) grants nothing any more. */
export const setNoNewPrivileges = (list: SyscallList): Call =>
  list.call('prctl', [PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0], { operands: [named('PR_SET_NO_NEW_PRIVS'), 1] });

/** setrlimit(2), by prlimit(2) of this process. */
export const setrlimit = (list: SyscallList, resource: number, limits: { soft: bigint; hard: bigint }): Call =>
  list.call('prlimit64', [0, resource, list.bytes(pack(layouts.rlimit64, { rlim_cur: limits.soft, rlim_max: limits.hard })), 0], {
    operands: [resource, limits.soft, limits.hard],
  });

/** Bytes of the kernel's signal sets: 64 signals. */
const signalSetBytes = 8;

/** rt_sigaction(2) to SIG_DFL. */
export const resetSignal = (list: SyscallList, signal: number): Call =>
  // struct sigaction of the kernel: handler, flags, restorer, mask. Zero is SIG_DFL.
  list.call('rt_sigaction', [signal, list.room(32), 0, signalSetBytes]);

/** rt_sigprocmask(2): an empty mask, as a program expects at its start. */
export const clearSignalMask = (list: SyscallList): Call =>
  list.call('rt_sigprocmask', [SIG_SETMASK, list.room(signalSetBytes), 0, signalSetBytes]);

/** ioctl(2) with a number or with memory. @param name of the request, and of a number */
export const ioctl = (list: SyscallList, fd: ListFd, request: number, argument: number | Place, name: string, label?: string): Call =>
  list.call('ioctl', [fd, request, argument], {
    ...(label === undefined ? {} : { label }),
    operands: argument instanceof Place ? [shown(fd), name] : [shown(fd), name, argument],
  });

/** socket(2). */
export const socket = (list: SyscallList, domain: number, type: number, protocol = 0): Call =>
  list.call('socket', [domain, type | SOCK_CLOEXEC, protocol], {
    label: `socket:${domain}:${type & 0xf}`,
    operands: [domain, type, protocol],
  });

/** sendto(2) of memory over a channel. No step: it is between a child and its launcher. */
export const send = (list: SyscallList, channel: ListFd, from: Place, length: number, options: CallOptions = {}): Call =>
  list.call('sendto', [channel, from, length, MSG_NOSIGNAL, 0, 0], options);

/** recvfrom(2): waits for a message of a channel; its end fails the list. No step. */
export const receive = (list: SyscallList, channel: ListFd, into: Place, length: number): Call =>
  list.call('recvfrom', [channel, into, length, 0, 0, 0], { zeroFails: true });

/** recvfrom(2) that does not wait: goes on while the other end of a channel is open, and fails the list once it is not. No step. */
export function expectOpen(list: SyscallList, channel: ListFd): Call {
  const options = { zeroFails: true, tolerate: [errnoNumber('EAGAIN')] };
  const call = list.call('recvfrom', [channel, list.room(8), 8, MSG_DONTWAIT | MSG_PEEK, 0, 0], options);
  list.land(call);
  return call;
}

const controlBytes = (descriptors: number): number => layouts.cmsghdr.size + ((4 * descriptors + 7) & ~7);

function messageHeader(list: SyscallList, content: Place, length: number, control: Place, controlLength: number): Place {
  const vector = list.bytes(pack(layouts.iovec, { iov_len: length }));
  list.address(vector, content);
  const header = list.bytes(pack(layouts.msghdr, { msg_iovlen: 1, msg_controllen: controlLength }));
  const { fields } = layouts.msghdr;
  list.address(header.plus(fields.msg_iov[0]), vector);
  list.address(header.plus(fields.msg_control[0]), control);
  return header;
}

/** sendmsg(2) of memory and one descriptor (SCM_RIGHTS, unix(7)). No step. */
export function sendDescriptor(list: SyscallList, channel: ListFd, from: Place, length: number, fd: Call): Call {
  const control = list.bytes(
    Buffer.concat([
      pack(layouts.cmsghdr, { cmsg_len: layouts.cmsghdr.size + 4, cmsg_level: SOL_SOCKET, cmsg_type: SCM_RIGHTS }),
      Buffer.alloc(8),
    ]),
  );
  list.set(control.plus(layouts.cmsghdr.size), fd);
  return list.call('sendmsg', [channel, messageHeader(list, from, length, control, controlBytes(1)), MSG_NOSIGNAL]);
}

/**
 * recvmsg(2): waits for a message of a channel with descriptors (SCM_RIGHTS); its end fails the list. No step.
 *
 * @param control where the control message goes: descriptors begin 16 bytes behind, 4 bytes each
 */
export function receiveDescriptors(list: SyscallList, channel: ListFd, control: Place, most: number): Call {
  return list.call('recvmsg', [channel, messageHeader(list, list.room(8), 8, control, controlBytes(most)), MSG_CMSG_CLOEXEC], {
    zeroFails: true,
  });
}

/** execve(2). Where it succeeds the list is over. */
export const execve = (list: SyscallList, program: Place | Content, args: Place, env: Place, options: CallOptions): Call =>
  list.call('execve', [program, args, env], options);

/** exit_group(2). */
export const exit = (list: SyscallList, code: number): Call => list.call('exit_group', [code]);
