import { arch } from './arch.ts';

/** include/uapi/linux/sched.h */
export const CLONE_VM = 0x00000100n;
export const CLONE_FILES = 0x00000400n;
export const CLONE_PIDFD = 0x00001000n;
export const CLONE_PARENT = 0x00008000n;
export const CLONE_NEWTIME = 0x00000080n;
export const CLONE_NEWNS = 0x00020000n;
export const CLONE_NEWCGROUP = 0x02000000n;
export const CLONE_NEWUTS = 0x04000000n;
export const CLONE_NEWIPC = 0x08000000n;
export const CLONE_NEWUSER = 0x10000000n;
export const CLONE_NEWPID = 0x20000000n;
export const CLONE_NEWNET = 0x40000000n;
export const CLONE_CLEAR_SIGHAND = 0x100000000n;
export const CLONE_INTO_CGROUP = 0x200000000n;

/** include/uapi/asm-generic/fcntl.h; the two that differ come from arch.ts */
export const O_RDONLY = 0;
export const O_WRONLY = 1;
export const O_RDWR = 2;
export const O_CREAT = 0o100;
export const O_EXCL = 0o200;
export const O_TRUNC = 0o1000;
export const O_APPEND = 0o2000;
export const O_NONBLOCK = 0o4000;
export const O_CLOEXEC = 0o2000000;
export const O_PATH = 0o10000000;
export const O_NOCTTY = 0o400;
export const O_DIRECTORY = arch.O_DIRECTORY;
export const O_NOFOLLOW = arch.O_NOFOLLOW;

/** include/uapi/linux/fcntl.h */
export const AT_FDCWD = -100;
export const AT_SYMLINK_NOFOLLOW = 0x100;
export const AT_REMOVEDIR = 0x200;
export const AT_EMPTY_PATH = 0x1000;
export const AT_RECURSIVE = 0x8000;

/** include/uapi/linux/inotify.h */
export const IN_MODIFY = 0x2;
export const IN_CREATE = 0x100;
export const IN_DELETE = 0x200;
export const IN_Q_OVERFLOW = 0x4000;
export const IN_IGNORED = 0x8000;
export const IN_ONLYDIR = 0x1000000;
export const IN_ISDIR = 0x40000000;

/** include/uapi/linux/eventfd.h */
export const EFD_CLOEXEC = O_CLOEXEC;
export const EFD_NONBLOCK = O_NONBLOCK;

/** include/uapi/linux/eventpoll.h */
export const EPOLL_CTL_ADD = 1;
export const EPOLL_CTL_DEL = 2;
export const EPOLLIN = 0x1;
export const EPOLLPRI = 0x2;
export const EPOLLERR = 0x8;
export const EPOLLHUP = 0x10;

/** include/uapi/linux/openat2.h */
export const RESOLVE_NO_XDEV = 0x01n;
export const RESOLVE_NO_MAGICLINKS = 0x02n;
export const RESOLVE_NO_SYMLINKS = 0x04n;
export const RESOLVE_BENEATH = 0x08n;
export const RESOLVE_IN_ROOT = 0x10n;

/** include/uapi/linux/mount.h */
export const MS_RDONLY = 1;
export const MS_NOSUID = 2;
export const MS_NODEV = 4;
export const MS_NOEXEC = 8;
export const MS_REMOUNT = 32;
export const MS_BIND = 4096;
export const MS_REC = 16384;
export const MS_PRIVATE = 1 << 18;
export const MS_SLAVE = 1 << 19;
export const MNT_DETACH = 2;
export const OPEN_TREE_CLONE = 1;
export const OPEN_TREE_CLOEXEC = O_CLOEXEC;
export const MOVE_MOUNT_F_EMPTY_PATH = 0x04;
export const MOVE_MOUNT_T_EMPTY_PATH = 0x40;
export const FSOPEN_CLOEXEC = 1;
export const FSMOUNT_CLOEXEC = 1;
export const FSCONFIG_SET_FLAG = 0;
export const FSCONFIG_SET_STRING = 1;
export const FSCONFIG_SET_FD = 5;
export const FSCONFIG_CMD_CREATE = 6;
/** Linux 6.8 */
export const LSMT_ROOT = 0xffffffffffffffffn;
/** Linux 6.11 */
export const LISTMOUNT_REVERSE = 1;
export const MOUNT_ATTR_RDONLY = 0x01n;
export const MOUNT_ATTR_NOSUID = 0x02n;
export const MOUNT_ATTR_NODEV = 0x04n;
export const MOUNT_ATTR_NOEXEC = 0x08n;
export const MOUNT_ATTR_NOSYMFOLLOW = 0x200000n;
export const MOUNT_ATTR_IDMAP = 0x100000n;

