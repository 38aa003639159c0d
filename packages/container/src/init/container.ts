import {
  AF_INET,
  CLONE_NEWCGROUP,
  type Fd,
  IFF_UP,
  ioctl,
  namespaceTable,
  SIOCGIFFLAGS,
  SIOCSIFFLAGS,
  SOCK_DGRAM,
  sethostname,
  socket,
  unshare,
  writeText,
} from '@bulkhead/kernel';
import { receiveWord } from '../launcher/channel.ts';
import type { ContainerPlan } from '../launcher/protocol.ts';
import type { ChildContext } from './fork.ts';
import { becomeNamespaceRoot, type PreparedStreams, startWhenTold, writeOwnProc } from './program.ts';
import { enterRoot } from './root.ts';

/** How a child enters its cgroups. */
export type Entry = { kind: 'tasks'; files: readonly Fd[] } | { kind: 'into'; directory: Fd };

/** Clone flags of a plan's namespaces. On v1 the cgroup namespace is unshared after the join, or its root would be the launcher's own cgroup. */
export function cloneFlags(namespaces: ContainerPlan['namespaces'], entry: Entry['kind']): bigint {
  return namespaceTable
    .filter((row) => namespaces.includes(row.type) && !(row.type === 'cgroup' && entry === 'tasks'))
    .reduce((flags, row) => flags | row.flag, 0n);
}

/** Joins v1 cgroups by the single-threaded self-move, which spares the RCU grace period that moving a pid from outside waits for. */
export function joinCgroups(entry: Entry): void {
  if (entry.kind === 'tasks') for (const file of entry.files) writeText(file, '0');
}

/** Brings `lo` up in this network namespace (netdevice(7)). */
function bringLoopbackUp(): void {
  using control = socket(AF_INET, SOCK_DGRAM);
  const request = Buffer.alloc(40);
  request.write('lo', 'latin1');
  ioctl(control, SIOCGIFFLAGS, request, 'SIOCGIFFLAGS lo');
  request.writeInt16LE(request.readInt16LE(16) | IFF_UP, 16);
  ioctl(control, SIOCSIFFLAGS, request, 'SIOCSIFFLAGS lo up');
}

/** What the forked child of a new container does, in the order that works, from the fork to the program. */
export function runContainer(child: ChildContext, plan: ContainerPlan, entry: Entry, prepared: PreparedStreams | undefined): never {
  joinCgroups(entry);
  receiveWord(child.report, 'mapped');
  writeOwnProc(plan.process);
  if (entry.kind === 'tasks' && plan.namespaces.includes('cgroup')) unshare(CLONE_NEWCGROUP);
  becomeNamespaceRoot();
  sethostname(plan.hostname);
  bringLoopbackUp();
  enterRoot(plan.root, 5);
  startWhenTold(child, plan.process, prepared);
}
