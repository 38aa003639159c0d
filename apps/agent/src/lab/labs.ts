import { randomBytes } from 'node:crypto';
import type { LabChange } from '@bulkhead/api';
import type { Cgroups } from '@bulkhead/cgroup';
import type { ContainerRuntime } from '@bulkhead/container';
import { type HostEvent, type Lab, LabKind, type LabRun, type LabRunId, labs, labTenant, Problem, type Subject } from '@bulkhead/model';
import type { ContainerHistory } from '../container/history.ts';
import type { EventLog } from '../event/event-log.ts';
import { explain, type Log } from '../log.ts';
import { Broadcast } from '../stream/broadcast.ts';
import type { LabControl } from './control.ts';
import { experiments } from './experiment/all.ts';
import { runOf } from './mark.ts';
import { whyNot, wordsOf } from './offer.ts';
import { LabSession } from './session.ts';

/** Changes that wait for a slow client; then it is told everything anew instead. */
const waitingChanges = 1000;
/** So long a look at what a host lacks is good enough for a list: it takes thousands of files. Who starts a lab has it looked at anew. */
const looksMsec = 30_000;

export interface LabsOptions {
  cgroups: Cgroups;
  control: LabControl;
  events: EventLog;
  history: Pick<ContainerHistory, 'deleting'>;
  /** The runtime once it has recovered. @throws Problem 'unavailable' before */
  runtime(): ContainerRuntime;
  log: Log;
}

/** The labs of a host: which it can carry out, the one that runs, and the last run of each since the agent's start. */
export class Labs implements AsyncDisposable {
  readonly #options: LabsOptions;
  readonly #live = new Broadcast<LabChange>(waitingChanges);
  readonly #last = new Map<LabKind, LabRun>();
  #current: { session: LabSession; ended: Promise<void> } | undefined;
  readonly #looks = new Map<LabKind, { atMsec: number; missing: Problem | undefined }>();
  #isLeaving = false;

  constructor(options: LabsOptions) {
    this.#options = options;
  }

  list(): Lab[] {
    return LabKind.options.map((kind) => {
      const { use, seconds } = labs[kind];
      const missing = this.#missing(kind);
      const running = this.#current?.session.run;
      return {
        kind,
        use,
        seconds,
        words: wordsOf(kind),
        ...(missing === undefined ? {} : { missing: told(missing) }),
        ...(running?.lab === kind ? { running: running.id } : {}),
      };
    });
  }

  #missing(kind: LabKind): Problem | undefined {
    const before = this.#looks.get(kind);
    if (before !== undefined && performance.now() - before.atMsec < looksMsec) return before.missing;
    const missing = whyNot(kind, this.#options.cgroups);
    this.#looks.set(kind, { atMsec: performance.now(), missing });
    return missing;
  }

