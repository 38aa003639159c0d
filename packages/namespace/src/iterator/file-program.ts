/*
 * SPDX-License-Identifier: Apache-2.0 OR BSD-2-Clause OR GPL-2.0-only
 *
 * The BPF program that this file assembles is offered under "Dual BSD/GPL" as well: the kernel lends the helpers it calls
 * to nothing else (see NOTICE and docs/decisions/0025-tasks-by-bpf-iterators.md).
 */
import {
  BPF_FUNC_get_current_pid_tgid,
  BPF_FUNC_loop,
  BPF_FUNC_map_lookup_elem,
  BPF_FUNC_map_update_elem,
  BPF_FUNC_probe_read_kernel,
  BPF_FUNC_seq_write,
  BpfAssembler,
  NSFS_MAGIC,
  namespaceTable,
} from '@bulkhead/kernel';
import { NamespaceType } from '@bulkhead/model';
import { type KernelFields, KernelLacks, type NamespaceFields } from './kernel-fields.ts';

/**
 * First word of each record. A record `mounts` has one word more: 1 where all mounts of namespaces were entered in the map, 0
 * where there were more than that holds, or the list of them changed meanwhile. A `pause` has the size of a descriptor's and
 * says nothing: the kernel walks on until there is something to read, over a million files if need be.
 */
export const fileRecordKind = { descriptor: 1, mounts: 2, pause: 3 } as const;
/** One pause for each process and this many descriptors: 32 KiB are there after 700 processes, and at most 45,000 files. */
const filesAPause = 64;
export const mountsRecordBytes = 8;

/** An open descriptor on a namespace, in bytes. */
export const descriptorRecord = {
  kind: 0,
  tid: 4,
  tgid: 8,
  fd: 12,
  ino: 16,
  /** CLONE_NEW* of its type. */
  type: 20,
  owner: 24,
  parent: 28,
  ownerUid: 32,
  /** Start of its process. */
  startBoottimeNsec: 40,
  size: 48,
} as const;

/** The map that the program enters mounts in. */
export const mountMap = {
  name: 'mounts',
  /** Inode of a mount namespace. */
  keyBytes: 4,
  /**
   * 64 bits that stand for all mounts of namespaces in it: which ones, and where they are. Two mount namespaces that have
   * the same have the same mounted at the same paths, seen from their roots.
   */
  valueBytes: 8,
  /** Mount namespaces. Each place takes a twentieth of a microsecond when the map is emptied, whether it is used or not. */
  entries: 8192,
} as const;

/** Mounts of namespaces on a host. */
const mostMounts = 1 << 20;
/** Mounts between one and the root of its mount namespace. */
const mostNested = 24;

/** Below the end of the frame: the record, room for a pointer, then what the loop over mounts is handed. */
const frame = -descriptorRecord.size;
const pointer = frame - 8;
const loop = { next: 0, end: 8, isComplete: 16, size: 24 } as const;
const loopFrame = pointer - loop.size;

/** `*(r10 + into) = *(r3 + offset)`, from any address; zeroes where it cannot be read. r0 is not 0 then. Uses r1 to r3. */
function probe(a: BpfAssembler, into: number, size: number, offset = 0): void {
  if (offset !== 0) a.add('r3', offset);
  a.move('r1', 'r10').add('r1', into).move('r2', size).call(BPF_FUNC_probe_read_kernel);
}

/** `r3 = *(r3 + offset)`, a pointer. */
function follow(a: BpfAssembler, offset: number): void {
  probe(a, pointer, 8, offset);
  a.load('r3', 'r10', pointer, 8);
}

/** Writes bytes from the beginning of the record. */
const write = (a: BpfAssembler, size: number): void =>
  void a.move('r1', 'r6').move('r2', 'r10').add('r2', frame).move('r3', size).call(BPF_FUNC_seq_write);

/** Functions of the program: the second is called back for each mount. */
export const fileFunctions = [
  { name: 'write_file', parameters: ['pointer'] },
  { name: 'write_mount', parameters: ['int', 'pointer'] },
] as const;

export interface AssembledFileProgram {
  instructions: Buffer;
  /** Where its functions begin. */
  functions: readonly number[];
  /** Where it names its map. */
  maps: readonly { instruction: number; name: string }[];
}

/**
 * A program for the iterator `task_file`: one record for each open descriptor on a namespace, in every table of descriptors
 * of the host. At each of those of the process that reads it enters the mounts of namespaces in its map: it is through an
 * open one that the list of them is found.
 */
