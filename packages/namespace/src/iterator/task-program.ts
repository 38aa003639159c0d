/*
 * SPDX-License-Identifier: Apache-2.0 OR BSD-2-Clause OR GPL-2.0-only
 *
 * The BPF program that this file assembles is offered under "Dual BSD/GPL" as well: the kernel lends the helpers it calls
 * to nothing else (see NOTICE and docs/decisions/0025-tasks-by-bpf-iterators.md).
 */
import { BPF_FUNC_probe_read_kernel, BPF_FUNC_seq_write, BpfAssembler, type BpfRegister } from '@bulkhead/kernel';
import { NamespaceType } from '@bulkhead/model';
import { type KernelFields, KernelLacks, type NamespaceFields } from './kernel-fields.ts';

/** What the program writes of each task, in bytes. Inode numbers stand in the order of NamespaceType; 0 where there is none. */
export const taskRecord = {
  tid: 0,
  tgid: 4,
  parentPid: 8,
  session: 12,
  threads: 16,
  flags: 20,
  state: 24,
  exitState: 28,
  startBoottimeNsec: 32,
  /** Address of its css_set: tasks with the same one are in the same cgroup of every hierarchy. */
  cssSet: 40,
  /** Id of its cgroup in the v2 hierarchy. */
  cgroupId: 48,
  mountNamespaceId: 56,
  comm: 64,
  namespaces: 80,
  /** User namespaces that own them. */
  owners: 112,
  parentOfPid: 144,
  ownerUid: 148,
  size: 152,
} as const;

const frame = -taskRecord.size;
/** Room below the record for a piece of one of the kernel's structs. */
const mostPieceBytes = 160;
const piece = frame - mostPieceBytes;
const pointer = piece - 8;

/** `*(r10 + into) = *(r3 + offset)`, from any address; zeroes where it cannot be read. Uses r1 to r3. */
function probe(a: BpfAssembler, into: number, size: number, offset = 0): void {
  if (offset !== 0) a.add('r3', offset);
  a.move('r1', 'r10').add('r1', into).move('r2', size).call(BPF_FUNC_probe_read_kernel);
}

/** `r3 = *(r3 + offset)`, a pointer. */
function follow(a: BpfAssembler, offset: number): void {
  probe(a, pointer, 8, offset);
  a.load('r3', 'r10', pointer, 8);
}

/** The piece of the struct at r3 that reaches from the first of some words to the last. @returns where in the frame each of them is */
function probePiece(a: BpfAssembler, offsets: readonly number[]): (offset: number) => number {
  const first = Math.min(...offsets);
  const size = Math.max(...offsets) + 8 - first;
  if (size > mostPieceBytes) throw new KernelLacks(`members that are read together are ${size} bytes apart`);
  probe(a, piece, size, first);
  return (offset) => piece + offset - first;
}

/**
 * A program for the iterator `task`: one record for each task of the host but those threads that share everything here with
 * their process. Numbers in the task itself are read by plain loads. Pointers are not: the verifier would look up the type of
 * each among all that the kernel has, which takes it half a millisecond.
 */
export function assembleTaskProgram(fields: KernelFields): Buffer {
  const a = new BpfAssembler();
  const put = (name: keyof typeof taskRecord, from: BpfRegister, size: 4 | 8 = 4): void =>
    void a.store('r10', frame + taskRecord[name], from, size);
  const { context, task, signal } = fields;

  // r6: where to write; r7: the task, which is none at the end of the walk; r8: what holds most of its namespaces.
  a.load('r6', 'r1', context.meta, 8).load('r6', 'r6', context.seq, 8);
  a.load('r7', 'r1', context.task, 8).jumpIf('r7', '==', 0, 'out');
  a.move('r3', 'r7');
  follow(a, task.nsproxy);
  a.move('r8', 'r3');
  a.load('r1', 'r7', task.pid, 4).load('r2', 'r7', task.tgid, 4);
  put('tid', 'r1');
  put('tgid', 'r2');
  a.jumpIf('r1', '==', 'r2', 'wanted').move('r3', 'r7');
  follow(a, task.groupLeader);
  follow(a, task.nsproxy);
  a.jumpIf('r8', '==', 'r3', 'out').label('wanted');

  a.move('r3', 'r7');
  follow(a, task.realParent);
  probe(a, frame + taskRecord.parentPid, 4, task.tgid);
  a.move('r3', 'r7');
  follow(a, task.signal);
  a.move('r9', 'r3');
  probe(a, frame + taskRecord.threads, 4, signal.threads);
  a.move('r3', 'r9');
  follow(a, signal.session);
  probe(a, frame + taskRecord.session, 4, fields.pid.numbers + fields.upid.number);
  for (const name of ['flags', 'state', 'exitState'] as const) {
    a.load('r1', 'r7', task[name], 4);
    put(name, 'r1');
  }
  a.load('r1', 'r7', task.startBoottime, 8);
  put('startBoottimeNsec', 'r1', 8);
  a.move('r3', 'r7');
  probe(a, frame + taskRecord.comm, 16, task.comm);
  writeCgroup(a, fields);
  writeProxied(a, fields);
  writeUserNamespace(a, fields);
  writePidNamespace(a, fields);
  a.move('r1', 'r6').move('r2', 'r10').add('r2', frame).move('r3', taskRecord.size).call(BPF_FUNC_seq_write);
  a.label('out').move('r0', 0).exit();
  return a.assemble();
}

