/** Where the fields of a C struct are, in bytes: offset and size. Only fields that are used stand here. */
export interface Layout<F extends string = string> {
  /** As it is written in C. */
  readonly cName: string;
  readonly size: number;
  readonly fields: Readonly<Record<F, readonly [offset: number, size: 1 | 2 | 4 | 8]>>;
}

const layout = <F extends string>(cName: string, size: number, fields: Layout<F>['fields']): Layout<F> => ({ cName, size, fields });

/** Layouts on 64-bit Linux; a test holds every one of them against the C compiler. */
export const layouts = {
  /** include/uapi/linux/sched.h, CLONE_ARGS_SIZE_VER2 */
  cloneArgs: layout('struct clone_args', 88, { flags: [0, 8], pidfd: [8, 8], exit_signal: [32, 8], cgroup: [80, 8] }),
  /** include/uapi/linux/openat2.h */
  openHow: layout('struct open_how', 24, { flags: [0, 8], mode: [8, 8], resolve: [16, 8] }),
  /** include/uapi/linux/mount.h, MOUNT_ATTR_SIZE_VER0 */
  mountAttr: layout('struct mount_attr', 32, { attr_set: [0, 8], attr_clr: [8, 8], propagation: [16, 8], userns_fd: [24, 8] }),
  /** include/linux/socket.h, as the C library has it */
  msghdr: layout('struct msghdr', 56, {
    msg_iov: [16, 8],
    msg_iovlen: [24, 8],
    msg_control: [32, 8],
    msg_controllen: [40, 8],
    msg_flags: [48, 4],
  }),
  iovec: layout('struct iovec', 16, { iov_base: [0, 8], iov_len: [8, 8] }),
  cmsghdr: layout('struct cmsghdr', 16, { cmsg_len: [0, 8], cmsg_level: [8, 4], cmsg_type: [12, 4] }),
  ucred: layout('struct ucred', 12, { pid: [0, 4], uid: [4, 4], gid: [8, 4] }),
  sockaddrUn: layout('struct sockaddr_un', 110, { sun_family: [0, 2] }),
  /** include/uapi/asm-generic/siginfo.h, as waitid(2) fills it */
  siginfo: layout('siginfo_t', 128, { si_code: [8, 4], si_pid: [16, 4], si_status: [24, 4] }),
  /** include/uapi/linux/if.h */
  ifreq: layout('struct ifreq', 40, { ifr_flags: [16, 2] }),
  /** include/uapi/asm-generic/termios.h */
  winsize: layout('struct winsize', 8, { ws_row: [0, 2], ws_col: [2, 2] }),
  /** include/uapi/linux/capability.h; capset(2) takes two of the data for version 3 */
  capHeader: layout('struct __user_cap_header_struct', 8, { version: [0, 4], pid: [4, 4] }),
  capData: layout('struct __user_cap_data_struct', 12, { effective: [0, 4], permitted: [4, 4], inheritable: [8, 4] }),
  /** include/uapi/linux/resource.h */
  rlimit64: layout('struct rlimit64', 16, { rlim_cur: [0, 8], rlim_max: [8, 8] }),
  /** include/uapi/asm-generic/statfs.h */
  statfs: layout('struct statfs', 120, { f_type: [0, 8] }),
  /** include/uapi/linux/stat.h */
  statx: layout('struct statx', 256, {
    stx_mode: [28, 2],
    stx_ino: [32, 8],
    stx_size: [40, 8],
    stx_rdev_major: [128, 4],
    stx_rdev_minor: [132, 4],
    stx_dev_minor: [140, 4],
  }),
  timespec: layout('struct timespec', 16, { tv_sec: [0, 8], tv_nsec: [8, 8] }),
  /** include/uapi/linux/mount.h, MNT_ID_REQ_SIZE_VER1 (Linux 6.11) */
  mntIdReq: layout('struct mnt_id_req', 32, { size: [0, 4], mnt_id: [8, 8], param: [16, 8], mnt_ns_id: [24, 8] }),
  /** include/uapi/linux/nsfs.h, NS_ID_REQ_SIZE_VER0 (Linux 6.19) */
  nsIdReq: layout('struct ns_id_req', 32, { size: [0, 4], ns_id: [8, 8], ns_type: [16, 4], user_ns_id: [24, 8] }),
  /** include/uapi/linux/perf_event.h, PERF_ATTR_SIZE_VER5; longer ones are read by their own size */
  perfEventAttr: layout('struct perf_event_attr', 112, {
    type: [0, 4],
    size: [4, 4],
    config: [8, 8],
    read_format: [32, 8],
    wakeup_events: [48, 4],
  }),
  perfEventMmapPage: layout('struct perf_event_mmap_page', 1088, { data_head: [1024, 8], data_tail: [1032, 8] }),
  perfEventHeader: layout('struct perf_event_header', 8, { type: [0, 4], misc: [4, 2], size: [6, 2] }),
  /** include/uapi/linux/bpf.h: of the union, what each command of bpf(2) reads; the kernel takes what is beyond for 0 */
  bpfProgLoad: layout('union bpf_attr', 120, {
    prog_type: [0, 4],
    insn_cnt: [4, 4],
    insns: [8, 8],
    license: [16, 8],
    log_level: [24, 4],
    log_size: [28, 4],
    log_buf: [32, 8],
    expected_attach_type: [68, 4],
    prog_btf_fd: [72, 4],
    func_info_rec_size: [76, 4],
    func_info: [80, 8],
    func_info_cnt: [88, 4],
    attach_btf_id: [108, 4],
  }),
  bpfLinkCreate: layout('union bpf_attr', 32, {
    'link_create.prog_fd': [0, 4],
    'link_create.target_fd': [4, 4],
    'link_create.attach_type': [8, 4],
    'link_create.iter_info': [16, 8],
    'link_create.iter_info_len': [24, 4],
  }),
  bpfIterLinkInfo: layout('union bpf_iter_link_info', 16, { 'task.pid': [4, 4] }),
  bpfIterCreate: layout('union bpf_attr', 8, { 'iter_create.link_fd': [0, 4] }),
  bpfMapCreate: layout('union bpf_attr', 20, {
    map_type: [0, 4],
    key_size: [4, 4],
    value_size: [8, 4],
    max_entries: [12, 4],
    map_flags: [16, 4],
  }),
  bpfMapBatch: layout('union bpf_attr', 56, {
    'batch.in_batch': [0, 8],
    'batch.out_batch': [8, 8],
    'batch.keys': [16, 8],
    'batch.values': [24, 8],
    'batch.count': [32, 4],
    'batch.map_fd': [36, 4],
  }),
  bpfBtfLoad: layout('union bpf_attr', 32, { btf: [0, 8], btf_size: [16, 4] }),
  bpfFuncInfo: layout('struct bpf_func_info', 8, { insn_off: [0, 4], type_id: [4, 4] }),
  bpfInsn: layout('struct bpf_insn', 8, { code: [0, 1], off: [2, 2], imm: [4, 4] }),
  /** include/uapi/linux/btf.h */
  btfHeader: layout('struct btf_header', 24, {
    magic: [0, 2],
    version: [2, 1],
    hdr_len: [4, 4],
    type_off: [8, 4],
    type_len: [12, 4],
    str_off: [16, 4],
    str_len: [20, 4],
  }),
  /** include/uapi/linux/pidfd.h, PIDFD_INFO_SIZE_VER0 (Linux 6.13) */
  pidfdInfo: layout('struct pidfd_info', 64, { mask: [0, 8], exit_code: [60, 4] }),
} as const;

