import { randomBytes } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { type Fd, Recorder, record } from '@bulkhead/kernel';
import { type ContainerId, cgroupRoot, type ExitStatus, Problem } from '@bulkhead/model';
import type { OutputPlan, ProcessState } from '../launcher/protocol.ts';
import type { ExecRequest, ProcessOutputItem, RuntimeOptions } from '../types.ts';
import type { LauncherConnection } from './connection.ts';
import { explainLaunch } from './failure.ts';
import { holdPipes, takeLastWords } from './last-words.ts';
import { logMaxBytes, readLog } from './log-reader.ts';
import { namespacesOf, oomScoreAdj, planExec } from './plan.ts';
import { readExitRecord, type StoredExec } from './state-file.ts';
import { type ContainerStore, closePipes } from './store.ts';
import { type RecordedTranscript, TranscriptBuilder } from './transcript.ts';

/** Sessions kept for their output after they ended; older ones are forgotten. */
const maxEndedSessions = 20;
/** Sessions at once in one container. */
const maxSessions = 100;

/** Further processes in running containers, each in a cgroup of its own beside the first one's. */
export class ExecSessions {
  readonly #options: RuntimeOptions;
  readonly #store: ContainerStore;
  readonly #launcher: LauncherConnection;

  constructor(options: RuntimeOptions, store: ContainerStore, launcher: LauncherConnection) {
    this.#options = options;
    this.#store = store;
    this.#launcher = launcher;
  }

