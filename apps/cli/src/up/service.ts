import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { Problem, type ServiceName } from '@bulkhead/model';
import { identify, isAlive, type RecordedProcess, signalProcess, startedAtMsec } from '../instance/process-identity.ts';
import type { RecordedService, ServiceState } from '../instance/supervisor-file.ts';
import { nextBackoffMsec } from './backoff.ts';
import { LastLines } from './last-lines.ts';
import { LogFile, rotateWhenFull } from './log-file.ts';

/** A program to be kept running. */
export interface ServicePlan {
  name: ServiceName;
  command: readonly [string, ...string[]];
  environment: Readonly<Record<string, string>>;
  logFile: string;
  /** Asks it to end. */
  stopSignal: NodeJS.Signals;
  graceMsec: number;
  /** True once it answers; asked again and again until then. Absent: it is ready when it has lived a moment. */
  probe?: () => Promise<boolean>;
  readyWithinMsec: number;
  /** Outlives the supervisor and is taken over by the next: it writes its log itself, so that no pipe of ours breaks. */
  outlives?: boolean;
  /** Score for the kernel's OOM killer (proc_pid_oom_score_adj(5)); lower lives longer. */
  oomScoreAdjust?: number;
}

export interface ServiceListener {
  changed(): void;
  note(text: string): void;
  noteOnce(text: string): void;
}

const healthyAfterMsec = 60_000;
const settleMsec = 700;

/** Starts one program, starts it again when it ends, ends it when told to. */
export class Service {
  readonly plan: ServicePlan;
  readonly #listener: ServiceListener;
  readonly #log: LogFile;
  readonly #lastLines = new LastLines();
  #state: ServiceState = 'stopped';
  #process: RecordedProcess | undefined;
  #child: ChildProcess | undefined;
  #ended: Promise<void> = Promise.resolve();
  #startedAtMsec = 0;
  #restarts = 0;
  #failuresInARow = 0;
  #isStopping = false;
  #failure: string | undefined;
  readonly #wake = new AbortController();

  constructor(plan: ServicePlan, listener: ServiceListener) {
    this.plan = plan;
    this.#listener = listener;
    this.#log = new LogFile(plan.logFile);
  }

  get record(): RecordedService {
    return {
      state: this.#state,
      restarts: this.#restarts,
      ...(this.#process === undefined ? {} : { process: this.#process }),
      ...(this.#startedAtMsec === 0 ? {} : { startedAt: new Date(this.#startedAtMsec).toISOString() }),
    };
  }

  get isRunning(): boolean {
    return this.#process !== undefined && isAlive(this.#process);
  }

  #become(state: ServiceState): void {
    this.#state = state;
    this.#listener.changed();
  }

  /** Goes on with a process that an earlier supervisor started. */
  adopt(recorded: RecordedProcess): void {
    this.#process = recorded;
    this.#startedAtMsec = startedAtMsec(recorded);
    this.#ended = this.#watch(recorded).then(() => this.#onEnd('it ended'));
    this.#become('running');
  }

  async #watch(recorded: RecordedProcess): Promise<void> {
    while (isAlive(recorded)) await delay(500);
  }