export function assembleFileProgram(fields: KernelFields): AssembledFileProgram {
  const a = new BpfAssembler();
  const { fileContext: context, task, inode } = fields;
  // r6: where to write; r7: the task; r8: the file; both are none at the end of the walk. r9: the descriptor's number.
  a.load('r6', 'r1', context.meta, 8).load('r6', 'r6', fields.context.seq, 8);
  a.load('r7', 'r1', context.task, 8).jumpIf('r7', '==', 0, 'out');
  a.load('r8', 'r1', context.file, 8).jumpIf('r8', '==', 0, 'out');
  a.load('r9', 'r1', context.fd, 4);
  a.load('r1', 'r8', fields.file.inode, 8).load('r2', 'r1', inode.superBlock, 8).load('r2', 'r2', fields.superBlock.magic, 8);
  a.jumpIf('r2', '==', NSFS_MAGIC, 'namespace');
  a.and('r9', filesAPause - 1)
    .jumpIf('r9', '!=', 0, 'out')
    .store('r10', frame, fileRecordKind.pause, 8);
  for (let at = 8; at < descriptorRecord.size; at += 8) a.store('r10', frame + at, 0, 8);
  write(a, descriptorRecord.size);
  a.jump('out').label('namespace');

  a.store('r10', frame + descriptorRecord.kind, fileRecordKind.descriptor, 4);
  a.store('r10', frame + descriptorRecord.fd, 'r9', 4);
  a.load('r2', 'r1', inode.number, 8).store('r10', frame + descriptorRecord.ino, 'r2', 4);
  a.load('r9', 'r1', inode.private, 8);
  a.load('r2', 'r7', task.pid, 4).store('r10', frame + descriptorRecord.tid, 'r2', 4);
  a.load('r2', 'r7', task.tgid, 4).store('r10', frame + descriptorRecord.tgid, 'r2', 4);
  a.load('r2', 'r7', task.groupLeader, 8).load('r2', 'r2', task.startBoottime, 8);
  a.store('r10', frame + descriptorRecord.startBoottimeNsec, 'r2', 8);
  a.store('r10', frame + descriptorRecord.ownerUid, 0, 8).store('r10', frame + descriptorRecord.parent, 0, 4);
  writeRelations(a, fields);
  write(a, descriptorRecord.size);

  a.call(BPF_FUNC_get_current_pid_tgid).shiftRight('r0', 32);
  a.load('r1', 'r7', task.tgid, 4).jumpIf('r0', '!=', 'r1', 'out');
  a.move('r3', 'r8');
  follow(a, fields.file.inode);
  follow(a, inode.superBlock);
  writeMounts(a, fields);
  a.label('out').move('r0', 0).exit();
  a.label('mount');
  writeMount(a, fields);
  return { instructions: a.assemble(), functions: [0, a.placeOf('mount')], maps: a.maps };
}

/** Type, owner and parent of the namespace whose ns_common is at r9. */
function writeRelations(a: BpfAssembler, fields: KernelFields): void {
  const of = (type: NamespaceType) => fields.namespaces[NamespaceType.options.indexOf(type)] as NamespaceFields;
  const type = frame + descriptorRecord.type;
  a.move('r3', 'r9');
  if (fields.common.type !== undefined) probe(a, type, 4, fields.common.type);
  else {
    follow(a, fields.common.operations);
    probe(a, type, 4, fields.operations.type);
  }
  for (const { type: name, flag } of namespaceTable) {
    const { common, owner } = of(name);
    const next = a.newLabel('type');
    a.load('r1', 'r10', type, 4).jumpIf('r1', '!=', Number(flag), next);
    a.move('r3', 'r9');
    follow(a, owner - common);
    probe(a, frame + descriptorRecord.owner, 4, of('user').inum);
    if (name === 'user') {
      a.move('r3', 'r9');
      probe(a, frame + descriptorRecord.ownerUid, 4, fields.userNamespace.owner - common);
    } else if (name === 'pid') {
      a.move('r3', 'r9');
      follow(a, fields.pidNamespace.parent - common);
      probe(a, frame + descriptorRecord.parent, 4, of('pid').inum);
    }
    a.jump('related').label(next);
  }
  a.store('r10', frame + descriptorRecord.owner, 0, 4).label('related');
}

