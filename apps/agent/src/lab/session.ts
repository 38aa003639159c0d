import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CgroupReader, Cgroups } from '@bulkhead/cgroup';
import { type ContainerRuntime, TranscriptBuilder } from '@bulkhead/container';
import { Recorder } from '@bulkhead/kernel';
import {
  type Container,
  type ExitStatus,
  type LabKind,
  type LabPhase,
  type LabPoint,
  type LabRun,
  type LabStep,
  labContainerName,
  labMaxSeconds,
  labs,
  labTenant,
  Problem,
  type Subject,
} from '@bulkhead/model';
import type { ContainerHistory } from '../container/history.ts';
import type { EventLog } from '../event/event-log.ts';
import type { TimedReading } from './arithmetic.ts';
import type { LabControl } from './control.ts';
import { markOf } from './mark.ts';

/** How often a point is taken where an experiment does not want it seldomer. */
const pointMsec = 250;

/** A container of a run, which waits or runs. */
export interface LabContainer {
  readonly role: string;
  readonly container: Container;
  /** Its cgroup, and the one below in which its processes are. */
  readonly path: string;
  readonly inner: string;
  readonly reader: CgroupReader;
}

export interface SessionParts {
  runtime: ContainerRuntime;
  cgroups: Cgroups;
  control: LabControl;
  events: EventLog;
  history: Pick<ContainerHistory, 'deleting'>;
}

export type SessionNews = { type: 'step'; step: LabStep } | { type: 'point'; point: LabPoint };

/** One run of a lab: what it makes, writes and measures, all of it told and all of it taken away again. */
export class LabSession {
  readonly run: LabRun;
  readonly cgroups: Cgroups;
  readonly control: LabControl;
  readonly #parts: SessionParts;
  readonly #tell: (news: SessionNews) => void;
  readonly #subject: Subject | undefined;
  readonly #begin = performance.now();
  readonly #stopping = new AbortController();
  readonly #containers: LabContainer[] = [];
  readonly #frozen = new Set<string>();
  readonly #transcript = new TranscriptBuilder();
  #deadline: NodeJS.Timeout | undefined;

  constructor(
    asked: { id: string; lab: LabKind; seconds: number; subject: Subject | undefined },
    parts: SessionParts,
    tell: (news: SessionNews) => void,
  ) {
    const { id, lab, seconds, subject } = asked;
    this.#parts = parts;
    this.#tell = tell;
    this.#subject = subject;
    this.cgroups = parts.cgroups;
    this.control = parts.control;
    this.run = {
      id,
      lab,
      seconds,
      startedAt: new Date().toISOString(),
      ...(subject === undefined ? {} : { subject }),
      state: 'running',
      series: [...labs[lab].series],
      steps: [],
      points: [],
      checks: [],
    };
  }

  get seconds(): number {
    return this.run.seconds;
  }

  get signal(): AbortSignal {
    return this.#stopping.signal;
  }

  /** Somebody does not want it any more. */
  stop(): void {
    this.#stopping.abort(new Error('stopped'));
  }

  get isStopped(): boolean {
    return this.signal.aborted && !(this.signal.reason instanceof Problem);
  }

  #atMsec(): number {
    return Math.round(performance.now() - this.#begin);
  }

