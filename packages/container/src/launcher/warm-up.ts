import { hasErrno, Recorder, record, SOCK_SEQPACKET, socketpair } from '@bulkhead/kernel';
import { findProgram } from '../init/program.ts';
import { fillRoot, newRoot, writeNewFile } from '../init/root.ts';
import { receiveAssignment, sendAssignment } from './channel.ts';
import { type ContainerPlan, encodeSteps, type RootPlan } from './protocol.ts';

/** What a child does that leaves no trace: it lays out a root that is attached nowhere, and is told what it becomes. */
function rehearse(root: RootPlan, plan: ContainerPlan): void {
  using detached = newRoot(root);
  try {
    fillRoot(detached, root, 5);
  } catch (failure) {
    if (!hasErrno(failure, 'EINVAL', 'EPERM', 'EBUSY')) throw failure;
  }
  const [mine, theirs] = socketpair(SOCK_SEQPACKET, 'rehearsal');
  using launcherEnd = mine;
  using childEnd = theirs;
  sendAssignment(launcherEnd, { plan, tasks: 0, stdin: false, start: false }, []);
  const { assignment } = receiveAssignment(childEnd);
  for (const file of assignment.plan.files) writeNewFile(detached, file.path, file.mode, file.content);
  findProgram(assignment.plan.process);
}

/**
 * A forked child begins with what its launcher has compiled, and cold JavaScript made up most of its time. So the
 * launcher rehearses a few times itself what its children will do, as far as that leaves no trace. A kernel that mounts
 * nothing onto a detached mount (before Linux 6.15) ends that part early, which warms less.
 */
export function warmUp(root: RootPlan, plan: ContainerPlan, rounds: number): void {
  for (let round = 0; round < rounds; round += 1) {
    const recorder = new Recorder(500);
    record(recorder, () => rehearse(root, plan));
    encodeSteps('child', recorder.steps);
  }
}
