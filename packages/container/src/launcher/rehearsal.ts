import {
  _exit,
  adoptInherited,
  blockSignals,
  CLONE_CLEAR_SIGHAND,
  clearSignalMask,
  clone3,
  execve,
  keepAcrossExec,
  keepStandardStreams,
  pidfd_send_signal,
  poll,
  SIGKILL,
  WEXITED,
  waitPid,
} from '@bulkhead/kernel';
import { type Kept, tokensOf, writeTable } from './upgrade.ts';

/** Longest time a new program may take to say that it can take over. */
const rehearsalTimeoutMsec = 15_000;
const cannotBeStarted = 127;

export interface NextProgram {
  /** Node, its options, the launcher's program. */
  command: readonly [string, ...string[]];
  environment: readonly string[];
}

/**
 * Runs the program that is to replace this one in a forked child, over copies of all that it would be left. There is no
 * way back from an execve(2) into a program that cannot start, or cannot read the table.
 *
 * @param describe marks and describes what is left; called in the child
 * @param onEnd is told why it cannot take over, or nothing where it can
 */
export function rehearse({ command, environment }: NextProgram, describe: () => Kept, onEnd: (failure: string | undefined) => void): void {
  const signals = blockSignals();
  const { pid, pidfd } = clone3(CLONE_CLEAR_SIGHAND);
  if (pid === 0) {
    try {
      const table = writeTable(describe());
      clearSignalMask();
      keepStandardStreams(true);
      execve(command[0], [...command, '--rehearse', String(keepAcrossExec(table))], environment);
    } finally {
      _exit(cannotBeStarted);
    }
  }
  signals.restore();
  if (pidfd === undefined) throw new Error('clone3 gave no pidfd');
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    pidfd_send_signal(pidfd, SIGKILL);
  }, rehearsalTimeoutMsec);
  poll(pidfd, { readable: true, disconnect: true }, () => {
    clearTimeout(timer);
    const result = waitPid(pid, WEXITED);
    pidfd[Symbol.dispose]();
    onEnd(explain(result, late));
  });
}

function explain(result: ReturnType<typeof waitPid>, late: boolean): string | undefined {
  if (result?.kind === 'exited' && result.code === 0) return undefined;
  if (late) return `the new program was not ready within ${rehearsalTimeoutMsec / 1000} s`;
  if (result?.kind === 'exited' && result.code === cannotBeStarted) return 'the new program cannot be started';
  const how = result === undefined ? 'vanished' : result.kind === 'exited' ? `exit code ${result.code}` : `signal ${result.signal}`;
  return `the new program cannot take over (${how}; its reason is in the log of the launcher)`;
}

/** In the new program: throws where a descriptor that it is to be left is none. What is on them stays unread. */
export function checkKept(kept: Kept): void {
  for (const token of tokensOf(kept)) adoptInherited(token, 'rehearsed');
}
