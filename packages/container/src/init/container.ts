import {
  AF_INET,
  CLONE_NEWCGROUP,
  type Fd,
  IFF_UP,
  ioctl,
  layouts,
  namespaceTable,
  pack,
  put,
  SIOCGIFFLAGS,
  SIOCSIFFLAGS,
  SOCK_DGRAM,
  sethostname,
  socket,
  takeInt,
  unshare,
  writeText,
} from '@bulkhead/kernel';
import { receiveAssignment, receiveWord } from '../launcher/channel.ts';
import type { Assignment, SandboxPlan } from '../launcher/protocol.ts';
import type { ChildContext } from './fork.ts';
import { becomeNamespaceRoot, type PreparedStreams, shrinkBoundingSet, startWhenTold, writeOwnProc } from './program.ts';
import { enterRoot, writeNewFile } from './root.ts';

/** Group `tty` inside, owner of terminals. */
const ttyGid = 5;

/** How a child enters its cgroups. */
export type Entry = { kind: 'tasks'; files: readonly Fd[] } | { kind: 'into'; directory: Fd };

/** Clone flags of a plan's namespaces. On v1 the cgroup namespace is unshared after the join, or its root would be the launcher's own cgroup. */
export function cloneFlags(namespaces: SandboxPlan['namespaces'], entry: Entry['kind']): bigint {
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
  const request = pack(layouts.ifreq, {});
  request.write('lo', 'latin1');
  ioctl(control, SIOCGIFFLAGS, request, 'SIOCGIFFLAGS lo');
  put(request, layouts.ifreq, 'ifr_flags', takeInt(request, layouts.ifreq, 'ifr_flags') | IFF_UP);
  ioctl(control, SIOCSIFFLAGS, request, 'SIOCSIFFLAGS lo up');
}

/**
 * What the forked child of a new container does. First the sandbox, which is the same for many containers and may be
 * made long before one is wanted: ids, loopback, root. Then, told which container it is: cgroups, names, files, program.
 */
export function runContainer(child: ChildContext, sandbox: SandboxPlan, entry: Entry['kind']): never {
  receiveWord(child.report, 'mapped');
  writeOwnProc(sandbox.oomScoreAdj);
  becomeNamespaceRoot();
  bringLoopbackUp();
  using root = enterRoot(sandbox.root, ttyGid);
  // It limits what programs can be given, not what this child has until it becomes one.
  shrinkBoundingSet(sandbox.capabilities);

  const { assignment, fds } = receiveAssignment(child.report);
  const tasks = fds.splice(0, assignment.tasks);
  joinCgroups({ kind: 'tasks', files: tasks });
  if (entry === 'tasks' && sandbox.namespaces.includes('cgroup')) unshare(CLONE_NEWCGROUP);
  const { plan } = assignment;
  sethostname(plan.hostname);
  for (const file of plan.files) writeNewFile(root, file.path, file.mode, file.content);
  startWhenTold(child, plan.process, streamsOf(assignment, fds), assignment.start);
}

function streamsOf(assignment: Assignment, fds: Fd[]): PreparedStreams | undefined {
  if (assignment.plan.process.terminal) return undefined;
  const stdin = assignment.stdin ? fds.shift() : undefined;
  const [stdout, stderr] = fds;
  if (stdout === undefined || stderr === undefined) throw new Error('the assignment came without its streams');
  return { stdin, stdout, stderr };
}