/** Every mount of the file system whose super_block is at r3. Nothing of it is freed while the program runs (RCU). */
function writeMounts(a: BpfAssembler, { mounts }: KernelFields): void {
  a.store('r10', loopFrame + loop.isComplete, 0, 8);
  if (mounts.kind === 'single') {
    a.store('r10', loopFrame + loop.end, 0, 8);
    follow(a, mounts.head);
  } else {
    a.add('r3', mounts.head).store('r10', loopFrame + loop.end, 'r3', 8);
    follow(a, 0);
  }
  a.store('r10', loopFrame + loop.next, 'r3', 8);
  a.move('r1', mostMounts).moveFunction('r2', 'mount').move('r3', 'r10').add('r3', loopFrame).move('r4', 0).call(BPF_FUNC_loop);
  a.load('r1', 'r10', loopFrame + loop.isComplete, 8).store('r10', frame, fileRecordKind.mounts, 4);
  a.store('r10', frame + 4, 'r1', 4);
  write(a, mountsRecordBytes);
}

/** In the frame of what is called back: a key, a value, and a piece of a struct mount. */
const key = -8;
const value = -16;
const mountPiece = -48;
/** FNV-1a has this prime for 32 bits; here it spreads addresses over 64. */
const prime = 0x01000193;

/** Called back with the number of the round in r1 and `loop` in r2; goes on as long as it answers 0. */
function writeMount(a: BpfAssembler, fields: KernelFields): void {
  const { mounts, mount, dentry, inode } = fields;
  const mountInum = fields.namespaces[NamespaceType.options.indexOf('mount')]?.inum ?? 0;
  // r6: the loop; r7: the mount; r8: one outside of it; r9: what stands for it.
  a.move('r6', 'r2').load('r7', 'r6', loop.next, 8).load('r1', 'r6', loop.end, 8).jumpIf('r7', '!=', 'r1', 'more');
  a.store('r6', loop.isComplete, 1, 8).jump('stop').label('more');
  if (mounts.kind === 'list') a.add('r7', -mounts.entry);
  a.move('r3', 'r7');
  follow(a, mount.namespace);
  a.store('r10', key, 0, 8);
  probe(a, key, 4, mountInum);
  // The kernel's own, and those that are detached, are in none.
  a.load('r1', 'r10', key, 4).jumpIf('r1', '==', 0, 'next').move('r3', 'r7');
  follow(a, mount.root);
  follow(a, dentry.inode);
  follow(a, inode.number);
  a.move('r9', 'r3');
  addPath(a, mount);
  a.moveMap('r1', mountMap.name).move('r2', 'r10').add('r2', key).call(BPF_FUNC_map_lookup_elem).jumpIf('r0', '==', 0, 'first');
  // The order in which they come does not matter, so that a copy of a table has what the table has.
  a.load('r1', 'r0', 0, 8).add('r1', 'r9').store('r0', 0, 'r1', 8).jump('next');
  a.label('first').store('r10', value, 'r9', 8).moveMap('r1', mountMap.name).move('r2', 'r10').add('r2', key);
  a.move('r3', 'r10').add('r3', value).move('r4', 0).call(BPF_FUNC_map_update_elem).jumpIf('r0', '!=', 0, 'stop');
  a.label('next').move('r3', 'r7');
  probe(a, pointer, 8, mounts.kind === 'single' ? mounts.next : mounts.entry);
  // Taken out of its list under us, it leads nowhere.
  a.jumpIf('r0', '!=', 0, 'stop').load('r1', 'r10', pointer, 8).store('r6', loop.next, 'r1', 8);
  a.move('r0', 0).exit().label('stop').move('r0', 1).exit();
}

/** Adds to r9 what the mount at r7 is mounted on, outwards to the root of its mount namespace: a mount is its own parent there. */
function addPath(a: BpfAssembler, { root, mountpoint, parent }: KernelFields['mount']): void {
  const first = Math.min(root, mountpoint, parent);
  const size = Math.max(root, mountpoint, parent) + 8 - first;
  if (size > key - mountPiece - 8) throw new KernelLacks(`members of struct mount are ${size} bytes apart`);
  const at = (offset: number): number => mountPiece + offset - first;
  a.move('r8', 'r7');
  for (let nested = 0; nested < mostNested; nested += 1) {
    a.move('r3', 'r8');
    probe(a, mountPiece, size, first);
    a.load('r1', 'r10', at(root), 8).multiply('r9', prime).add('r9', 'r1').load('r1', 'r10', at(parent), 8);
    a.jumpIf('r1', '==', 'r8', 'root').load('r2', 'r10', at(mountpoint), 8).multiply('r9', prime).add('r9', 'r2').move('r8', 'r1');
  }
  a.jump('stop').label('root').move('r1', 'r9').shiftRight('r1', 32).add('r9', 'r1').multiply('r9', prime);
}
