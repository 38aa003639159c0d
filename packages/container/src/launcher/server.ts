import { renameSync, rmSync, writeFileSync } from 'node:fs';
import {
  clearSignalMask,
  duplicate,
  execve,
  type Fd,
  hasErrno,
  keepAcrossExec,
  keepStandardStreams,
  pidfd_open,
  pidfd_send_signal,
  poll,
  Recorder,
  record,
  SIGKILL,
  SyscallError,
  tokenOf,
  WEXITED,
  WNOHANG,
  waitPid,
} from '@bulkhead/kernel';
import type { ExitStatus } from '@bulkhead/model';
import { AgentLink } from './agent-link.ts';
import { type ChildReport, receiveReport, sendWord } from './channel.ts';
import { type Launch, launchContainer, launchExec } from './launch.ts';
import { Output } from './output.ts';
import { LaunchedProcess, processKey } from './process.ts';
import { encodeSteps, protocolVersion, type Reply, type Request, type SandboxPlan } from './protocol.ts';
import { type NextProgram, rehearse } from './rehearsal.ts';
import { type Entry, endChild, Layout, SandboxPool, type WantedSandbox } from './sandbox.ts';
import { exerciseForks } from './self-test.ts';
import { descriptorsOf, type Kept, type Left, restore, serialise, unmark, writeTable } from './upgrade.ts';

/** A launch whose child is not ready yet. */
interface Launching extends Omit<Launch, 'process'> {
  seq: number;
  /** Steps of the launcher. */
  steps: string;
  /** It becomes its program without being told. */
  start: boolean;
}

/**
 * The launcher: forks, holds, reaps, records.
 */
export class Launcher {
  readonly #program: string;
  readonly #build: string | undefined;
  readonly #socketPath: string;
  readonly #environment: readonly string[];
  readonly #processes = new Map<string, LaunchedProcess>();
  /** Those whose asker has no answer yet. */
  readonly #launching = new Set<LaunchedProcess>();
  readonly #pool = new SandboxPool();
  /** As the agent has told them, by its numbers. */
  readonly #layouts = new Map<number, Layout>();
  readonly #agent: AgentLink;
  #log: (line: object) => void;

  #upgrading = false;

