import { _exit, CLONE_CLEAR_SIGHAND, clone3AsSibling, type Fd, namespaceTable, setns } from '@bulkhead/kernel';
import { send } from '../launcher/channel.ts';
import type { ExecPlan } from '../launcher/protocol.ts';
import { type Entry, joinCgroups } from './container.ts';
import type { ChildContext } from './fork.ts';
import { becomeNamespaceRoot, type PreparedStreams, shrinkBoundingSet, startWhenTold, writeOwnProc } from './program.ts';

/**
 * What a forked child does to run a further program in a running container: its cgroup, then all namespaces of the
 * container's first process in one setns(2) on its pidfd, then one more fork, since a pid namespace is entered by
 * children only. That second child is the launcher's own (CLONE_PARENT), so that it is the launcher who reaps it.
 */
export function runExec(child: ChildContext, plan: ExecPlan, target: Fd, entry: Entry, prepared: PreparedStreams | undefined): never {
  joinCgroups(entry);
  writeOwnProc(plan.oomScoreAdj);
  const flags = namespaceTable.filter((row) => plan.namespaces.includes(row.type)).reduce((all, row) => all | row.flag, 0n);
  setns(target, flags);
  const { pid, pidfd } = clone3AsSibling(CLONE_CLEAR_SIGHAND);
  if (pid !== 0) {
    send(child.report, { type: 'forked', pid }, pidfd === undefined ? [] : [pidfd]);
    _exit(0);
  }
  becomeNamespaceRoot();
  shrinkBoundingSet(plan.process.capabilities);
  startWhenTold(child, plan.process, prepared);
}