type FieldOf<L> = L extends Layout<infer F> ? F : never;

/** Writes one field at a struct that begins at `base` of a buffer. */
export function put<L extends Layout>(buffer: Buffer, struct: L, name: FieldOf<L>, value: number | bigint, base = 0): void {
  const [offset, size] = (struct as Layout).fields[name] as readonly [number, number];
  if (size === 8) buffer.writeBigUInt64LE(BigInt.asUintN(64, BigInt(value)), base + offset);
  else buffer.writeUIntLE(Number(BigInt.asUintN(size * 8, BigInt(value))), base + offset, size);
}

/** A zeroed struct with these fields. */
export function pack<L extends Layout>(struct: L, values: Partial<Record<FieldOf<L>, number | bigint>>): Buffer {
  const buffer = Buffer.alloc(struct.size);
  for (const [name, value] of Object.entries(values)) put(buffer, struct, name as FieldOf<L>, value as number | bigint);
  return buffer;
}

/** Reads a signed field of at most 4 bytes. */
export function takeInt<L extends Layout>(buffer: Buffer, struct: L, name: FieldOf<L>, base = 0): number {
  const [offset, size] = (struct as Layout).fields[name] as readonly [number, number];
  return buffer.readIntLE(base + offset, size);
}

/** Reads an unsigned field of 8 bytes. */
export function takeU64<L extends Layout>(buffer: Buffer, struct: L, name: FieldOf<L>, base = 0): bigint {
  const [offset] = (struct as Layout).fields[name] as readonly [number, number];
  return buffer.readBigUInt64LE(base + offset);
}