  start(): void {
    const { command, environment, logFile, outlives, oomScoreAdjust, name } = this.plan;
    const [program, ...args] = command;
    this.#startedAtMsec = Date.now();
    this.#failure = undefined;
    this.#lastLines.clear();
    let output: 'pipe' | number = 'pipe';
    if (outlives === true) {
      rotateWhenFull(logFile);
      output = openSync(logFile, 'a', 0o600);
    }
    // A session of its own: Ctrl-C in our terminal is for us alone, and services are ended in order.
    const child = spawn(program, args, { env: environment, cwd: '/', detached: true, stdio: ['ignore', output, output] });
    if (typeof output === 'number') closeSync(output);
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        this.#log.write(chunk);
        this.#lastLines.push(chunk);
      });
    }
    if (child.pid !== undefined) {
      this.#process = identify(child.pid);
      if (oomScoreAdjust !== undefined) this.#protect(child.pid, oomScoreAdjust);
    }
    this.#ended = new Promise<void>((resolve) => {
      let isOver = false;
      const over = (how: string) => {
        if (isOver) return;
        isOver = true;
        this.#onEnd(how);
        resolve();
      };
      child.once('error', (failure) => over(`${name} could not be started: ${failure.message}`));
      child.once('close', (code, signal) => over(signal === null ? `it ended with exit code ${code}` : `it was ended by ${signal}`));
    });
    if (outlives === true) child.unref();
    this.#become('starting');
  }

  #protect(pid: number, score: number): void {
    try {
      writeFileSync(`/proc/${pid}/oom_score_adj`, String(score));
    } catch (failure) {
      this.#listener.noteOnce(
        `services are not protected from the kernel's out-of-memory killer (${(failure as NodeJS.ErrnoException).code}: root lacks CAP_SYS_RESOURCE here); going on`,
      );
    }
  }

  #onEnd(how: string): void {
    const livedMsec = Date.now() - this.#startedAtMsec;
    this.#process = undefined;
    this.#child = undefined;
    this.#failure = how;
    if (this.#isStopping) {
      this.#log.close();
      this.#become('stopped');
      return;
    }
    this.#failuresInARow = livedMsec >= healthyAfterMsec ? 1 : this.#failuresInARow + 1;
    this.#become('waiting');
    void this.#startAgain();
  }

  async #startAgain(): Promise<void> {
    const waitMsec = nextBackoffMsec(this.#failuresInARow);
    try {
      await delay(waitMsec, undefined, { signal: this.#wake.signal });
    } catch {
      return;
    }
    if (this.#isStopping) return;
    this.#restarts += 1;
    this.#listener.note(`${this.plan.name}: ${this.#failure ?? 'it ended'}; starting it again (log: ${this.plan.logFile})`);
    this.start();
    this.#settle().catch(() => {});
  }

  async #isReady(): Promise<boolean> {
    if (!this.isRunning) return false;
    if (this.plan.probe === undefined) return Date.now() - this.#startedAtMsec >= settleMsec;
    try {
      return await this.plan.probe();
    } catch {
      return false;
    }
  }

  async #settle(): Promise<boolean> {
    const until = Date.now() + this.plan.readyWithinMsec;
    while (Date.now() < until && !this.#isStopping) {
      if (await this.#isReady()) {
        this.#become('running');
        return true;
      }
      // What dies three times before it ever answered will not do better the fourth time.
      if (this.#failuresInARow >= 3) return false;
      await delay(25);
    }
    return false;
  }

  /** Resolves when it answers; throws what it said last where it never does. */
  async waitUntilReady(): Promise<void> {
    if (await this.#settle()) return;
    if (this.#isStopping) throw new Problem('unavailable', `${this.plan.name} was stopped before it answered`);
    const said = this.plan.outlives === true ? lastLineOfFile(this.plan.logFile) : this.#lastLines.explain();
    const how = this.isRunning ? `does not answer within ${this.plan.readyWithinMsec / 1000} s` : 'does not come up';
    throw new Problem('unavailable', `${this.plan.name} ${how}${said === undefined ? '' : `: ${said}`}`, {
      remedy: `its log: ${this.plan.logFile}`,
    });
  }

  /** Asks it to end, and after the grace makes it. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#wake.abort();
    const running = this.#process;
    if (running === undefined || !signalProcess(running, this.plan.stopSignal)) {
      this.#become('stopped');
      return;
    }
    const grace = new AbortController();
    await Promise.race([this.#ended, delay(this.plan.graceMsec, undefined, { signal: grace.signal }).catch(() => {})]);
    grace.abort();
    signalProcess(running, 'SIGKILL');
    await this.#ended;
  }

  /** Lets it go on without us. */
  release(): void {
    this.#isStopping = true;
    this.#wake.abort();
    this.#child?.removeAllListeners();
    this.#child?.unref();
  }
}

function lastLineOfFile(path: string): string | undefined {
  try {
    const lines = new LastLines();
    lines.push(readFileSync(path).subarray(-16_384));
    return lines.explain();
  } catch {
    return undefined;
  }
}
