import { renameSync, rmSync, writeFileSync } from 'node:fs';
import {
  clearSignalMask,
  duplicate,
  execve,
  type Fd,
  keepAcrossExec,
  keepStandardStreams,
  pidfd_open,
  poll,
  Recorder,
  record,
  tokenOf,
  WEXITED,
  WNOHANG,
  waitPid,
} from '@bulkhead/kernel';
import type { ExitStatus } from '@bulkhead/model';
import { AgentLink } from './agent-link.ts';
import { sendWord } from './channel.ts';
import { ChildReports, describeFailure, killProcess } from './child-reports.ts';
import { type Launch, launchContainer, launchExec } from './launch.ts';
import { Output } from './output.ts';
import { LaunchedProcess, processKey } from './process.ts';
import { encodeSteps, protocolVersion, type Reply, type Request, type SandboxPlan } from './protocol.ts';
import { type NextProgram, rehearse } from './rehearsal.ts';
import { type Entry, endChild, Layout, SandboxPool, type WantedSandbox } from './sandbox.ts';
import { exerciseForks } from './self-test.ts';
import { descriptorsOf, type Kept, type Left, restore, serialise, unmark, writeTable } from './upgrade.ts';

/**
 * The launcher: forks, holds, reaps, records.
 */
export class Launcher {
  readonly #program: string;
  readonly #build: string | undefined;
  readonly #socketPath: string;
  readonly #environment: readonly string[];
  readonly #processes = new Map<string, LaunchedProcess>();
  readonly #pool = new SandboxPool();
  /** As the agent has told them, by its numbers. */
  readonly #layouts = new Map<number, Layout>();
  readonly #agent: AgentLink;
  readonly #reports: ChildReports;
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
    this.#reports = new ChildReports({
      post: (message, fds) => this.#post(message, fds),
      ready: (one) => this.#watchExit(one),
      abandoned: (one) => this.#processes.delete(processKey(one)),
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
      this.#reports.watch(one, undefined);
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
    this.#post({ ...describeFailure(failure), type: 'failed', seq, steps: [] });
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
        this.#post({
          type: 'prepared',
          seq: request.seq,
          pid: this.#pool.prepare(this.#wanted(request.sandbox)).pid,
        });
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
          request,
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
  #launch(seq: number, name: { id: string; execId?: string }, fork: () => Launch, { start = false, forgetAtEnd = false } = {}): void {
    if (this.#processes.has(processKey(name))) throw new Error(`process ${processKey(name)} exists`);
    const recorder = new Recorder(200);
    const { process: one, ...launch } = record(recorder, fork);
    one.forgetAtEnd = forgetAtEnd;
    this.#processes.set(processKey(one), one);
    this.#reports.watch(one, { ...launch, seq, start, steps: encodeSteps('launcher', recorder.steps) });
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
      if (one.forgetAtEnd) this.#forget(one);
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
    one.forgetAtEnd = request.forgetAtEnd;
    this.#processes.set(processKey(one), one);
    if (terminal !== undefined) one.takeTerminal(duplicate(terminal));
    else if (!request.terminal) output.drainPipes();
    this.#watchExit(one);
  }

  #forget(one: LaunchedProcess): void {
    if (one.state !== 'exited') {
      killProcess(one);
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
    if (this.#reports.launching > 0 || [...this.#processes.values()].some((one) => one.report !== undefined && one.state !== 'created'))
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

function entryOf(kind: 'tasks' | 'into', fds: Fd[]): Entry {
  if (kind === 'tasks') return { kind, files: fds };
  const [directory] = fds;
  if (directory === undefined) throw new Error('a v2 cgroup entry needs its directory');
  return { kind, directory };
}