  #output(id: ContainerId, execId: string): OutputPlan {
    return {
      directory: `${this.#store.directory(id)}/exec-${execId}`,
      logFile: `${this.#options.paths.containerLogs}/${id}.${execId}.log`,
      logMaxBytes,
    };
  }

  async start(id: ContainerId, request: ExecRequest, cgroupPath: string): Promise<{ execId: string; transcript: RecordedTranscript }> {
    const { container, spec, process, ids, execs } = this.#store.need(id);
    if (container.status !== 'running' || process === undefined)
      throw new Problem('conflict', `container ${container.name} is ${container.status}`, { remedy: 'start it first' });
    if (execs.filter((one) => one.exitStatus === undefined).length >= maxSessions)
      throw new Problem('exhausted', `container ${container.name} has ${maxSessions} exec sessions already`);
    const { client } = this.#launcher;
    const execId = randomBytes(8).toString('hex');
    const number = Math.max(0, ...execs.map((one) => one.number)) + 1;
    const path = `${cgroupPath}/exec-${number}`;
    const output = this.#output(id, execId);
    const transcript = new TranscriptBuilder();
    using fds = new DisposableStack();
    const recorder = new Recorder();
    try {
      const entry = record(recorder, () => {
        this.#options.cgroups.create(path);
        return this.#options.cgroups.entry(path);
      });
      const entryFds: Fd[] = entry.kind === 'tasks' ? entry.files : [entry.directory];
      for (const fd of entryFds) fds.use(fd);
      mkdirSync(output.directory, { mode: 0o700 });
      writeFileSync(output.logFile, '', { mode: 0o600 });
      const owner = { uid: ids.hostId + request.user.uid, gid: ids.hostId + request.user.gid };
      const plan = { initPid: process.pid, namespaces: namespacesOf(spec), process: planExec(spec, request), oomScoreAdj };
      transcript.addRecorded(recorder);
      const { message, fds: received } = await client.ask(
        { type: 'exec', id, execId, plan, owner, output, entry: entry.kind },
        'created',
        entryFds,
      );
      for (const fd of received) fd[Symbol.dispose]();
      transcript.addEncoded(message.steps);
      holdPipes(this.#store.held(id), execId, output.directory);
      this.#put(id, { execId, number, pid: message.pid, terminal: request.terminal });
      await client.ask({ type: 'start', id, execId }, 'started');
      return { execId, transcript: transcript.finish() };
    } catch (failure) {
      await client.ask({ type: 'forget', id, execId }, 'done').catch(() => undefined);
      this.#drop(id, execId);
      await this.#options.cgroups.remove(path);
      throw explainLaunch(failure, request.args[0] as string);
    }
  }

  #put(id: ContainerId, session: StoredExec): void {
    const state = this.#store.get(id);
    if (state === undefined) return;
    this.#store.update(id, { execs: [...state.execs.filter((one) => one.execId !== session.execId), session] }, false);
  }

  #drop(id: ContainerId, execId: string): void {
    const state = this.#store.get(id);
    if (state !== undefined) this.#store.update(id, { execs: state.execs.filter((one) => one.execId !== execId) }, false);
    const input = this.#store.held(id).inputs.get(execId);
    input?.stdin?.[Symbol.dispose]();
    input?.terminal?.[Symbol.dispose]();
    this.#store.held(id).inputs.delete(execId);
    closePipes(this.#store.held(id), execId);
    const output = this.#output(id, execId);
    rmSync(output.directory, { recursive: true, force: true });
    for (const suffix of ['', '.1']) rmSync(`${output.logFile}${suffix}`, { force: true });
  }

  exited(id: ContainerId, execId: string, exitStatus: ExitStatus): void {
    const state = this.#store.get(id);
    const session = state?.execs.find((one) => one.execId === execId);
    if (state === undefined || session === undefined || session.exitStatus !== undefined) return;
    const held = this.#store.held(id);
    if (this.#launcher.present) closePipes(held, execId);
    else takeLastWords(held, execId, this.#output(id, execId));
    this.#put(id, { ...session, exitStatus });
    this.#store.tell({ type: 'exec-exited', container: state.container, execId, exitStatus });
    void this.#tidy(id, session.number);
  }

  /** Its cgroup goes (its counters live on in the container's), and so do the oldest ended sessions. */
  async #tidy(id: ContainerId, number: number): Promise<void> {
    const state = this.#store.get(id);
    if (state === undefined) return;
    const path = `${cgroupRoot(this.#options.instance, this.#options.cgroups.delegated)}/${state.container.tenantId}/${id}/exec-${number}`;
    // A process that it left behind keeps its cgroup until the container ends.
    if (this.#options.cgroups.exists(path) && this.#options.cgroups.processes(path).length === 0) await this.#options.cgroups.remove(path);
    const ended = this.#store.get(id)?.execs.filter((one) => one.exitStatus !== undefined) ?? [];
    for (const old of ended.slice(0, Math.max(0, ended.length - maxEndedSessions))) {
      if (this.#launcher.present)
        await this.#launcher.client.ask({ type: 'forget', id, execId: old.execId }, 'done').catch(() => undefined);
      this.#drop(id, old.execId);
    }
  }

  /** With the container's first process all others of its pid namespace are gone; those whose end was not told yet are told by the launcher. */
  containerEnded(id: ContainerId): void {
    if (this.#launcher.present) return;
    for (const session of this.#store.get(id)?.execs ?? []) {
      if (session.exitStatus === undefined)
        this.exited(id, session.execId, { kind: 'unknown', reason: 'the container ended while the launcher was gone' });
    }
  }

  /** After a reconnect: ends that were missed, and sessions whose launcher is dead. */
  async takeUp(processes: ProcessState[]): Promise<void> {
    const held = new Map(
      processes.filter((process) => process.execId !== undefined).map((process) => [`${process.id}/${process.execId}`, process]),
    );
    for (const { container, execs } of this.#store.all()) {
      for (const session of execs) {
        if (session.exitStatus !== undefined) continue;
        const process = held.get(`${container.id}/${session.execId}`);
        if (process === undefined) {
          const recorded = readExitRecord(this.#output(container.id, session.execId).directory);
          this.exited(container.id, session.execId, recorded?.exitStatus ?? { kind: 'unknown', reason: 'its launcher was gone' });
        } else if (process.state === 'exited') {
          this.exited(container.id, session.execId, process.exitStatus ?? { kind: 'unknown', reason: 'the launcher kept no status' });
        }
      }
    }
  }

  async forgetAll(id: ContainerId): Promise<void> {
    for (const session of this.#store.get(id)?.execs ?? []) {
      if (this.#launcher.present) await this.#launcher.client.ask({ type: 'forget', id, execId: session.execId }, 'done');
      this.#drop(id, session.execId);
    }
  }

  async *output(
    id: ContainerId,
    execId: string,
    options: { follow: boolean; tailLines?: number | undefined },
    signal: AbortSignal,
  ): AsyncGenerator<ProcessOutputItem> {
    const session = (): StoredExec | undefined => this.#store.get(id)?.execs.find((one) => one.execId === execId);
    if (session() === undefined) throw new Problem('not-found', `no exec session ${execId}`);
    let last = session();
    const end = {
      reached: () => {
        last = session() ?? last;
        return last?.exitStatus !== undefined || this.#store.get(id) === undefined;
      },
      onChange: (look: () => void) => this.#store.onChange(look),
    };
    for await (const item of readLog(this.#output(id, execId).logFile, options, end, signal)) yield { type: 'output', ...item };
    if (options.follow && !signal.aborted)
      yield { type: 'exit', exitStatus: last?.exitStatus ?? { kind: 'unknown', reason: 'its container was removed' } };
  }
}