  /**
   * @param options.program version of the program
   * @param options.build what it is made of
   * @param options.environment entries for the program that replaces this one at an upgrade
   */
  constructor(options: {
    program: string;
    build: string | undefined;
    socketPath: string;
    environment: readonly string[];
    log: (line: object) => void;
  }) {
    this.#program = options.program;
    this.#build = options.build;
    this.#socketPath = options.socketPath;
    this.#environment = options.environment;
    this.#log = options.log;
    this.#agent = new AgentLink({
      socketPath: options.socketPath,
      log: options.log,
      onRequest: (request, fds) => this.#handle(request, fds),
      // With the agent goes its knowledge of what was prepared for whom.
      onDropped: () => {
        this.#pool.clear();
        this.#layouts.clear();
      },
    });
  }

  /** Listens on its socket. */
  open(): void {
    this.#agent.open();
  }

  /** Takes up what the program before an execve of this process left. */
  resume(kept: Kept): void {
    const restored = restore(kept);
    for (const [number, plan] of kept.layouts ?? []) this.#layouts.set(number, new Layout(plan));
    for (const one of restored.processes) {
      this.#processes.set(processKey(one), one);
      if (one.state !== 'exited') this.#watchExit(one);
      this.#watchReport(one, undefined);
    }
    this.#agent.resume(restored.listener, restored.connection);
    this.#post({ type: 'done', seq: kept.seq });
  }

  #post(message: Reply, fds: Fd[] = []): void {
    this.#agent.post(message, fds);
  }

  #handle(request: Request, fds: Fd[]): void {
    try {
      this.#act(request, fds);
    } catch (failure) {
      this.#refuse(request.seq, failure);
    } finally {
      // Whatever was meant for a child has been inherited by it, or is of no use any more.
      for (const fd of fds) fd[Symbol.dispose]();
    }
  }

  #refuse(seq: number, failure: unknown): void {
    this.#post({ ...describe(failure), type: 'failed', seq, steps: [] });
  }

  #find(request: { id: string; execId?: string | undefined }): LaunchedProcess {
    const found = this.#processes.get(processKey(request));
    if (found === undefined) throw new Error(`the launcher knows no process ${processKey(request)}`);
    return found;
  }

  #wanted({ layout, ids }: SandboxPlan): WantedSandbox {
    const known = this.#layouts.get(layout);
    if (known === undefined) throw new Error(`the launcher was told of no layout ${layout}`);
    return { layout: known, ids };
  }

  #act(request: Request, fds: Fd[]): void {
    const done = () => this.#post({ type: 'done', seq: request.seq });
    switch (request.type) {
      case 'hello': {
        if (request.version !== protocolVersion)
          throw new Error(`the agent speaks protocol ${request.version}, this launcher ${protocolVersion}`);
        const processes = [...this.#processes.values()].map(({ id, execId, pid, state, exitStatus }) => ({
          id,
          execId,
          pid,
          state,
          exitStatus,
        }));
        const own = { pid: process.pid, program: this.#program, build: this.#build };
        this.#post({ type: 'hello', seq: request.seq, version: protocolVersion, ...own, processes });
        return;
      }
      case 'layout':
        this.#layouts.set(request.number, new Layout(request.layout));
        done();
        return;
      case 'prepare':
        this.#post({ type: 'prepared', seq: request.seq, pid: this.#pool.prepare(this.#wanted(request.sandbox)).pid });
        return;
      case 'discard': {
        const unwanted = this.#pool.take(this.#wanted(request.sandbox));
        if (unwanted !== undefined) endChild(unwanted);
        done();
        return;
      }
      case 'create':
        this.#launch(
          request.seq,
          { id: request.id },
          () =>
            launchContainer(
              request.id,
              {
                sandbox: this.#wanted(request.sandbox),
                plan: request.plan,
                output: request.output,
                entry: entryOf(request.entry, fds),
                start: request.start,
              },
              this.#pool,
            ),
          request.start,
        );
        return;
      case 'exec': {
        const target = this.#find({ id: request.id }).pidfd;
        this.#launch(request.seq, { id: request.id, execId: request.execId }, () =>
          launchExec(
            { id: request.id, execId: request.execId },
            request.plan,
            request.output,
            entryOf(request.entry, fds),
            target,
            request.owner,
          ),
        );
        return;
      }
      case 'start': {
        const found = this.#find(request);
        if (found.state !== 'created' || found.report === undefined) throw new Error(`process ${processKey(found)} is ${found.state}`);
        found.starting = request.seq;
        sendWord(found.report, 'start');
        return;
      }
      case 'attach': {
        const found = this.#find(request);
        const own = [found.stdin, found.terminal].filter((fd) => fd !== undefined);
        this.#post(
          { type: 'attached', seq: request.seq, stdin: found.stdin !== undefined, terminal: found.terminal !== undefined },
          own.map((fd) => duplicate(fd)),
        );
        return;
      }
      case 'close-stdin': {
        const found = this.#find(request);
        found.stdin?.[Symbol.dispose]();
        found.stdin = undefined;
        done();
        return;
      }
      case 'adopt': {
        if (!this.#processes.has(processKey(request))) this.#adopt(request, fds.shift());
        done();
        return;
      }
      case 'forget': {
        const found = this.#processes.get(processKey(request));
        if (found !== undefined) this.#forget(found);
        done();
        return;
      }
      case 'upgrade':
        this.#upgrade(request);
        return;
      case 'self-test':
        this.#post({ type: 'tested', seq: request.seq, failures: exerciseForks(request.forks) });
        return;
      case 'shutdown': {
        if ([...this.#processes.values()].some((one) => one.state !== 'exited')) throw new Error('processes are still running');
        this.#pool.clear();
        rmSync(this.#socketPath, { force: true });
        done();
        process.exit(0);
      }
    }
  }

  /** Forks, and answers once the child says that it is ready, or why it is not. */
  #launch(seq: number, name: { id: string; execId?: string }, fork: () => Launch, start = false): void {
    if (this.#processes.has(processKey(name))) throw new Error(`process ${processKey(name)} exists`);
    const recorder = new Recorder(200);
    const { process: one, ...launch } = record(recorder, fork);
    this.#processes.set(processKey(one), one);
    this.#watchReport(one, { ...launch, seq, start, steps: encodeSteps('launcher', recorder.steps) });
  }

  /** @param launching absent once the child has said that it is ready */
  #watchReport(one: LaunchedProcess, launching: Launching | undefined): void {
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
      this.#watchExit(one);
      this.#post({ type: 'created', seq, pid: one.pid, steps }, [duplicate(one.pidfd)]);
      return true;
    }
    if (said.type === 'end' && launching.start && child.isAsGoodAsStarted(launching.program)) {
      one.endReport();
      one.state = 'running';
      this.#watchExit(one);
      this.#post({ type: 'created', seq, pid: one.pid, steps }, [duplicate(one.pidfd)]);
      return true;
    }
    const failure = child.failure();
    const how = this.#abandon(one);
    this.#post({ ...describe(failure ?? new Error(`the child ended before it was ready (${how})`)), type: 'failed', seq, steps });
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
      if (starting !== undefined) this.#post({ ...describe(failure), type: 'failed', seq: starting, steps: [] });
      return;
    }
    one.endReport();
    if (starting === undefined) return;
    one.state = one.state === 'exited' ? 'exited' : 'running';
    this.#post({ type: 'started', seq: starting, steps: [] });
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
    this.#kill(one);
    const result = waitPid(one.pid, WEXITED);
    this.#processes.delete(processKey(one));
    one[Symbol.dispose]();
    return result === undefined ? 'gone' : result.kind === 'exited' ? `exit code ${result.code}` : `signal ${result.signal}`;
  }

  #kill(one: LaunchedProcess): void {
    try {
      pidfd_send_signal(one.pidfd, SIGKILL);
    } catch (failure) {
      if (!hasErrno(failure, 'ESRCH')) throw failure;
    }
  }

  #watchExit(one: LaunchedProcess): void {
    poll(one.pidfd, { readable: true, disconnect: true }, () => {
      if (one.state === 'exited') return;
      // Whoever asked for it hears first that it began.
      one.readReport?.();
      const result = waitPid(one.pid, WEXITED | WNOHANG);
      if (result === undefined && one.ownChild) return;
      const exitStatus: ExitStatus =
        result === undefined
          ? one.statusOfStranger()
          : result.kind === 'exited'
            ? { kind: 'exited', code: result.code }
            : { kind: 'signaled', signal: result.signal, coreDumped: result.coreDumped };
      one.output.takeRest();
      one.state = 'exited';
      one.exitStatus = exitStatus;
      this.#recordExit(one, exitStatus);
      one.pidfd[Symbol.dispose]();
      this.#post({ type: 'exited', id: one.id, execId: one.execId, pid: one.pid, exitStatus, droppedBytes: one.output.droppedBytes });
    });
  }

  /** Under /run before anybody is told: whoever asks after a crash finds it. */
  #recordExit(one: LaunchedProcess, exitStatus: ExitStatus): void {
    const path = `${one.output.plan.directory}/exit.json`;
    try {
      writeFileSync(
        `${path}.new`,
        JSON.stringify({ pid: one.pid, exitStatus, at: new Date().toISOString(), droppedBytes: one.output.droppedBytes }),
        { mode: 0o600 },
      );
      renameSync(`${path}.new`, path);
    } catch (failure) {
      this.#log({ level: 'error', message: `exit status of ${processKey(one)} could not be recorded: ${String(failure)}` });
    }
  }

  #adopt(request: Extract<Request, { type: 'adopt' }>, terminal: Fd | undefined): void {
    const output = new Output(request.output);
    const one = new LaunchedProcess({
      id: request.id,
      execId: request.execId,
      pid: request.pid,
      pidfd: pidfd_open(request.pid),
      output,
      ownChild: false,
      state: 'running',
    });
    this.#processes.set(processKey(one), one);
    if (terminal !== undefined) one.takeTerminal(duplicate(terminal));
    else if (!request.terminal) output.drainPipes();
    this.#watchExit(one);
  }

  #forget(one: LaunchedProcess): void {
    if (one.state !== 'exited') {
      this.#kill(one);
      if (one.ownChild) {
        const result = waitPid(one.pid, WEXITED);
        if (result !== undefined) one.state = 'exited';
      }
    }
    this.#processes.delete(processKey(one));
    one[Symbol.dispose]();
  }

  /** Answers where it fails; where it does not, the program that replaces this one answers. */
  #upgrade({ seq, program, interpreter }: Extract<Request, { type: 'upgrade' }>): void {
    if (this.#upgrading) throw new Error('an upgrade is under way');
    this.#refuseWhileLaunching();
    const [node, ...options] = interpreter ?? [process.execPath, ...process.execArgv];
    const next: NextProgram = { command: [node ?? process.execPath, ...options, program], environment: this.#environment };
    const left = this.#left(seq);
    rehearse(next, { kept: serialise(left, tokenOf), fds: descriptorsOf(left) }, (failure) => {
      this.#upgrading = false;
      try {
        if (failure !== undefined) throw new Error(failure);
        this.#become(next, seq);
      } catch (cause) {
        this.#log({ level: 'error', message: `not replaced by ${program}: ${String(cause)}` });
        this.#refuse(seq, cause);
      }
    });
    this.#upgrading = true;
  }

  #refuseWhileLaunching(): void {
    if (this.#launching.size > 0 || [...this.#processes.values()].some((one) => one.report !== undefined && one.state !== 'created'))
      throw new Error('a process is being launched: try again');
  }

  #left(seq: number): Left {
    const { listener, connection } = this.#agent;
    if (listener === undefined) throw new Error('the launcher does not listen');
    return { seq, listener, connection, layouts: this.#layouts, processes: [...this.#processes.values()] };
  }

  /** execve(2) of this very process. Returns only by throwing. */
  #become({ command, environment }: NextProgram, seq: number): never {
    this.#refuseWhileLaunching();
    this.#pool.clear();
    const left = this.#left(seq);
    try {
      using table = writeTable(serialise(left, keepAcrossExec));
      clearSignalMask();
      keepStandardStreams(true);
      execve(command[0], [...command, '--resume', String(keepAcrossExec(table))], environment);
    } catch (failure) {
      keepStandardStreams(false);
      unmark(left);
      throw failure;
    }
  }
}

/** A failure in the words of the protocol. */
const describe = (failure: unknown): { message: string; syscall?: string; code?: string } => ({
  message: failure instanceof Error ? failure.message : String(failure),
  ...(failure instanceof SyscallError ? { syscall: failure.syscall, code: failure.code } : {}),
});

function entryOf(kind: 'tasks' | 'into', fds: Fd[]): Entry {
  if (kind === 'tasks') return { kind, files: fds };
  const [directory] = fds;
  if (directory === undefined) throw new Error('a v2 cgroup entry needs its directory');
  return { kind, directory };
}