/** include/uapi/linux/prctl.h */
export const PR_SET_PDEATHSIG = 1;
export const PR_SET_DUMPABLE = 4;
export const PR_SET_NAME = 15;
export const PR_CAPBSET_DROP = 24;
export const PR_SET_NO_NEW_PRIVS = 38;
export const PR_SET_CHILD_SUBREAPER = 36;
export const PR_CAP_AMBIENT = 47;
export const PR_CAP_AMBIENT_CLEAR_ALL = 4;

/** include/uapi/linux/wait.h */
export const P_PID = 1;
export const P_PIDFD = 3;
export const WNOHANG = 1;
export const WEXITED = 4;
export const WNOWAIT = 0x01000000;
/** include/uapi/asm-generic/siginfo.h */
export const CLD_EXITED = 1;
export const CLD_KILLED = 2;
export const CLD_DUMPED = 3;

/** include/uapi/asm-generic/signal.h */
export const SIGKILL = 9;
export const SIGPIPE = 13;
export const SIGTERM = 15;
export const SIGCHLD = 17;
export const SIGXFSZ = 25;
/** include/uapi/asm-generic/signal-defs.h */
export const SIG_SETMASK = 2;

/** include/uapi/linux/stat.h */
export const STATX_BASIC_STATS = 0x7ff;
export const S_IFMT = 0o170000;
export const S_IFREG = 0o100000;
export const S_IFDIR = 0o040000;
export const S_IFCHR = 0o020000;
/** include/uapi/linux/fs.h, unistd.h */
export const X_OK = 1;

/** include/linux/socket.h, include/uapi/asm-generic/socket.h */
export const AF_UNIX = 1;
export const AF_INET = 2;
export const SOCK_STREAM = 1;
export const SOCK_DGRAM = 2;
export const SOCK_SEQPACKET = 5;
export const SOCK_CLOEXEC = O_CLOEXEC;
export const SOCK_NONBLOCK = O_NONBLOCK;
export const SOL_SOCKET = 1;
export const SO_SNDBUF = 7;
export const SO_RCVBUF = 8;
export const SO_PEERCRED = 17;
export const SCM_RIGHTS = 1;
export const MSG_PEEK = 0x02;
export const MSG_DONTWAIT = 0x40;
export const MSG_NOSIGNAL = 0x4000;
export const MSG_CMSG_CLOEXEC = 0x40000000;
export const MSG_TRUNC = 0x20;
export const MSG_CTRUNC = 0x08;

/** include/uapi/linux/sockios.h, include/uapi/linux/if.h */
export const SIOCGIFFLAGS = 0x8913;
export const SIOCSIFFLAGS = 0x8914;
export const IFF_UP = 1;

/** include/uapi/asm-generic/ioctls.h */
export const TIOCSCTTY = 0x540e;
export const TIOCSWINSZ = 0x5414;
export const TIOCGPTPEER = 0x5441;
export const TIOCSPTLCK = 0x40045431;
/** include/uapi/linux/nsfs.h */
export const NS_GET_USERNS = 0xb701;
export const NS_GET_PARENT = 0xb702;
export const NS_GET_NSTYPE = 0xb703;
export const NS_GET_OWNER_UID = 0xb704;
/** _IOR(NSIO, 5, __u64), Linux 6.11 */
export const NS_GET_MNTNS_ID = 0x8008b705;
/** include/uapi/linux/pidfd.h: _IOWR(0xFF, 11, struct pidfd_info) with the 64 bytes of PIDFD_INFO_SIZE_VER0 */
export const PIDFD_GET_INFO = 0xc040ff0b;
export const PIDFD_INFO_EXIT = 8n;
/** _IO(0xFF, 1) to _IO(0xFF, 10) of include/uapi/linux/pidfd.h, PIDFD_GET_*_NAMESPACE (Linux 6.11), by OCI name of the type. */
export const pidfdNamespaceRequests = {
  cgroup: 0xff01,
  ipc: 0xff02,
  mount: 0xff03,
  network: 0xff04,
  pid: 0xff05,
  time: 0xff07,
  user: 0xff09,
  uts: 0xff0a,
} as const;

/** include/uapi/linux/perf_event.h */
export const PERF_TYPE_SOFTWARE = 1;
export const PERF_COUNT_SW_DUMMY = 9;
export const PERF_FLAG_FD_CLOEXEC = 8;
export const PERF_EVENT_IOC_ENABLE = 0x2400;
export const PERF_RECORD_LOST = 2;
export const PERF_RECORD_COMM = 3;
export const PERF_RECORD_EXIT = 4;
export const PERF_RECORD_FORK = 7;
export const PERF_RECORD_NAMESPACES = 16;
export const PERF_RECORD_MISC_COMM_EXEC = 1 << 13;

