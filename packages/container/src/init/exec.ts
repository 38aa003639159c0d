import { type Call, CLONE_CLEAR_SIGHAND, calls, type ListFd, namespaceTable, SyscallList } from '@bulkhead/kernel';
import type { ExecPlan } from '../launcher/protocol.ts';
import { joinCgroups, type ProgramList } from './container.ts';
import { becomeNamespaceRoot, type PreparedStreams, shrinkBoundingSet, startWhenTold, writeOwnProc } from './program.ts';

/**
 * What a child does to run a further program in a running container: its cgroup, then all namespaces of the container's
 * first process in one setns(2) on its pidfd, then one more fork, since a pid namespace is entered by children only. That
 * second child is the launcher's own (CLONE_PARENT), so that it is the launcher who reaps it.
 *
 * @returns the list, and the fork, which answers the second child's pid
 */
export function compileExec(
  origin: number,
  plan: ExecPlan,
  given: { tasks: readonly ListFd[]; target: ListFd; streams: PreparedStreams | undefined },
): ProgramList & { fork: Call } {
  const list = new SyscallList(origin);
  joinCgroups(list, given.tasks);
  writeOwnProc(list, plan.oomScoreAdj);
  const flags = namespaceTable.filter((row) => plan.namespaces.includes(row.type)).reduce((all, row) => all | row.flag, 0n);
  calls.setns(list, given.target, flags);
  const fork = calls.clone3AsSibling(list, CLONE_CLEAR_SIGHAND);
  becomeNamespaceRoot(list);
  shrinkBoundingSet(list, plan.process.capabilities);
  const last = startWhenTold(list, plan.process, given.streams, false);
  list.land(fork);
  calls.exit(list, 0);
  return { list: list.compile(), last, fork };
}
