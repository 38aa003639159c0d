import {
  AF_INET,
  type Call,
  CLONE_NEWCGROUP,
  type CompiledList,
  calls,
  headBytes,
  IFF_UP,
  type ListFd,
  layouts,
  namespaceTable,
  pack,
  SIOCSIFFLAGS,
  SOCK_DGRAM,
  SyscallList,
} from '@bulkhead/kernel';
import type { ContainerPlan, SandboxLayout } from '../launcher/protocol.ts';
import { becomeNamespaceRoot, type PreparedStreams, shrinkBoundingSet, startWhenTold, writeOwnProc } from './program.ts';
import { enterRoot, writeNewFile } from './root.ts';
import { ttyGid } from './terminal.ts';
import { assignment, channel, controlPlace, mostDescriptors, onward } from './words.ts';

/** How a child enters its cgroups: v1 `tasks` files that it writes to, or a v2 cgroup that it is born in. */
export type EntryKind = 'tasks' | 'into';

/** Clone flags of a plan's namespaces. On v1 the cgroup namespace is unshared after the join, or its root would be the launcher's own cgroup. */
export function cloneFlags(namespaces: SandboxLayout['namespaces'], entry: EntryKind): bigint {
  return namespaceTable
    .filter((row) => namespaces.includes(row.type) && !(row.type === 'cgroup' && entry === 'tasks'))
    .reduce((flags, row) => flags | row.flag, 0n);
}

/** Joins v1 cgroups by the single-threaded self-move, which spares the RCU grace period that moving a pid from outside waits for. */
export function joinCgroups(list: SyscallList, tasks: readonly ListFd[]): void {
  for (const file of tasks) calls.write(list, file, '0');
}

/** Brings `lo` up in this network namespace (netdevice(7)). It is new: no other flag of it is to be kept. */
function bringLoopbackUp(list: SyscallList): void {
  const control = calls.socket(list, AF_INET, SOCK_DGRAM);
  const request = pack(layouts.ifreq, { ifr_flags: IFF_UP });
  request.write('lo', 'latin1');
  calls.ioctl(list, control, SIOCSIFFLAGS, list.bytes(request), 'SIOCSIFFLAGS lo up');
}

/**
 * What a child does that is the same for many containers, and may be made long before one is wanted: ids, loopback, root.
 * It begins when the launcher has mapped its ids, and goes on where the word `onward` says.
 */
export function compileSandbox(plan: SandboxLayout): CompiledList {
  const list = new SyscallList(headBytes);
  calls.receive(list, channel, list.room(8), 8);
  writeOwnProc(list, plan.oomScoreAdj);
  becomeNamespaceRoot(list);
  bringLoopbackUp(list);
  enterRoot(list, plan.root, ttyGid);
  // It limits what programs can be given, not what this child has until it becomes one.
  shrinkBoundingSet(list, plan.capabilities);
  list.jump(onward);
  return list.compile();
}

/** What a sandbox that is ahead of need does next: it waits for its descriptors, and goes on where the word `assignment` says by then. */
export function compileWait(origin: number): CompiledList {
  const list = new SyscallList(origin);
  calls.receiveDescriptors(list, channel, controlPlace, mostDescriptors);
  list.jump(assignment);
  return list.compile();
}

/** A list that ends in the program of a plan. */
export interface ProgramList {
  list: CompiledList;
  /** Once it was made, the program is as good as started. */
  last: Call;
}

/** What makes a container of a sandbox: cgroups, names, files, program. */
export function compileAssignment(
  origin: number,
  plan: ContainerPlan,
  given: { tasks: readonly ListFd[]; unshareCgroup: boolean; streams: PreparedStreams | undefined; start: boolean },
): ProgramList {
  const list = new SyscallList(origin);
  joinCgroups(list, given.tasks);
  if (given.unshareCgroup) calls.unshare(list, CLONE_NEWCGROUP);
  calls.sethostname(list, plan.hostname);
  for (const file of plan.files) writeNewFile(list, file.path, file.mode, file.content);
  const last = startWhenTold(list, plan.process, given.streams, given.start);
  return { list: list.compile(), last };
}