/** include/uapi/linux/bpf.h */
export const BPF_MAP_CREATE = 0;
export const BPF_PROG_LOAD = 5;
export const BPF_BTF_LOAD = 18;
export const BPF_MAP_LOOKUP_AND_DELETE_BATCH = 25;
export const BPF_LINK_CREATE = 28;
export const BPF_ITER_CREATE = 33;
export const BPF_PROG_TYPE_TRACING = 26;
export const BPF_TRACE_ITER = 28;
export const BPF_MAP_TYPE_HASH = 1;
export const BPF_F_NO_PREALLOC = 1;
export const BPF_FUNC_map_lookup_elem = 1;
export const BPF_FUNC_map_update_elem = 2;
export const BPF_FUNC_get_current_pid_tgid = 14;
export const BPF_FUNC_probe_read_kernel = 113;
export const BPF_FUNC_seq_write = 127;
/** Linux 5.17 */
export const BPF_FUNC_loop = 181;

/** include/uapi/linux/fcntl.h */
export const F_DUPFD_CLOEXEC = 1030;
export const F_SETPIPE_SZ = 1031;
export const F_GETFL = 3;
export const F_SETFL = 4;
export const F_GETFD = 1;
export const F_SETFD = 2;
export const FD_CLOEXEC = 1;

/** include/uapi/asm-generic/mman-common.h */
export const MADV_DONTFORK = 10;
export const MADV_DOFORK = 11;
/** include/uapi/asm-generic/mman-common.h, include/uapi/linux/mman.h */
export const PROT_READ = 1;
export const PROT_WRITE = 2;
export const PROT_EXEC = 4;
export const MAP_SHARED = 1;
export const MAP_PRIVATE = 2;
export const MAP_ANONYMOUS = 0x20;

/** include/uapi/linux/close_range.h */
export const CLOSE_RANGE_CLOEXEC = 4;

/** include/uapi/linux/magic.h */
export const CGROUP_SUPER_MAGIC = 0x27e0eb;
export const CGROUP2_SUPER_MAGIC = 0x63677270;
export const PROC_SUPER_MAGIC = 0x9fa0;
export const NSFS_MAGIC = 0x6e736673;
export const TMPFS_MAGIC = 0x01021994;

/** include/uapi/linux/capability.h */
export const LINUX_CAPABILITY_VERSION_3 = 0x20080522;
/** include/uapi/linux/capability.h: name by number */
export const capabilityNames = [
  'CAP_CHOWN',
  'CAP_DAC_OVERRIDE',
  'CAP_DAC_READ_SEARCH',
  'CAP_FOWNER',
  'CAP_FSETID',
  'CAP_KILL',
  'CAP_SETGID',
  'CAP_SETUID',
  'CAP_SETPCAP',
  'CAP_LINUX_IMMUTABLE',
  'CAP_NET_BIND_SERVICE',
  'CAP_NET_BROADCAST',
  'CAP_NET_ADMIN',
  'CAP_NET_RAW',
  'CAP_IPC_LOCK',
  'CAP_IPC_OWNER',
  'CAP_SYS_MODULE',
  'CAP_SYS_RAWIO',
  'CAP_SYS_CHROOT',
  'CAP_SYS_PTRACE',
  'CAP_SYS_PACCT',
  'CAP_SYS_ADMIN',
  'CAP_SYS_BOOT',
  'CAP_SYS_NICE',
  'CAP_SYS_RESOURCE',
  'CAP_SYS_TIME',
  'CAP_SYS_TTY_CONFIG',
  'CAP_MKNOD',
  'CAP_LEASE',
  'CAP_AUDIT_WRITE',
  'CAP_AUDIT_CONTROL',
  'CAP_SETFCAP',
  'CAP_MAC_OVERRIDE',
  'CAP_MAC_ADMIN',
  'CAP_SYSLOG',
  'CAP_WAKE_ALARM',
  'CAP_BLOCK_SUSPEND',
  'CAP_AUDIT_READ',
  'CAP_PERFMON',
  'CAP_BPF',
  'CAP_CHECKPOINT_RESTORE',
] as const;
export type CapabilityName = (typeof capabilityNames)[number];

/**
 * One row a namespace type: OCI name (config-linux.md), file below /proc/<pid>/ns, clone flag (namespaces(7)).
 * Everything else derives from it.
 */
export const namespaceTable = [
  { type: 'user', procName: 'user', flag: CLONE_NEWUSER },
  { type: 'mount', procName: 'mnt', flag: CLONE_NEWNS },
  { type: 'pid', procName: 'pid', flag: CLONE_NEWPID },
  { type: 'network', procName: 'net', flag: CLONE_NEWNET },
  { type: 'uts', procName: 'uts', flag: CLONE_NEWUTS },
  { type: 'ipc', procName: 'ipc', flag: CLONE_NEWIPC },
  { type: 'cgroup', procName: 'cgroup', flag: CLONE_NEWCGROUP },
  { type: 'time', procName: 'time', flag: CLONE_NEWTIME },
] as const;
