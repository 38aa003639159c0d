import type { Btf, BtfMember } from '@bulkhead/kernel';
import { NamespaceType } from '@bulkhead/model';

/** How a type of namespace is called among the kernel's structs. */
interface NamespaceStruct {
  struct: string;
  /** Member of nsproxy; what a task is in itself stands elsewhere for the others. */
  proxy?: string;
  /** Member that leads to the user namespace that owns it; of a user namespace its parent. */
  owner: string;
}

const namespaceStructs: Readonly<Record<NamespaceType, NamespaceStruct>> = {
  pid: { struct: 'pid_namespace', owner: 'user_ns' },
  network: { struct: 'net', proxy: 'net_ns', owner: 'user_ns' },
  mount: { struct: 'mnt_namespace', proxy: 'mnt_ns', owner: 'user_ns' },
  ipc: { struct: 'ipc_namespace', proxy: 'ipc_ns', owner: 'user_ns' },
  uts: { struct: 'uts_namespace', proxy: 'uts_ns', owner: 'user_ns' },
  cgroup: { struct: 'cgroup_namespace', proxy: 'cgroup_ns', owner: 'user_ns' },
  user: { struct: 'user_namespace', owner: 'parent' },
  time: { struct: 'time_namespace', proxy: 'time_ns', owner: 'user_ns' },
};

/** Names of the structs and functions of the kernel that are looked up. */
export const kernelNames: readonly string[] = [
  ...Object.values(namespaceStructs).map(({ struct }) => struct),
  ...['nsproxy', 'super_block', 'mount', 'bpf_iter__task', 'bpf_iter_meta', 'bpf_iter__task_file', 'task_struct', 'signal_struct'],
  ...['pid', 'upid', 'cred', 'css_set', 'cgroup', 'kernfs_node', 'ns_common', 'proc_ns_operations', 'file', 'inode', 'dentry'],
  ...['bpf_iter_task', 'bpf_iter_task_file'],
];

/** Members of one type of namespace. */
export interface NamespaceFields {
  type: NamespaceType;
  /** Of nsproxy, where a task's is found there. */
  proxy: number | undefined;
  /** The ns_common in it. */
  common: number;
  inum: number;
  owner: number;
}

/** The way through the mounts of one file system, which changed in Linux 6.18. */
export type MountChain =
  /** super_block.s_mounts is a list_head, and mount.mnt_instance one of its entries. */
  | { kind: 'list'; head: number; entry: number }
  /** super_block.s_mounts leads to the first mount, mount.mnt_next_for_sb to the next. */
  | { kind: 'single'; head: number; next: number };

/** Offsets of the members that the programs here read, in bytes. */
export type KernelFields = ReturnType<typeof readKernelFields>;

/** What this kernel does not have. */
export class KernelLacks extends Error {
  override readonly name = 'KernelLacks';
}

/**
 * Looks the members up in the types of the running kernel. Names are those of Linux 5.14 to 6.18; where they differ
 * between versions, both are tried.
 *
 * @throws KernelLacks where one is not there, or is not of the size that it is read with
 */
