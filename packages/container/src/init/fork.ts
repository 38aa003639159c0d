import {
  _exit,
  blockSignals,
  CLONE_CLEAR_SIGHAND,
  clone3,
  closeOthers,
  type Fd,
  Recorder,
  record,
  SyscallError,
  setDumpable,
} from '@bulkhead/kernel';
import { send } from '../launcher/channel.ts';
import { encodeSteps } from '../launcher/protocol.ts';

/** What the child's body is given: the channel to its launcher and the steps it made. */
export interface ChildContext {
  readonly report: Fd;
  steps(): string;
}

/** Exit code of a child that could not become its program; never seen by users, its report says why. */
export const childFailedCode = 125;

/**
 * Forks a child that runs `body`, synchronous code that ends in execve. Whatever the body throws goes to the launcher
 * over the report socket, and the child ends by _exit: it never returns to the event loop, which would hang it.
 *
 * @param inherited descriptors the child uses beside the report; whatever else the launcher holds is closed in it
 */
export function forkChild(
  flags: bigint,
  cgroup: Fd | undefined,
  report: Fd,
  inherited: readonly Fd[],
  body: (child: ChildContext) => never,
): { pid: number; pidfd: Fd } {
  const signals = blockSignals();
  const { pid, pidfd } = clone3(flags | CLONE_CLEAR_SIGHAND, cgroup);
  if (pid === 0) runChild(report, inherited, body);
  signals.restore();
  if (pidfd === undefined) throw new Error('clone3 gave no pidfd');
  return { pid, pidfd };
}

function runChild(report: Fd, inherited: readonly Fd[], body: (child: ChildContext) => never): never {
  try {
    const recorder = new Recorder(500);
    const steps = (): string => encodeSteps('child', recorder.steps);
    try {
      record(recorder, () => {
        // Nobody inside may trace this process or open its executable while it still is the launcher's program.
        setDumpable(false);
        // What the launcher holds for others is none of this child's: a pipe kept open here would never end there.
        closeOthers([report, ...inherited]);
        body({ report, steps });
      });
    } catch (failure) {
      const message = failure instanceof Error ? failure.message : String(failure);
      const kernel = failure instanceof SyscallError ? { syscall: failure.syscall, code: failure.code } : {};
      send(report, { type: 'failed', message, ...kernel, steps: steps() });
    }
  } finally {
    _exit(childFailedCode);
  }
}
