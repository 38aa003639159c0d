import { hasErrno, Recorder, record } from '@bulkhead/kernel';
import { fillRoot, newRoot } from '../init/root.ts';
import { encodeSteps, type RootPlan } from './protocol.ts';

/**
 * A forked child begins with what its launcher has compiled, and cold JavaScript made up most of its time. So the
 * launcher lays out a root a few times itself, on a file system that is attached nowhere and vanishes with its
 * descriptor. A kernel that mounts nothing onto a detached mount (before Linux 6.15) ends a round early, which warms less.
 */
export function warmUp(plan: RootPlan, rounds: number): void {
  for (let round = 0; round < rounds; round += 1) {
    const recorder = new Recorder(500);
    record(recorder, () => {
      using root = newRoot(plan);
      try {
        fillRoot(root, plan, 5);
      } catch (failure) {
        if (!hasErrno(failure, 'EINVAL', 'EPERM', 'EBUSY')) throw failure;
      }
    });
    encodeSteps('child', recorder.steps);
  }
}
