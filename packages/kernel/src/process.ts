import koffi from 'koffi';
import { arch, commonSyscalls } from './arch.ts';
import {
  CLD_DUMPED,
  CLD_EXITED,
  CLONE_INTO_CGROUP,
  CLONE_PARENT,
  CLONE_PIDFD,
  capabilityNames,
  LINUX_CAPABILITY_VERSION_3,
  MADV_DOFORK,
  P_PID,
  PIDFD_GET_INFO,
  PIDFD_INFO_EXIT,
  PR_CAP_AMBIENT,
  PR_CAP_AMBIENT_CLEAR_ALL,
  PR_CAPBSET_DROP,
  PR_SET_DUMPABLE,
  PR_SET_NO_NEW_PRIVS,
  SIGCHLD,
} from './constants.ts';
import { SyscallError } from './error.ts';
import { adopt, type Fd, numberOf, ownedExcept } from './fd.ts';
import { layouts, pack, takeInt, takeU64 } from './layout.ts';
import { declare, named, perform } from './library.ts';

const cClone3 = declare<(n: number, args: Buffer, size: number) => number>('syscall', 'long', ['long', 'void *', 'size_t']);
const cSyscall3 = declare<(n: number, a: number, b: number, c: number) => number>('syscall', 'long', ['long', 'long', 'long', 'long']);
const cSyscallBuffers = declare<(n: number, a: Buffer, b: Buffer) => number>('syscall', 'long', ['long', 'void *', 'void *']);
const cSyscallCountBuffer = declare<(n: number, count: number, list: Uint32Array) => number>('syscall', 'long', ['long', 'long', 'void *']);
const cExecve = declare<(path: string, argv: (string | null)[], envp: (string | null)[]) => number>('execve', 'int', [
  'str',
  'const char **',
  'const char **',
]);
const cExit = declare<(status: number) => void>('_exit', 'void', ['int']);
const cWaitid = declare<(type: number, id: number, info: Buffer, options: number) => number>('waitid', 'int', [
  'int',
  'uint32_t',
  'void *',
  'int',
]);
const cPidfdSendSignal = declare<(n: number, fd: number, signal: number, info: null, flags: number) => number>('syscall', 'long', [
  'long',
  'long',
  'long',
  'void *',
  'long',
]);
const cPrctl = declare<(option: number, a: number, b: number, c: number, d: number) => number>('prctl', 'int', [
  'int',
  'unsigned long',
  'unsigned long',
  'unsigned long',
  'unsigned long',
]);
const cIoctlBuffer = declare<(fd: number, request: number, argument: Buffer) => number>('ioctl', 'int', ['int', 'unsigned long', 'void *']);
const cIoctlNumber = declare<(fd: number, request: number, argument: number) => number>('ioctl', 'int', ['int', 'unsigned long', 'long']);
const cMadvise = declare<(address: number, length: number, advice: number) => number>('madvise', 'int', ['uintptr_t', 'size_t', 'int']);
const cSigprocmask = declare<(how: number, set: Buffer, old: Buffer) => number>('sigprocmask', 'int', ['int', 'void *', 'void *']);
const cSignal = declare<(signal: number, handler: number) => bigint>('signal', 'uintptr_t', ['int', 'uintptr_t']);
const cClose = declare<(fd: number) => number>('close', 'int', ['int']);
const cPrlimit = declare<(n: number, pid: number, resource: number, limit: Buffer | null, old: Buffer | null) => number>(
  'syscall',
  'long',
  ['long', 'long', 'long', 'void *', 'void *'],
);
const cUmask = declare<(mask: number) => number>('umask', 'uint32_t', ['uint32_t']);
const cSethostname = declare<(name: string, length: number) => number>('sethostname', 'int', ['str', 'size_t']);
const cChdir = declare<(path: string) => number>('chdir', 'int', ['str']);
const cFchdir = declare<(fd: number) => number>('fchdir', 'int', ['int']);
const cUnshare = declare<(flags: number) => number>('unshare', 'int', ['int']);
const cSetns = declare<(fd: number, flags: number) => number>('setns', 'int', ['int', 'int']);
const cKill = declare<(pid: number, signal: number) => number>('kill', 'int', ['int', 'int']);
const cClockGettime = declare<(clock: number, time: BigInt64Array) => number>('clock_gettime', 'int', ['int', 'void *']);

