/**
 * Numbers that differ by architecture. Sources: arch/x86/entry/syscalls/syscall_64.tbl and
 * include/uapi/asm-generic/unistd.h (arm64); open flags from each arch's uapi/asm/fcntl.h.
 * Syscalls from 424 on have one number everywhere.
 */
const x64 = {
  syscalls: {
    bpf: 321,
    capset: 126,
    chdir: 80,
    close: 3,
    dup3: 292,
    execve: 59,
    exit_group: 231,
    faccessat: 269,
    fchdir: 81,
    fchownat: 260,
    fcntl: 72,
    getpid: 39,
    ioctl: 16,
    mkdirat: 258,
    mount: 165,
    openat: 257,
    perf_event_open: 298,
    pivot_root: 155,
    prctl: 157,
    prlimit64: 302,
    recvfrom: 45,
    recvmsg: 47,
    rt_sigaction: 13,
    rt_sigprocmask: 14,
    sendmsg: 46,
    sendto: 44,
    setgroups: 116,
    sethostname: 170,
    setns: 308,
    setresgid: 119,
    setresuid: 117,
    setsid: 112,
    socket: 41,
    statx: 332,
    symlinkat: 266,
    umask: 95,
    umount2: 166,
    unshare: 272,
    write: 1,
  },
  O_DIRECTORY: 0o200000,
  O_NOFOLLOW: 0o400000,
  epollEvent: { size: 12, data: 4 },
};

interface ArchitectureTable {
  syscalls: Record<keyof (typeof x64)['syscalls'], number>;
  O_DIRECTORY: number;
  O_NOFOLLOW: number;
  /** struct epoll_event, include/uapi/linux/eventpoll.h: packed on x86-64 alone. */
  epollEvent: { size: number; data: number };
}

const arm64: ArchitectureTable = {
  syscalls: {
    bpf: 280,
    capset: 91,
    chdir: 49,
    close: 57,
    dup3: 24,
    execve: 221,
    exit_group: 94,
    faccessat: 48,
    fchdir: 50,
    fchownat: 54,
    fcntl: 25,
    getpid: 172,
    ioctl: 29,
    mkdirat: 34,
    mount: 40,
    openat: 56,
    perf_event_open: 241,
    pivot_root: 41,
    prctl: 167,
    prlimit64: 261,
    recvfrom: 207,
    recvmsg: 212,
    rt_sigaction: 134,
    rt_sigprocmask: 135,
    sendmsg: 211,
    sendto: 206,
    setgroups: 159,
    sethostname: 161,
    setns: 268,
    setresgid: 149,
    setresuid: 147,
    setsid: 157,
    socket: 198,
    statx: 291,
    symlinkat: 36,
    umask: 166,
    umount2: 39,
    unshare: 97,
    write: 64,
  },
  O_DIRECTORY: 0o40000,
  O_NOFOLLOW: 0o100000,
  epollEvent: { size: 16, data: 8 },
};

export const architectures: Readonly<Record<string, ArchitectureTable>> = { x64, arm64 };

function ownArchitecture(): ArchitectureTable {
  const table = architectures[process.arch];
  if (table === undefined) throw new Error(`bulkhead runs on x64 and arm64, this is ${process.arch}`);
  return table;
}

export const arch: ArchitectureTable = ownArchitecture();

/** Syscalls with one number on every architecture (include/uapi/asm-generic/unistd.h). */
export const commonSyscalls = {
  pidfd_send_signal: 424,
  open_tree: 428,
  move_mount: 429,
  fsopen: 430,
  fsconfig: 431,
  fsmount: 432,
  fspick: 433,
  pidfd_open: 434,
  clone3: 435,
  close_range: 436,
  openat2: 437,
  pidfd_getfd: 438,
  mount_setattr: 442,
  listmount: 458,
  listns: 470,
} as const;

export type SyscallName = keyof ArchitectureTable['syscalls'] | keyof typeof commonSyscalls;

const numbers: Readonly<Record<SyscallName, number>> = { ...arch.syscalls, ...commonSyscalls };

/** Number of a syscall on this architecture. */
export const syscallNumber = (name: SyscallName): number => numbers[name];
