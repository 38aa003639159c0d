import {
  duplicate,
  type Fd,
  hasErrno,
  pidfd_open,
  pidfd_send_signal,
  poll,
  SIGKILL,
  SyscallError,
  WEXITED,
  waitPid,
} from '@bulkhead/kernel';
import { type ChildReport, receiveReport } from './channel.ts';
import type { Launch } from './launch.ts';
import { type LaunchedProcess, processKey } from './process.ts';
import type { Reply } from './protocol.ts';

/** A launch whose child is not ready yet. */
interface Launching extends Omit<Launch, 'process'> {
  seq: number;
  /** Steps of the launcher. */
  steps: string;
  /** It becomes its program without being told. */
  start: boolean;
}

/** A failure in the words of the protocol. */
export const describeFailure = (failure: unknown): { message: string; syscall?: string; code?: string } => ({
  message: failure instanceof Error ? failure.message : String(failure),
  ...(failure instanceof SyscallError ? { syscall: failure.syscall, code: failure.code } : {}),
});

/** SIGKILL, where it has not ended yet. */
export function killProcess(one: LaunchedProcess): void {
  try {
    pidfd_send_signal(one.pidfd, SIGKILL);
  } catch (failure) {
    if (!hasErrno(failure, 'ESRCH')) throw failure;
  }
}

/** What follows of what children say. */
export interface ReportListener {
  post(message: Reply, fds?: Fd[]): void;
  /** Its exit is to be watched from now on. */
  ready(one: LaunchedProcess): void;
  /** It never became a process of anybody. */
  abandoned(one: LaunchedProcess): void;
}

/** Hears what forked children say on their channels, from the fork until they have become their programs, and answers who asked for them. */
export class ChildReports {
  readonly #tell: ReportListener;
  /** Those whose asker has no answer yet. */
  readonly #launching = new Set<LaunchedProcess>();

  constructor(tell: ReportListener) {
    this.#tell = tell;
  }

  get launching(): number {
    return this.#launching.size;
  }

  /** @param launching absent once the child has said that it is ready */
  watch(one: LaunchedProcess, launching: Launching | undefined): void {
    const report = one.report;
    if (report === undefined) return;
    let pending = launching;
    if (pending !== undefined) this.#launching.add(one);
    one.readReport = () => {
      while (!report.closed) {
        const said = receiveReport(report);
        if (said === undefined) return;
        if (pending === undefined) this.#saidWhileCreated(one, said);
        else if (this.#saidWhileLaunching(one, pending, said)) {
          pending = undefined;
          this.#launching.delete(one);
        }
      }
    };
    poll(report, { readable: true, disconnect: true }, one.readReport);
  }

  /** @returns whether the launch is over, well or not */
  #saidWhileLaunching(one: LaunchedProcess, launching: Launching, said: ChildReport): boolean {
    const { seq, child } = launching;
    const steps = [launching.steps, child.steps()];
    this.#followFork(one, launching);
    if (said.type === 'ready') {
      if (said.terminal !== undefined) one.takeTerminal(said.terminal);
      // One that becomes its program at once has only brought its terminal.
      if (launching.start) return false;
      this.#tell.ready(one);
      this.#tell.post({ type: 'created', seq, pid: one.pid, steps }, [duplicate(one.pidfd)]);
      return true;
    }
    if (said.type === 'end' && launching.start && child.isAsGoodAsStarted(launching.program)) {
      one.endReport();
      one.state = 'running';
      this.#tell.ready(one);
      this.#tell.post({ type: 'created', seq, pid: one.pid, steps }, [duplicate(one.pidfd)]);
      return true;
    }
    const failure = child.failure();
    const how = this.#abandon(one);
    this.#tell.post({
      ...describeFailure(failure ?? new Error(`the child ended before it was ready (${how})`)),
      type: 'failed',
      seq,
      steps,
    });
    return true;
  }

  /** A child that waits for its `start`, or is on its way after it. */
  #saidWhileCreated(one: LaunchedProcess, said: ChildReport): void {
    if (said.type === 'ready') {
      said.terminal?.[Symbol.dispose]();
      return;
    }
    const { starting } = one;
    one.starting = undefined;
    if (said.type === 'failed') {
      const failure = one.child?.failure() ?? new SyscallError('execve', said.errno, processKey(one));
      one.endReport();
      if (starting !== undefined) this.#tell.post({ ...describeFailure(failure), type: 'failed', seq: starting, steps: [] });
      return;
    }
    one.endReport();
    if (starting === undefined) return;
    one.state = one.state === 'exited' ? 'exited' : 'running';
    this.#tell.post({ type: 'started', seq: starting, steps: [] });
  }

  /** The first child of an exec only forks the second, which is the process proper: a child of this launcher too. */
  #followFork(one: LaunchedProcess, launching: Launching): void {
    if (launching.fork === undefined || one.pid !== launching.child.pid) return;
    // What the fork answered stands in the slot once the first child has gone on; it then has nothing to do but to end.
    waitPid(one.pid, WEXITED);
    const pid = launching.child.answer(launching.program.list, launching.fork);
    if (pid <= 0) return;
    one.pidfd[Symbol.dispose]();
    one.pid = pid;
    one.pidfd = pidfd_open(pid);
  }

  /** A child that never became ready: ended, reaped, forgotten. @returns how it had ended */
  #abandon(one: LaunchedProcess): string {
    killProcess(one);
    const result = waitPid(one.pid, WEXITED);
    this.#tell.abandoned(one);
    one[Symbol.dispose]();
    return result === undefined ? 'gone' : result.kind === 'exited' ? `exit code ${result.code}` : `signal ${result.signal}`;
  }
}