/** Everything below the stack, past the code pages near 0x7f…; the range ends under the stack. */
const forkableFrom = 0x10000;
const forkableLength = 0x7ffffff00000 - 0x10000;

function clone(flags: bigint, exitSignal: number, cgroup: Fd | undefined): { pid: number; pidfd: Fd | undefined } {
  const pidfd = Buffer.alloc(4);
  const allFlags = flags | CLONE_PIDFD | (cgroup === undefined ? 0n : CLONE_INTO_CGROUP);
  const args = pack(layouts.cloneArgs, {
    flags: allFlags,
    pidfd: BigInt(koffi.address(pidfd)),
    exit_signal: exitSignal,
    ...(cgroup === undefined ? {} : { cgroup: numberOf(cgroup) }),
  });
  const pid = perform('clone3', [allFlags], () => {
    // V8 marks its heap MADV_DONTFORK, and a child without it faults at its first instruction. The madvise answers -1 at
    // the holes, which is expected. Nothing may be allocated between the two calls: a page that V8 maps in between would
    // be missing in the child.
    cMadvise(forkableFrom, forkableLength, MADV_DOFORK);
    return cClone3(commonSyscalls.clone3, args, layouts.cloneArgs.size);
  });
  return { pid, pidfd: pid === 0 ? undefined : adopt(pidfd.readInt32LE(0), `pidfd:${pid}`) };
}

/**
 * clone3(2) without CLONE_VM: like fork. Only for a process that runs with --single-threaded; in the child (pid 0) only
 * synchronous code may run, and it must end in execve or _exit.
 *
 * @param cgroup a v2 cgroup directory to be born in (CLONE_INTO_CGROUP)
 */
export const clone3 = (flags: bigint, cgroup?: Fd): { pid: number; pidfd: Fd | undefined } => clone(flags, SIGCHLD, cgroup);

/** clone3(2) with CLONE_PARENT: the new process is a child of this one's parent, who reaps it. Only in a forked child. */
export const clone3AsSibling = (flags: bigint): { pid: number; pidfd: Fd | undefined } => clone(flags | CLONE_PARENT, 0, undefined);

/** _exit(2): ends at once, without Node's own farewell. */
export function _exit(status: number): never {
  cExit(status);
  throw new Error('unreachable');
}

/** execve(2). Returns only by throwing. */
export function execve(path: string, argv: readonly string[], envp: readonly string[]): never {
  perform('execve', [path, ...argv], () => cExecve(path, [...argv, null], [...envp, null]));
  throw new Error('unreachable');
}

/** How a child ended, from siginfo_t (waitid(2)). */
export type WaitResult =
  | { pid: number; kind: 'exited'; code: number }
  | { pid: number; kind: 'signaled'; signal: number; coreDumped: boolean };

const siginfo = Buffer.alloc(layouts.siginfo.size);

/** waitid(2). @returns undefined where WNOHANG found nothing, or there is no child (ECHILD) */
export function waitid(type: number, id: number, options: number): WaitResult | undefined {
  siginfo.fill(0);
  if (cWaitid(type, id, siginfo, options) < 0) {
    const failure = new SyscallError('waitid', koffi.errno(), `${type}, ${id}`);
    if (failure.code === 'ECHILD') return undefined;
    throw failure;
  }
  const pid = takeInt(siginfo, layouts.siginfo, 'si_pid');
  if (pid === 0) return undefined;
  const how = takeInt(siginfo, layouts.siginfo, 'si_code');
  const status = takeInt(siginfo, layouts.siginfo, 'si_status');
  return how === CLD_EXITED
    ? { pid, kind: 'exited', code: status }
    : { pid, kind: 'signaled', signal: status, coreDumped: how === CLD_DUMPED };
}

/** waitid(2) for one child, by pid. */
export const waitPid = (pid: number, options: number): WaitResult | undefined => waitid(P_PID, pid, options);

/** pidfd_open(2). */
export function pidfd_open(pid: number): Fd {
  return adopt(
    perform('pidfd_open', [pid], () => cSyscall3(commonSyscalls.pidfd_open, pid, 0, 0)),
    `pidfd:${pid}`,
  );
}

/** pidfd_send_signal(2). */
export function pidfd_send_signal(pidfd: Fd, signal: number): void {
  perform('pidfd_send_signal', [pidfd, signal], () => cPidfdSendSignal(commonSyscalls.pidfd_send_signal, numberOf(pidfd), signal, null, 0));
}

