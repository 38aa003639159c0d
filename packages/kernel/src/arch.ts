/**
 * Numbers that differ by architecture. Sources: arch/x86/entry/syscalls/syscall_64.tbl and
 * include/uapi/asm-generic/unistd.h (arm64); open flags from each arch's uapi/asm/fcntl.h.
 * Syscalls from 424 on have one number everywhere.
 */
interface ArchitectureTable {
  syscalls: Record<
    'bpf' | 'capset' | 'perf_event_open' | 'pivot_root' | 'prlimit64' | 'setgroups' | 'setresgid' | 'setresuid' | 'setsid',
    number
  >;
  O_DIRECTORY: number;
  O_NOFOLLOW: number;
}

const x64: ArchitectureTable = {
  syscalls: {
    bpf: 321,
    capset: 126,
    perf_event_open: 298,
    pivot_root: 155,
    setgroups: 116,
    setresgid: 119,
    setresuid: 117,
    setsid: 112,
    prlimit64: 302,
  },
  O_DIRECTORY: 0o200000,
  O_NOFOLLOW: 0o400000,
};

const arm64: ArchitectureTable = {
  syscalls: {
    bpf: 280,
    capset: 91,
    perf_event_open: 241,
    pivot_root: 41,
    setgroups: 159,
    setresgid: 149,
    setresuid: 147,
    setsid: 157,
    prlimit64: 261,
  },
  O_DIRECTORY: 0o40000,
  O_NOFOLLOW: 0o100000,
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
