import { setTimeout as sleep } from 'node:timers/promises';
import { activeRecorder, type Fd, hasErrno, pidfd_open, pidfd_send_signal, type Recorder, record, SIGKILL } from '@bulkhead/kernel';
import { Problem } from '@bulkhead/model';

/** What killing needs of either version. */
export interface KillTarget {
  processes(): number[];
  /** Kills all at once, where the kernel can (cgroup.kill). @returns false where it cannot */
  killAtOnce(): boolean;
  /** Stops processes from making new ones. */
  setFrozen(isFrozen: boolean): void;
}

/** Rounds of one process at a time before the group is frozen: only who forks faster than we kill gets there. */
const roundsBeforeFreeze = 3;

function openPidfd(pid: number): Fd | undefined {
  try {
    return pidfd_open(pid);
  } catch (failure) {
    // EINVAL: gone, and its number is a thread's by now.
    if (hasErrno(failure, 'ESRCH', 'EINVAL')) return undefined;
    throw failure;
  }
}

/**
 * SIGKILL to every process listed. A pid may change hands between list and signal: the descriptor is opened first, and
 * only who is in a second list gets the signal, through it.
 */
function killOnce(target: KillTarget): void {
  using held = new DisposableStack();
  const pidfds = new Map<number, Fd>();
  for (const pid of target.processes()) {
    const pidfd = openPidfd(pid);
    if (pidfd !== undefined) pidfds.set(pid, held.use(pidfd));
  }
  for (const pid of target.processes()) {
    const pidfd = pidfds.get(pid);
    if (pidfd === undefined) continue;
    try {
      pidfd_send_signal(pidfd, SIGKILL);
    } catch (failure) {
      if (!hasErrno(failure, 'ESRCH')) throw failure;
    }
  }
}

/**
 * Kills until nothing is left. The first round runs before the first wait, so that a transcript that is being recorded
 * holds it; one that is given holds them all.
 */
export async function killAll(
  path: string,
  target: KillTarget,
  timeoutMsec: number,
  recorder: Recorder | undefined = activeRecorder(),
): Promise<void> {
  const deadline = performance.now() + timeoutMsec;
  for (let round = 0, pauseMsec = 1; ; round += 1, pauseMsec = Math.min(pauseMsec * 2, 20)) {
    const left = target.processes();
    if (left.length === 0) return;
    if (round > 0 && performance.now() > deadline) {
      throw new Problem(
        'unavailable',
        `${left.length} processes of ${path} are still there ${timeoutMsec} ms after SIGKILL: ${left.slice(0, 10).join(', ')}`,
        {
          remedy: 'They may be waiting for a device or a network file system; try again once that answers.',
        },
      );
    }
    if (!target.killAtOnce()) {
      const isFrozen = round >= roundsBeforeFreeze;
      if (isFrozen) target.setFrozen(true);
      try {
        record(recorder, () => killOnce(target));
      } finally {
        if (isFrozen) target.setFrozen(false);
      }
    }
    await sleep(pauseMsec);
  }
}