/**
 * ioctl PIDFD_GET_INFO (Linux 6.15 for the exit code): how a process ended, asked of a descriptor by anybody who holds
 * it, also after it was reaped by its parent.
 *
 * @returns undefined where the kernel does not know (any more) or the process still runs
 */
export function pidfdExitStatus(
  pidfd: Fd,
): Omit<Extract<WaitResult, { kind: 'exited' }>, 'pid'> | Omit<Extract<WaitResult, { kind: 'signaled' }>, 'pid'> | undefined {
  const info = pack(layouts.pidfdInfo, { mask: PIDFD_INFO_EXIT });
  if (cIoctlBuffer(numberOf(pidfd), PIDFD_GET_INFO, info) < 0) return undefined;
  if ((takeU64(info, layouts.pidfdInfo, 'mask') & PIDFD_INFO_EXIT) === 0n) return undefined;
  const status = takeInt(info, layouts.pidfdInfo, 'exit_code');
  const signal = status & 0x7f;
  return signal === 0 ? { kind: 'exited', code: (status >> 8) & 0xff } : { kind: 'signaled', signal, coreDumped: (status & 0x80) !== 0 };
}

/** kill(2). */
export function kill(pid: number, signal: number): void {
  perform('kill', [pid, signal], () => cKill(pid, signal));
}

/** prctl(2), PR_SET_DUMPABLE: a process that is not dumpable cannot be traced, nor its executable opened through /proc, by others. */
export function setDumpable(dumpable: boolean): void {
  perform('prctl', [named('PR_SET_DUMPABLE'), dumpable ? 1 : 0], () => cPrctl(PR_SET_DUMPABLE, dumpable ? 1 : 0, 0, 0, 0));
}

/** prctl(2), PR_CAPBSET_DROP (capabilities(7)), by number. */
export function dropFromBoundingSet(capability: number): void {
  perform('prctl', [named('PR_CAPBSET_DROP'), named(capabilityNames[capability] ?? String(capability))], () =>
    cPrctl(PR_CAPBSET_DROP, capability, 0, 0, 0),
  );
}

/** prctl(2), PR_CAP_AMBIENT_CLEAR_ALL. */
export function clearAmbientSet(): void {
  perform('prctl', [named('PR_CAP_AMBIENT'), named('PR_CAP_AMBIENT_CLEAR_ALL')], () =>
    cPrctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0),
  );
}