export function readKernelFields(btf: Pick<Btf, 'isPointer' | 'member'>) {
  const find = (struct: string, ...paths: readonly string[]): BtfMember | undefined =>
    paths.map((path) => btf.member(struct, path)).find((member) => member !== undefined);
  const at = (size: number, struct: string, ...paths: readonly string[]): number => {
    const member = find(struct, ...paths);
    if (member === undefined) throw new KernelLacks(`its types have no ${struct}.${paths.join(' or ')}`);
    if (member.size !== size) throw new KernelLacks(`${struct}.${paths[0]} has ${member.size} bytes, not ${size}`);
    return member.offset;
  };
  const begin = (struct: string, path: string): number => {
    const member = find(struct, path);
    if (member === undefined) throw new KernelLacks(`its types have no ${struct}.${path}`);
    return member.offset;
  };
  const namespaces: NamespaceFields[] = NamespaceType.options.map((type) => {
    const { struct, proxy, owner } = namespaceStructs[type];
    return {
      type,
      proxy: proxy === undefined ? undefined : at(8, 'nsproxy', proxy),
      common: begin(struct, 'ns'),
      inum: at(4, struct, 'ns.inum'),
      owner: at(8, struct, owner),
    };
  });
  const mounts: MountChain = btf.isPointer('super_block', 's_mounts')
    ? { kind: 'single', head: at(8, 'super_block', 's_mounts'), next: at(8, 'mount', 'mnt_next_for_sb') }
    : { kind: 'list', head: at(8, 'super_block', 's_mounts.next'), entry: at(8, 'mount', 'mnt_instance.next') };
  const commonType = find('ns_common', 'ns_type');
  const operationsType = find('proc_ns_operations', 'type');
  if (commonType === undefined && operationsType === undefined)
    throw new KernelLacks('its types have no ns_common.ns_type or proc_ns_operations.type');
  return {
    namespaces,
    mounts,
    context: {
      meta: at(8, 'bpf_iter__task', 'meta'),
      task: at(8, 'bpf_iter__task', 'task'),
      seq: at(8, 'bpf_iter_meta', 'seq'),
    },
    fileContext: {
      meta: at(8, 'bpf_iter__task_file', 'meta'),
      task: at(8, 'bpf_iter__task_file', 'task'),
      fd: at(4, 'bpf_iter__task_file', 'fd'),
      file: at(8, 'bpf_iter__task_file', 'file'),
    },
    task: {
      pid: at(4, 'task_struct', 'pid'),
      tgid: at(4, 'task_struct', 'tgid'),
      // Called so since Linux 5.14.
      state: at(4, 'task_struct', '__state'),
      exitState: at(4, 'task_struct', 'exit_state'),
      flags: at(4, 'task_struct', 'flags'),
      comm: at(16, 'task_struct', 'comm'),
      startBoottime: at(8, 'task_struct', 'start_boottime'),
      realParent: at(8, 'task_struct', 'real_parent'),
      groupLeader: at(8, 'task_struct', 'group_leader'),
      realCred: at(8, 'task_struct', 'real_cred'),
      nsproxy: at(8, 'task_struct', 'nsproxy'),
      signal: at(8, 'task_struct', 'signal'),
      threadPid: at(8, 'task_struct', 'thread_pid'),
      cgroups: at(8, 'task_struct', 'cgroups'),
    },
    signal: {
      threads: at(4, 'signal_struct', 'nr_threads'),
      // PIDTYPE_SID of enum pid_type is the fourth.
      session: begin('signal_struct', 'pids') + 3 * 8,
    },
    pid: { level: at(4, 'pid', 'level'), numbers: begin('pid', 'numbers') },
    upid: { number: at(4, 'upid', 'nr'), namespace: at(8, 'upid', 'ns') },
    pidNamespace: { parent: at(8, 'pid_namespace', 'parent') },
    userNamespace: { owner: at(4, 'user_namespace', 'owner.val') },
    // A number for listmount(2): since Linux 6.18 that of any namespace, since 6.8 one of its own, and none before.
    mountNamespace: { id: find('mnt_namespace', 'ns.ns_id', 'seq')?.offset },
    cred: { userNamespace: at(8, 'cred', 'user_ns') },
    cssSet: { defaultCgroup: at(8, 'css_set', 'dfl_cgrp') },
    cgroup: { node: at(8, 'cgroup', 'kn') },
    kernfsNode: { id: at(8, 'kernfs_node', 'id') },
    // The type of a namespace stands in itself since Linux 6.18, with its operations before.
    common: { type: commonType?.offset, operations: at(8, 'ns_common', 'ops') },
    operations: { type: operationsType?.offset ?? 0 },
    file: { inode: at(8, 'file', 'f_inode') },
    inode: { superBlock: at(8, 'inode', 'i_sb'), number: at(8, 'inode', 'i_ino'), private: at(8, 'inode', 'i_private') },
    superBlock: { magic: at(8, 'super_block', 's_magic') },
    dentry: { inode: at(8, 'dentry', 'd_inode') },
    mount: {
      root: at(8, 'mount', 'mnt.mnt_root'),
      namespace: at(8, 'mount', 'mnt_ns'),
      mountpoint: at(8, 'mount', 'mnt_mountpoint'),
      parent: at(8, 'mount', 'mnt_parent'),
    },
  };
}