  /** Begins a lab. One at a time on a host: a second one would take the CPU that the first measures, and be counted with it. */
  start({ lab, seconds: asked }: { lab: LabKind; seconds?: number | undefined }, subject?: Subject): LabRun {
    const runtime = this.#options.runtime();
    const { seconds: bounds } = labs[lab];
    const seconds = asked ?? bounds.preset;
    if (seconds < bounds.least || seconds > bounds.greatest)
      throw new Problem('invalid', `seconds: the lab ${lab} takes ${bounds.least} to ${bounds.greatest} seconds, not ${seconds}`);
    const missing = whyNot(lab, this.#options.cgroups);
    if (missing !== undefined) throw missing;
    const running = this.#current?.session.run;
    if (running !== undefined || this.#isLeaving)
      throw new Problem('conflict', running === undefined ? 'the agent is ending' : `the lab ${running.lab} is running (${running.id})`, {
        remedy: 'wait until it has ended, or stop it: ./bulkhead lab stop',
      });
    const id = randomBytes(2).toString('hex');
    const { cgroups, control, events, history } = this.#options;
    const session = new LabSession({ id, lab, seconds, subject }, { runtime, cgroups, control, events, history }, (news) =>
      this.#live.publish({ ...news, run: id }),
    );
    const { run } = session;
    this.#last.set(lab, run);
    void events.record('lab.started', { subject, detail: { lab, run: id, seconds } });
    this.#live.publish({ type: 'run', run: structuredClone(run) });
    this.#current = { session, ended: this.#carryOut(session) };
    return run;
  }

  async #carryOut(session: LabSession): Promise<void> {
    const { run } = session;
    try {
      run.checks = await experiments[run.lab](session);
      run.outcome = run.checks.every(({ passed }) => passed) ? 'passed' : 'failed';
    } catch (failure) {
      const reason: unknown = session.signal.aborted ? session.signal.reason : failure;
      run.outcome = session.isStopped ? 'stopped' : 'broken';
      if (run.outcome === 'broken') run.problem = this.#problem(reason);
    }
    run.state = 'cleaning';
    this.#live.publish({ type: 'run', run: structuredClone(run) });
    const failures = await session.clean();
    if (failures.length > 0) {
      run.outcome = 'broken';
      run.problem = this.#problem(failures[0]);
    }
    run.state = 'ended';
    this.#current = undefined;
    this.#live.publish({ type: 'run', run: structuredClone(run) });
    await this.#options.events.record('lab.ended', {
      subject: run.subject,
      detail: detailOf(run),
      transcript: session.transcript(),
    });
  }

  /** What people are told; what nobody foresaw goes to the log. */
  #problem(failure: unknown): { message: string; remedy?: string } {
    if (failure instanceof Problem) return told(failure);
    this.#options.log.error({ error: explain(failure) }, 'a lab could not be carried out');
    return { message: `it could not be carried out: ${explain(failure)}` };
  }

  /** Changes of all runs for ever, or of one until it has ended. @throws Problem 'not-found' */
  async *watch(id: LabRunId | undefined, signal: AbortSignal): AsyncGenerator<LabChange> {
    const snapshot = (): LabChange => ({
      type: 'snapshot',
      runs: structuredClone([...this.#last.values()].filter((run) => id === undefined || run.id === id)),
    });
    const first = snapshot();
    if (id !== undefined && first.type === 'snapshot' && first.runs.length === 0) throw noRun(id);
    const isOver = (change: LabChange) =>
      id !== undefined &&
      (change.type === 'run' ? change.run.state === 'ended' : change.type === 'snapshot' && change.runs[0]?.state === 'ended');
    const changes = this.#live.subscribe<LabChange>({
      signal,
      first: [first],
      select: (change) => {
        if (id === undefined || change.type === 'snapshot') return change;
        return (change.type === 'run' ? change.run.id : change.run) === id ? change : undefined;
      },
      overflow: () => [snapshot()],
    });
    for await (const change of changes) {
      yield change;
      if (isOver(change)) return;
    }
  }

  /** Stops a run; answers when nothing of it is left. @throws Problem 'not-found' */
  async stop(id: LabRunId): Promise<LabRun> {
    const run = [...this.#last.values()].find((each) => each.id === id);
    if (run === undefined) throw noRun(id);
    const current = this.#current;
    if (current?.session.run.id === id) {
      current.session.stop();
      await current.ended;
    }
    return run;
  }

  /** Takes away what a life before this one left of its labs. Called once, before any start. */
  async removeLeft(): Promise<void> {
    const { cgroups, control, events, history, log } = this.#options;
    const runtime = this.#options.runtime();
    const left = runtime.list().flatMap((container) => {
      const run = runOf(container, runtime.inspect(container.id).spec);
      return run === undefined ? [] : [{ container, run }];
    });
    for (const { container } of left) {
      try {
        const path = runtime.cgroupPath(container);
        // On version 1 not even SIGKILL reaches what is frozen.
        if (cgroups.controllers.has('freezer') && cgroups.exists(path)) await control.setFrozen(path, false);
        const { transcript } = await history.deleting(container.id, () => runtime.delete(container.id, true));
        void events.record('container.deleted', { container, transcript });
      } catch (failure) {
        log.error({ container: container.name, error: explain(failure) }, 'what a lab left could not be removed');
      }
    }
    for (const run of new Set(left.map((each) => each.run))) {
      const lab = left.find((each) => each.run === run)?.container.name.split('-')[1] ?? '';
      await events.record('lab.ended', { detail: { lab, run, outcome: 'broken', problem: 'the agent ended while it ran' } });
    }
    await runtime.leaveTenant(labTenant).catch((failure: unknown) => log.error({ error: explain(failure) }, 'the group of labs stays'));
    if (left.length > 0) log.info({ containers: left.map(({ container }) => container.name) }, 'took away what labs had left');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isLeaving = true;
    this.#current?.session.stop();
    await this.#current?.ended;
    this.#live.close();
  }
}

const told = ({ message, remedy }: Problem): { message: string; remedy?: string } => ({
  message,
  ...(remedy === undefined ? {} : { remedy }),
});

const noRun = (id: LabRunId): Problem =>
  new Problem('not-found', `no run ${id} of a lab since the agent's start`, { remedy: './bulkhead lab ls tells what runs' });

/** What history shows of a run: how it came out, and the first check, which is what the lab is about. */
function detailOf({ lab, id, seconds, outcome = 'broken', checks, problem }: LabRun): HostEvent['detail'] {
  const [check] = checks;
  return {
    lab,
    run: id,
    seconds,
    outcome,
    ...(check === undefined
      ? {}
      : {
          check: check.key,
          unit: check.unit,
          is: check.is,
          expected: check.expected,
          tolerance: check.tolerance,
          ...(check.measured === undefined ? {} : { measured: check.measured }),
        }),
    ...(problem === undefined ? {} : { problem: problem.message }),
  };
}