  /** Takes what a step is of without its time. */
  step(step: LabStep extends infer S ? (S extends LabStep ? Omit<S, 'atMsec'> : never) : never): void {
    const told = { ...step, atMsec: this.#atMsec() } as LabStep;
    this.run.steps.push(told);
    this.#tell({ type: 'step', step: told });
  }

  phase(phase: LabPhase): void {
    this.step({ type: 'phase', phase });
  }

  /** Makes a container that waits for its start. */
  async create(role: string, args: string[]): Promise<LabContainer> {
    this.signal.throwIfAborted();
    const { runtime, cgroups, events } = this.#parts;
    const name = labContainerName(this.run.lab, this.run.id, role);
    const { container, transcript } = await runtime.create({
      name,
      tenantId: labTenant,
      image: 'host',
      args,
      env: [markOf(this.run.id)],
      cwd: '/',
      user: { uid: 0, gid: 0 },
      terminal: false,
      stdin: false,
      autoRemove: false,
      timeNamespace: false,
      limits: {},
    });
    void events.record('container.created', { container, subject: this.#subject, detail: { image: 'host' }, transcript });
    const path = runtime.cgroupPath(container);
    const made: LabContainer = { role, container, path, inner: `${path}/init`, reader: cgroups.reader(path) };
    this.#containers.push(made);
    this.step({ type: 'created', container: name, cgroupPath: `/${path}`, args });
    return made;
  }

  /** Starts containers one right after the other. The time of the run is bounded from here on. */
  async start(...containers: readonly LabContainer[]): Promise<void> {
    const { runtime, events } = this.#parts;
    this.signal.throwIfAborted();
    this.#deadline ??= setTimeout(
      () =>
        this.#stopping.abort(
          new Problem('unavailable', `the lab was not done within ${labMaxSeconds} s`, {
            remedy: 'this host is too busy for it: try again when it has less to do',
          }),
        ),
      labMaxSeconds * 1000,
    );
    await Promise.all(
      containers.map(async ({ container: { id, name } }) => {
        const { container, transcript } = await runtime.start(id);
        this.step({ type: 'started', container: name });
        const detail = container.pid === undefined ? {} : { pid: container.pid };
        void events.record('container.started', { container, subject: this.#subject, detail, transcript });
      }),
    );
  }

  /** Writes a setting of a group of this run. */
  set(path: string, setting: string, value: string): void {
    this.signal.throwIfAborted();
    const recorder = new Recorder();
    try {
      for (const write of this.control.set(path, setting, value, recorder)) this.step({ type: 'write', ...write });
    } finally {
      this.#transcript.addRecorded(recorder);
    }
  }

  /** Stops every process of a container's group, or lets them go on, and answers once they do. */
  async setFrozen({ path }: Pick<LabContainer, 'path'>, isFrozen: boolean): Promise<void> {
    if (isFrozen) this.signal.throwIfAborted();
    this.#frozen.add(path);
    const recorder = new Recorder();
    try {
      for (const write of await this.control.setFrozen(path, isFrozen, recorder)) this.step({ type: 'write', ...write });
    } finally {
      this.#transcript.addRecorded(recorder);
    }
    if (!isFrozen) this.#frozen.delete(path);
  }

  /** Waits for the end of a container's program; undefined where the time is over first. */
  async ended({ container }: LabContainer, withinMsec = labMaxSeconds * 1000): Promise<ExitStatus | undefined> {
    const { runtime } = this.#parts;
    const exitStatus = await runtime.wait(container.id, AbortSignal.any([this.signal, AbortSignal.timeout(withinMsec)]));
    this.signal.throwIfAborted();
    if (exitStatus === undefined) return undefined;
    const { oomKilled } = runtime.inspect(container.id);
    this.step({ type: 'exited', container: container.name, exitStatus, ...(oomKilled === undefined ? {} : { oomKilled }) });
    return exitStatus;
  }

  read({ reader }: Pick<LabContainer, 'reader'>): TimedReading {
    return { reading: reader.read(), atMsec: performance.now() };
  }

  /**
   * Takes points for so long, or until what is waited for has come.
   *
   * @param options.everyMsec a whole number of the kernel's own periods, where it works in periods
   */
  async sample(
    msec: number,
    measure: () => Record<string, number | undefined>,
    { everyMsec = pointMsec, until }: { everyMsec?: number; until?: Promise<unknown> } = {},
  ): Promise<void> {
    const end = performance.now() + msec;
    let come = false;
    void until?.then(
      () => {
        come = true;
      },
      () => {
        come = true;
      },
    );
    for (let next = performance.now() + everyMsec; !come; next += everyMsec) {
      // A rate over a few milliseconds says nothing: the last point takes what is left with it.
      const wake = end - next < everyMsec / 2 ? end : next;
      await sleep(Math.max(0, wake - performance.now()), undefined, { signal: this.signal });
      if (come) return;
      this.point(measure());
      if (wake === end) return;
    }
  }

  /** Tells what is measured now. */
  point(measured: Record<string, number | undefined>): void {
    const values = Object.entries(measured).filter((entry): entry is [string, number] => entry[1] !== undefined);
    const point = { atMsec: this.#atMsec(), values: Object.fromEntries(values) };
    this.run.points.push(point);
    this.#tell({ type: 'point', point });
  }

  /** Takes away whatever there is of it, also where something of that fails. @returns what failed */
  async clean(): Promise<unknown[]> {
    clearTimeout(this.#deadline);
    const { runtime, events, history } = this.#parts;
    const failures: unknown[] = [];
    for (const path of this.#frozen) {
      // On version 1 not even SIGKILL reaches what is frozen.
      try {
        await this.setFrozen({ path }, false);
      } catch (failure) {
        failures.push(failure);
      }
    }
    await Promise.all(
      this.#containers.map(async ({ container, reader }) => {
        reader[Symbol.dispose]();
        try {
          const { transcript } = await history.deleting(container.id, () => runtime.delete(container.id, true));
          void events.record('container.deleted', { container, subject: this.#subject, transcript });
          this.step({ type: 'removed', container: container.name });
        } catch (failure) {
          failures.push(failure);
        }
      }),
    );
    await runtime.leaveTenant(labTenant).catch((failure: unknown) => failures.push(failure));
    return failures;
  }

  /** What was written into kernel files, call by call. */
  transcript() {
    return this.#transcript.finish();
  }
}
