import koffi from 'koffi';
import { arch, commonSyscalls } from './arch.ts';
import { CLD_DUMPED, CLD_EXITED, P_PID, PIDFD_GET_INFO, PIDFD_INFO_EXIT, PR_SET_DUMPABLE } from './constants.ts';
import { SyscallError } from './error.ts';
import { adopt, type Fd, numberOf } from './fd.ts';
import { layouts, pack, takeInt, takeU64 } from './layout.ts';
import { declare, named, perform } from './library.ts';

const cSyscall3 = declare<(n: number, a: number, b: number, c: number) => number>('syscall', 'long', ['long', 'long', 'long', 'long']);
const cExecve = declare<(path: string, argv: (string | null)[], envp: (string | null)[]) => number>('execve', 'int', [
  'str',
  'const char **',
  'const char **',
]);
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
const cSigprocmask = declare<(how: number, set: Buffer, old: Buffer) => number>('sigprocmask', 'int', ['int', 'void *', 'void *']);
const cPrlimit = declare<(n: number, pid: number, resource: number, limit: Buffer | null, old: Buffer | null) => number>(
  'syscall',
  'long',
  ['long', 'long', 'long', 'void *', 'void *'],
);
const cUnshare = declare<(flags: number) => number>('unshare', 'int', ['int']);
const cKill = declare<(pid: number, signal: number) => number>('kill', 'int', ['int', 'int']);
const cClockGettime = declare<(clock: number, time: BigInt64Array) => number>('clock_gettime', 'int', ['int', 'void *']);

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

/** ioctl(2) with a buffer. */
export function ioctl(fd: Fd, request: number, argument: Buffer, name: string): number {
  return perform('ioctl', [fd, name], () => cIoctlBuffer(numberOf(fd), request, argument));
}

/** unshare(2) of the calling thread. Nothing of ours does so but a child, by its list: this is for tests that need a thread elsewhere. */
export function unshare(flags: bigint): void {
  perform('unshare', [flags], () => cUnshare(Number(flags)));
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

/** RLIMIT_NOFILE of getrlimit(2) */
export const RLIMIT_NOFILE = 7;

/** getrlimit(2), by prlimit(2) of this process. */
export function getrlimit(resource: number): { soft: bigint; hard: bigint } {
  const buffer = Buffer.alloc(layouts.rlimit64.size);
  perform('prlimit64', [resource], () => cPrlimit(arch.syscalls.prlimit64, 0, resource, null, buffer));
  return { soft: takeU64(buffer, layouts.rlimit64, 'rlim_cur'), hard: takeU64(buffer, layouts.rlimit64, 'rlim_max') };
}

const timespec = new BigInt64Array(2);

/** clock_gettime(2), CLOCK_BOOTTIME: monotonic and running through suspend; for durations. Nanoseconds. */
export function boottimeNsec(): bigint {
  cClockGettime(7, timespec);
  return (timespec[0] as bigint) * 1_000_000_000n + (timespec[1] as bigint);
}