/** prctl(2), PR_SET_NO_NEW_PRIVS: execve(2) grants nothing any more. */
export function setNoNewPrivileges(): void {
  perform('prctl', [named('PR_SET_NO_NEW_PRIVS'), 1], () => cPrctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
}

/** ioctl(2) with a buffer. */
export function ioctl(fd: Fd, request: number, argument: Buffer, name: string): number {
  return perform('ioctl', [fd, name], () => cIoctlBuffer(numberOf(fd), request, argument));
}

/** ioctl(2) with an integer. */
export function ioctlNumber(fd: Fd, request: number, argument: number, name: string): number {
  return perform('ioctl', [fd, name, argument], () => cIoctlNumber(numberOf(fd), request, argument));
}

/** An ioctl(2) that answers with a descriptor (TIOCGPTPEER, NS_GET_USERNS). */
export function ioctlFd(fd: Fd, request: number, argument: number, name: string, label: string): Fd {
  return adopt(ioctlNumber(fd, request, argument, name), label);
}

/** unshare(2). Only in a forked, single-threaded child. */
export function unshare(flags: bigint): void {
  perform('unshare', [flags], () => cUnshare(Number(flags)));
}

/** setns(2). Only in a forked, single-threaded child. */
export function setns(fd: Fd, flags: bigint): void {
  perform('setns', [fd, flags], () => cSetns(numberOf(fd), Number(flags)));
}

/** setresuid(2), by the raw syscall: the C library's own would wait for threads that a forked child does not have. */
export function setresuid(uid: number): void {
  perform('setresuid', [uid], () => cSyscall3(arch.syscalls.setresuid, uid, uid, uid));
}

/** setresgid(2), by the raw syscall. */
export function setresgid(gid: number): void {
  perform('setresgid', [gid], () => cSyscall3(arch.syscalls.setresgid, gid, gid, gid));
}

/** setgroups(2), by the raw syscall. */
export function setgroups(groups: readonly number[]): void {
  perform('setgroups', [groups.join(',')], () =>
    cSyscallCountBuffer(arch.syscalls.setgroups, groups.length, Uint32Array.from([...groups, 0])),
  );
}

/** setsid(2). */
export function setsid(): void {
  perform('setsid', [], () => cSyscall3(arch.syscalls.setsid, 0, 0, 0));
}

/** capset(2), version 3, of this thread: sets of capability numbers as masks. */
export function capset(sets: { effective: bigint; permitted: bigint; inheritable: bigint }): void {
  const header = pack(layouts.capHeader, { version: LINUX_CAPABILITY_VERSION_3 });
  const halves = [0n, 32n].map((shift) =>
    pack(layouts.capData, {
      effective: (sets.effective >> shift) & 0xffffffffn,
      permitted: (sets.permitted >> shift) & 0xffffffffn,
      inheritable: (sets.inheritable >> shift) & 0xffffffffn,
    }),
  );
  const data = Buffer.concat(halves);
  perform('capset', [sets.effective], () => cSyscallBuffers(arch.syscalls.capset, header, data));
}

/** close_range(2). */
export function close_range(first: number, last: number, flags: number): void {
  perform('close_range', [first, last, flags], () => cSyscall3(commonSyscalls.close_range, first, last, flags));
}

/**
 * Closes every descriptor that an Fd owns but these. In a forked child only: the objects of the closed ones must not be
 * used afterwards. Node's own stay open, for it aborts where it cannot wake its event loop any more.
 */
export function closeOthers(kept: readonly Fd[]): void {
  for (const number of ownedExcept(kept)) cClose(number);
}

const allSignals = Buffer.alloc(128, 0xff);
const noSignals = Buffer.alloc(128);

/** sigprocmask(2): blocks every signal; `restore` gives the mask before it back. */
export function blockSignals(): { restore(): void } {
  const before = Buffer.alloc(128);
  cSigprocmask(0, allSignals, before);
  return {
    restore() {
      cSigprocmask(2, before, Buffer.alloc(128));
    },
  };
}

/** sigprocmask(2): an empty mask, as a program expects at its start. */
export function clearSignalMask(): void {
  cSigprocmask(2, noSignals, Buffer.alloc(128));
}

/** signal(2) to SIG_DFL. */
export function resetSignal(signal: number): void {
  cSignal(signal, 0);
}

/** RLIMIT_NOFILE of getrlimit(2) */
export const RLIMIT_NOFILE = 7;

/** setrlimit(2), by prlimit(2) of this process. */
export function setrlimit(resource: number, limits: { soft: bigint; hard: bigint }): void {
  const buffer = pack(layouts.rlimit64, { rlim_cur: limits.soft, rlim_max: limits.hard });
  perform('prlimit64', [resource, limits.soft, limits.hard], () => cPrlimit(arch.syscalls.prlimit64, 0, resource, buffer, null));
}

/** getrlimit(2), by prlimit(2) of this process. */
export function getrlimit(resource: number): { soft: bigint; hard: bigint } {
  const buffer = Buffer.alloc(layouts.rlimit64.size);
  perform('prlimit64', [resource], () => cPrlimit(arch.syscalls.prlimit64, 0, resource, null, buffer));
  return { soft: takeU64(buffer, layouts.rlimit64, 'rlim_cur'), hard: takeU64(buffer, layouts.rlimit64, 'rlim_max') };
}

/** umask(2). @returns the mask before */
export const umask = (mask: number): number => cUmask(mask);

/** sethostname(2). */
export function sethostname(name: string): void {
  perform('sethostname', [name], () => cSethostname(name, Buffer.byteLength(name)));
}

/** chdir(2). */
export function chdir(path: string): void {
  perform('chdir', [path], () => cChdir(path));
}

/** fchdir(2). */
export function fchdir(directory: Fd): void {
  perform('fchdir', [directory], () => cFchdir(numberOf(directory)));
}

const timespec = new BigInt64Array(2);

/** clock_gettime(2), CLOCK_BOOTTIME: monotonic and running through suspend; for durations. Nanoseconds. */
export function boottimeNsec(): bigint {
  cClockGettime(7, timespec);
  return (timespec[0] as bigint) * 1_000_000_000n + (timespec[1] as bigint);
}