const indexOf = (type: NamespaceType): number => NamespaceType.options.indexOf(type);
const fieldsOf = (fields: KernelFields, type: NamespaceType): NamespaceFields => fields.namespaces[indexOf(type)] as NamespaceFields;
/** Where in the frame the inode of a namespace stands, or that of its owner. */
const slot = (name: 'namespaces' | 'owners', type: NamespaceType): number => frame + taskRecord[name] + 4 * indexOf(type);

/** Which css_set it is, and which cgroup of version 2. */
function writeCgroup(a: BpfAssembler, { task, cssSet, cgroup, kernfsNode }: KernelFields): void {
  a.move('r3', 'r7');
  probe(a, frame + taskRecord.cssSet, 8, task.cgroups);
  a.load('r3', 'r10', frame + taskRecord.cssSet, 8);
  follow(a, cssSet.defaultCgroup);
  follow(a, cgroup.node);
  probe(a, frame + taskRecord.cgroupId, 8, kernfsNode.id);
}

/** Namespaces that are found by the nsproxy at r8, which is none of a task that has let go of them. */
function writeProxied(a: BpfAssembler, fields: KernelFields): void {
  const userInum = fieldsOf(fields, 'user').inum;
  const proxied = fields.namespaces.filter((each) => each.proxy !== undefined);
  for (const { type, proxy, inum, owner } of proxied) {
    a.move('r3', 'r8');
    follow(a, proxy as number);
    const { id } = fields.mountNamespace;
    const at = probePiece(a, type === 'mount' && id !== undefined ? [inum, owner, id] : [inum, owner]);
    a.load('r1', 'r10', at(inum), 4).store('r10', slot('namespaces', type), 'r1', 4);
    if (type === 'mount') {
      if (id === undefined) a.move('r1', 0);
      else a.load('r1', 'r10', at(id), 8);
      a.store('r10', frame + taskRecord.mountNamespaceId, 'r1', 8);
    }
    a.load('r3', 'r10', at(owner), 8);
    probe(a, slot('owners', type), 4, userInum);
  }
}

/** The user namespace is that of its credentials, as /proc/<pid>/ns/user has it. */
function writeUserNamespace(a: BpfAssembler, fields: KernelFields): void {
  const { inum, owner } = fieldsOf(fields, 'user');
  const uid = fields.userNamespace.owner;
  a.move('r3', 'r7');
  follow(a, fields.task.realCred);
  follow(a, fields.cred.userNamespace);
  const at = probePiece(a, [inum, owner, uid]);
  a.load('r1', 'r10', at(inum), 4).store('r10', slot('namespaces', 'user'), 'r1', 4);
  a.load('r1', 'r10', at(uid), 4).store('r10', frame + taskRecord.ownerUid, 'r1', 4);
  a.load('r3', 'r10', at(owner), 8);
  probe(a, slot('owners', 'user'), 4, inum);
}

/** A task is in the pid namespace in which its number is the innermost: numbers[level] of its struct pid. */
function writePidNamespace(a: BpfAssembler, fields: KernelFields): void {
  const { inum, owner } = fieldsOf(fields, 'pid');
  for (const place of [slot('namespaces', 'pid'), slot('owners', 'pid'), frame + taskRecord.parentOfPid]) a.store('r10', place, 0, 4);
  a.move('r3', 'r7');
  follow(a, fields.task.threadPid);
  // One that has ended has none.
  a.move('r9', 'r3').jumpIf('r9', '==', 0, 'written');
  a.store('r10', pointer, 0, 8);
  probe(a, pointer, 4, fields.pid.level);
  a.load('r3', 'r10', pointer, 8).shiftLeft('r3', 4).add('r3', 'r9');
  follow(a, fields.pid.numbers + fields.upid.namespace);
  const { parent } = fields.pidNamespace;
  const at = probePiece(a, [inum, owner, parent]);
  a.load('r1', 'r10', at(inum), 4).store('r10', slot('namespaces', 'pid'), 'r1', 4);
  a.load('r9', 'r10', at(parent), 8).load('r3', 'r10', at(owner), 8);
  probe(a, slot('owners', 'pid'), 4, fieldsOf(fields, 'user').inum);
  a.move('r3', 'r9');
  probe(a, frame + taskRecord.parentOfPid, 4, inum);
  a.label('written');
}
