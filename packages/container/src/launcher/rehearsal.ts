import {
  adoptInherited,
  type CompiledList,
  calls,
  type Fd,
  headBytes,
  pidfd_send_signal,
  poll,
  SIGKILL,
  Slot,
  SyscallList,
  tokenOf,
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

/** What a forked child does: copies of all that is left pass through its execve(2), those of the launcher stay as they are. */
function compileRehearsal(
  { command, environment }: NextProgram,
  left: readonly Fd[],
  table: Fd,
): { list: CompiledList; onFailure: number } {
  const list = new SyscallList(headBytes);
  for (const fd of [0, 1, 2, table, ...left] as const) calls.setCloseOnExec(list, fd, false);
  calls.clearSignalMask(list);
  const [program] = command;
  const args = [...command, '--rehearse', String(tokenOf(table))];
  calls.execve(list, list.text(program), list.vector(args), list.vector(environment), {});
  const onFailure = list.nextOffset;
  calls.exit(list, cannotBeStarted);
  return { list: list.compile(), onFailure };
}

/**
 * Runs the program that is to replace this one in a forked child, over copies of all that it would be left. There is no
 * way back from an execve(2) into a program that cannot start, or cannot read the table.
 *
 * @param left what the program would be left, and its description
 * @param onEnd is told why it cannot take over, or nothing where it can
 */
export function rehearse(next: NextProgram, left: { kept: Kept; fds: readonly Fd[] }, onEnd: (failure: string | undefined) => void): void {
  using table = writeTable(left.kept);
  const { list, onFailure } = compileRehearsal(next, left.fds, table);
  const slot = new Slot(list.end);
  list.lay(slot);
  const { pid, pidfd } = slot.launch(list.origin, onFailure, 0n);
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    pidfd_send_signal(pidfd, SIGKILL);
  }, rehearsalTimeoutMsec);
  poll(pidfd, { readable: true, disconnect: true }, () => {
    clearTimeout(timer);
    const result = waitPid(pid, WEXITED);
    pidfd[Symbol.dispose]();
    slot[Symbol.dispose]();
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
