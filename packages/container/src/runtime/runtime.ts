import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import type { TakingBack } from '@bulkhead/cgroup';
import { hasErrno, pidfd_send_signal, Recorder, record, SIGKILL, SIGTERM } from '@bulkhead/kernel';
import {
  type Container,
  type ContainerDetail,
  type ContainerId,
  type ContainerProcess,
  type ContainerSpec,
  cgroupRoot,
  type ExitStatus,
  type LimitChanges,
  Problem,
  type TenantId,
} from '@bulkhead/model';
import type { LauncherClient, LauncherExit } from '../launcher/client.ts';
import type { OutputPlan } from '../launcher/protocol.ts';
import type { ContainerRuntime, ExecRequest, ProcessOutputItem, RuntimeChange, RuntimeOptions } from '../types.ts';
import { initCgroup, initName, killTimeoutMsec, makeCgroupRoot, removeOrphans } from './cgroup-root.ts';
import { LauncherConnection } from './connection.ts';
import { type Ahead, ContainersAhead, closeEntry, lookAt } from './containers-ahead.ts';
import { limitDrift } from './drift.ts';
import { ExecSessions } from './exec.ts';
import { ExitWatch } from './exits.ts';
import { exitCodeOfFailedExec, explainLaunch, explainStorage } from './failure.ts';
import { readHostTemplate } from './host-template.ts';
import { IdRanges, idsPerContainer } from './id-ranges.ts';
import { holdPipes, takeLastWords } from './last-words.ts';
import { logMaxBytes, readLog } from './log-reader.ts';
import { planContainer } from './plan.ts';
import { readProcess } from './processes.ts';
import { readStates, type StoredContainer } from './state-file.ts';
import { ContainerStore, closePipes } from './store.ts';
import { takeUp } from './taking-up.ts';
import { openInput, resizeInput, writeInput } from './terminal-io.ts';
import { type RecordedTranscript, TranscriptBuilder } from './transcript.ts';
import { changedLimits, settingsOf, writeLimits } from './update.ts';

const now = (): string => new Date().toISOString();

/** Makes the runtime of one instance. Call `recover` before any verb. */
export function createContainerRuntime(options: RuntimeOptions): ContainerRuntime {
  return new Runtime(options);
}

class Runtime implements ContainerRuntime {
  readonly #options: RuntimeOptions;
  readonly #store: ContainerStore;
  readonly #launcher: LauncherConnection;
  readonly #exits: ExitWatch;
  readonly #execs: ExecSessions;
  readonly #ahead: ContainersAhead;
  /** Verbs that are under way, so that two on one container come one after the other. */
  readonly #queues = new Map<ContainerId, Promise<unknown>>();
  /** Last readings under way after an exit. */
  readonly #settling = new Map<ContainerId, Promise<void>>();

  constructor(options: RuntimeOptions) {
    this.#options = options;
    this.#store = new ContainerStore(options.paths.containers);
    this.#exits = new ExitWatch(this.#store, (id, exitStatus) => this.#ended(id, exitStatus));
    this.#launcher = new LauncherConnection(
      options.paths.launcherSocket,
      {
        connected: async (client, processes) => {
          this.#exits.end();
          await takeUp(client, processes, {
            store: this.#store,
            output: (id) => this.#output(id),
            ended: (id, exitStatus) => this.#ended(id, exitStatus),
          });
          await this.#execs.takeUp(processes);
          this.#store.tell({ type: 'launcher-back' });
        },
        exited: (exit) => this.#exited(exit),
        lost: () => this.#lostLauncher(),
        renewed: () => this.#ahead.forget(),
      },
      options.renewal,
    );
    this.#ahead = new ContainersAhead({
      ids: new IdRanges(options.instance),
      template: readHostTemplate(),
      launcher: this.#launcher,
      cgroups: options.cgroups,
      cgroupPath: (container) => this.cgroupPath(container),
      idsInUse: () => this.#store.all().map((state) => state.ids.hostId),
    });
    this.#execs = new ExecSessions(options, this.#store, this.#launcher);
  }

  async recover(): Promise<{ finished: string[]; undone: string[] }> {
    mkdirSync(this.#options.paths.containerLogs, { recursive: true, mode: 0o700 });
    makeCgroupRoot(this.#options.cgroups, this.#options.instance);
    const stored = readStates(this.#options.paths.containers);
    for (const { state } of stored) if (state !== undefined) this.#store.load(state);
    await this.#launcher.connect();
    const finished: string[] = [];
    const undone: string[] = [];
    for (const { id, state } of stored) {
      // One that removes itself has nothing written before it does: its end alone says so.
      const removesItself = state?.spec.autoRemove === true && state.container.status === 'stopped';
      if (state?.operation === 'deleting' || removesItself) {
        await this.#remove(id);
        finished.push(id);
      } else if (state === undefined || state.operation === 'creating') {
        await this.#undoCreate(id, state);
        undone.push(id);
      }
    }
    undone.push(...(await removeOrphans(this.#options.cgroups, this.#options.instance, (id) => this.#store.get(id) !== undefined)));
    return { finished, undone };
  }

  #lostLauncher(): void {
    this.#ahead.forget();
    this.#store.tell({ type: 'launcher-lost' });
    this.#exits.begin();
  }

  list(): Container[] {
    return this.#store.all().map((state) => state.container);
  }

  find(reference: string, isVisible: (container: Container) => boolean = () => true): Container | undefined {
    return this.#store.find(reference, isVisible);
  }

  cgroupPath(container: { tenantId: string; id: ContainerId }): string {
    return `${cgroupRoot(this.#options.instance, this.#options.cgroups.delegated)}/${container.tenantId}/${container.id}`;
  }

  inspect(id: ContainerId): ContainerDetail {
    const state = this.#store.need(id);
    const path = this.cgroupPath(state.container);
    const live = state.container.status === 'running' && this.#options.cgroups.exists(path);
    return {
      ...state.container,
      spec: state.spec,
      ...(state.process === undefined ? {} : { process: state.process }),
      cgroupPath: path,
      idMapping: { containerId: 0, hostId: state.ids.hostId, size: state.ids.size },
      namespaces: state.namespaces,
      drift: live ? limitDrift(state.container.limits, this.#options.cgroups.limits(path)) : [],
    };
  }

  #output(id: ContainerId): OutputPlan {
    return { directory: this.#store.directory(id), logFile: `${this.#options.paths.containerLogs}/${id}.log`, logMaxBytes };
  }

  /** Runs a verb after those before it on the same container. */
  async #inTurn<T>(id: ContainerId, verb: () => Promise<T>): Promise<T> {
    const before = this.#queues.get(id) ?? Promise.resolve();
    const turn = before.then(verb, verb);
    const settled = turn.catch(() => undefined);
    this.#queues.set(id, settled);
    try {
      return await turn;
    } finally {
      if (this.#queues.get(id) === settled) this.#queues.delete(id);
    }
  }

  create(spec: ContainerSpec): Promise<{ container: Container; transcript: RecordedTranscript }> {
    return this.#make(spec, false);
  }

  run(spec: ContainerSpec): Promise<{ container: Container; transcript: RecordedTranscript }> {
    return this.#make(spec, true);
  }

  async #make(spec: ContainerSpec, start: boolean): Promise<{ container: Container; transcript: RecordedTranscript }> {
    if (spec.image !== 'host') {
      throw new Problem('not-found', `no image ${spec.image}`, {
        remedy: "the one there is here is `host`: the host's own /usr, read-only",
      });
    }
    const { client } = this.#launcher;
    this.#store.checkName(spec.name);
    const ahead = this.#ahead.take(spec);
    const { id } = ahead;
    const state: StoredContainer = {
      version: 1,
      container: {
        id,
        name: spec.name,
        tenantId: spec.tenantId,
        image: spec.image,
        args: spec.args,
        status: 'creating',
        createdAt: now(),
        limits: spec.limits,
        terminal: spec.terminal,
      },
      spec,
      operation: 'creating',
      ids: { hostId: ahead.hostId, size: idsPerContainer },
      namespaces: [],
      execs: [],
    };
    try {
      this.#store.add(state);
    } catch (failure) {
      this.#ahead.discard(ahead);
      if (ahead.cgroup !== undefined) closeEntry(ahead.cgroup.entry);
      await this.#options.cgroups.remove(this.cgroupPath(state.container), [initName]);
      throw explainStorage(failure, 'the state of a new container');
    }
    return this.#inTurn(id, async () => {
      const transcript = new TranscriptBuilder();
      try {
        const container = await this.#build(client, state, ahead, start, transcript);
        return { container, transcript: transcript.finish() };
      } catch (failure) {
        this.#ahead.discard(ahead);
        this.#ahead.giveUp(spec.tenantId);
        await this.#undoCreate(id, state);
        throw explainStorage(explainLaunch(failure, spec.args[0] as string), 'a new container');
      } finally {
        if (ahead.cgroup !== undefined) closeEntry(ahead.cgroup.entry);
      }
    });
  }

  /** Steps of a create after it was journalled; whoever calls undoes them. */
  async #build(
    client: LauncherClient,
    state: StoredContainer,
    ahead: Ahead,
    start: boolean,
    transcript: TranscriptBuilder,
  ): Promise<Container> {
    const { cgroups, failPoint } = this.#options;
    const { spec } = state;
    const { id } = state.container;
    const path = this.cgroupPath(state.container);
    failPoint('create:journalled');
    if (ahead.cgroup === undefined) {
      const made = new Recorder();
      const entry = record(made, () => {
        cgroups.create(initCgroup(path));
        return cgroups.entry(initCgroup(path));
      });
      ahead.cgroup = { entry, made };
    }
    const { entry, made } = ahead.cgroup;
    record(made, () => cgroups.setLimits(path, spec.limits));
    failPoint('create:cgroup');
    transcript.addRecorded(made);
    const output = this.#output(id);
    writeFileSync(output.logFile, '', { mode: 0o600 });
    const answer = client.ask(
      {
        type: 'create',
        id,
        sandbox: this.#ahead.sandboxOf(ahead),
        plan: planContainer(spec),
        output,
        entry: entry.kind,
        start,
        forgetAtEnd: spec.autoRemove,
      },
      'created',
      entry.kind === 'tasks' ? entry.files : [entry.directory],
    );
    this.#ahead.begin(spec);
    const { message, fds: received } = await answer;
    if (start) this.#ahead.prepareSoon(spec);
    transcript.addEncoded(message.steps);
    if (start) transcript.addLast(execveStep(spec));
    const held = this.#store.held(id);
    held.pidfd = received[0];
    holdPipes(held, '', output.directory);
    failPoint('create:launched');
    const seen = lookAt(message.pid) ?? ahead.seen;
    return this.#store.update(id, {
      operation: undefined,
      ...(seen ?? { namespaces: [] }),
      container: { pid: message.pid, status: start ? 'running' : 'created', ...(start ? { startedAt: now() } : {}) },
    }).container;
  }

  async #undoCreate(id: ContainerId, state: StoredContainer | undefined): Promise<void> {
    const path = state === undefined ? undefined : this.cgroupPath(state.container);
    if (this.#launcher.present) await this.#launcher.client.ask({ type: 'forget', id }, 'done').catch(() => undefined);
    if (path !== undefined && this.#options.cgroups.exists(path)) {
      await this.#options.cgroups.kill(path, killTimeoutMsec);
      // What it used on its way is used: the tenant's counter in the kernel has it too.
      await this.#settle(id);
      await this.#options.cgroups.remove(path);
    }
    this.#removeLogs(id);
    this.#store.remove(id, false);
  }

  #removeLogs(id: ContainerId): void {
    for (const suffix of ['', '.1']) rmSync(`${this.#options.paths.containerLogs}/${id}.log${suffix}`, { force: true });
  }

  start(id: ContainerId): Promise<{ container: Container; transcript: RecordedTranscript }> {
    return this.#inTurn(id, async () => {
      const { container, spec } = this.#store.need(id);
      if (container.status !== 'created')
        throw new Problem('conflict', `container ${container.name} is ${container.status}`, {
          remedy: 'only a created container can be started',
        });
      const transcript = new TranscriptBuilder();
      this.#store.update(id, { operation: 'starting' }, false);
      this.#options.failPoint('start:journalled');
      try {
        const { message } = await this.#launcher.client.ask({ type: 'start', id }, 'started');
        transcript.addEncoded(message.steps);
        transcript.addLast(execveStep(spec));
      } catch (failure) {
        const code = exitCodeOfFailedExec(failure);
        if (this.#store.get(id)?.container.status === 'created') this.#store.update(id, { operation: undefined });
        throw explainLaunch(failure, `${spec.args[0]} (exit code ${code})`);
      }
      this.#options.failPoint('start:told');
      const current = this.#store.need(id).container;
      // A program may have ended already: its exit was told first, and stays.
      const started =
        current.status === 'stopped'
          ? { startedAt: current.startedAt ?? current.finishedAt ?? now() }
          : { status: 'running' as const, startedAt: now() };
      const after = this.#store.update(id, { operation: undefined, container: started });
      this.#ahead.prepareSoon(spec);
      return { container: after.container, transcript: transcript.finish() };
    });
  }

  #exited(exit: LauncherExit): void {
    if (exit.execId !== undefined) this.#execs.exited(exit.id, exit.execId, exit.exitStatus);
    else this.#ended(exit.id, exit.exitStatus);
  }

  /** The first process of a container has ended, and with it all others of its pid namespace. */
  #ended(id: ContainerId, exitStatus: ExitStatus): void {
    const state = this.#store.get(id);
    if (state === undefined || state.container.status === 'stopped') return;
    const held = this.#store.held(id);
    if (this.#launcher.present) closePipes(held, '');
    else takeLastWords(held, '', this.#output(id));
    const oomKills = this.#oomKills(state, exitStatus);
    this.#store.update(id, {
      operation: state.operation === 'deleting' ? 'deleting' : undefined,
      container: {
        status: 'stopped',
        exitStatus,
        finishedAt: now(),
        pid: undefined,
        ...(oomKills === undefined ? {} : { oomKilled: oomKills > 0n }),
      },
    });
    this.#execs.containerEnded(id);
    const removesItself = state.spec.autoRemove && state.operation !== 'deleting';
    // What removes itself is read once more before it goes, which is now: one reading does.
    const settled = removesItself ? Promise.resolve() : this.#settle(id);
    this.#ahead.prepareNow(state.container.tenantId);
    this.#settling.set(id, settled);
    void settled.finally(() => this.#settling.delete(id));
    if (removesItself) {
      void settled.then(() => this.delete(id, true)).catch(() => undefined);
    }
  }

  #oomKills(state: StoredContainer, exitStatus: ExitStatus): bigint | undefined {
    // Without a limit nothing runs against it, and whom the host's own shortage hits ends by a signal: no need to look.
    if (state.spec.limits.memoryMaxBytes === undefined && exitStatus.kind === 'exited') return undefined;
    try {
      using reader = this.#options.cgroups.reader(this.cgroupPath(state.container));
      const { memoryOomKills } = reader.read();
      return memoryOomKills === undefined ? undefined : BigInt(memoryOomKills);
    } catch (failure) {
      if (hasErrno(failure, 'ENOENT', 'ENODEV')) return undefined;
      throw failure;
    }
  }

  /** Makes the last reading durable; tried again until it is, since the cgroup goes only after it. */
  async #settle(id: ContainerId): Promise<void> {
    for (let pauseMsec = 50; this.#store.get(id) !== undefined; pauseMsec = Math.min(pauseMsec * 2, 5000)) {
      try {
        await this.#options.beforeCgroupRemoval(this.inspect(id));
        return;
      } catch {
        await new Promise((resolve) => setTimeout(resolve, pauseMsec));
      }
    }
  }

  update(id: ContainerId, changes: LimitChanges): Promise<{ container: Container; transcript: RecordedTranscript; keys: string[] }> {
    return this.#inTurn(id, async () => {
      const { container, spec } = this.#store.need(id);
      if (container.status !== 'running' && container.status !== 'created')
        throw new Problem('conflict', `container ${container.name} is ${container.status}`, {
          remedy: 'only one that lives has limits to change',
        });
      const transcript = new TranscriptBuilder();
      const recorder = new Recorder();
      const settings = settingsOf(changes);
      const { failPoint, noteLimits } = this.#options;
      const path = this.cgroupPath(container);
      const note = noteLimits === undefined ? {} : { note: (back: readonly TakingBack[]) => noteLimits(`/${path}`, back) };
      writeLimits(path, settings, { recorder, failPoint, ...note });
      transcript.addRecorded(recorder);
      // A crash between the two leaves the kernel with other limits than are asked for: that is shown as drift.
      const limits = changedLimits(container.limits, changes);
      const after = this.#store.update(id, { container: { limits }, spec: { ...spec, limits } });
      return { container: after.container, transcript: transcript.finish(), keys: settings.map(({ key }) => key) };
    });
  }

  async kill(id: ContainerId, signal: number): Promise<{ container: Container; transcript: RecordedTranscript }> {
    const { container } = this.#store.need(id);
    if (container.status !== 'running' && container.status !== 'created')
      throw new Problem('conflict', `container ${container.name} is ${container.status}`, {
        remedy: 'only what is created or running can be sent a signal',
      });
    const transcript = new TranscriptBuilder();
    this.#signal(id, signal, transcript);
    return { container: this.#store.need(id).container, transcript: transcript.finish() };
  }

  #signal(id: ContainerId, signal: number, transcript: TranscriptBuilder): void {
    const pidfd = this.#store.held(id).pidfd;
    if (pidfd === undefined) return;
    const recorder = new Recorder();
    try {
      record(recorder, () => pidfd_send_signal(pidfd, signal));
    } catch (failure) {
      if (!hasErrno(failure, 'ESRCH')) throw failure;
    } finally {
      transcript.addRecorded(recorder);
    }
  }

  async stop(id: ContainerId, timeoutMsec: number): Promise<{ container: Container; transcript: RecordedTranscript }> {
    const { container } = this.#store.need(id);
    const transcript = new TranscriptBuilder();
    if (container.status === 'running' || container.status === 'created') {
      // A first process without a handler ignores SIGTERM (pid_namespaces(7)); a created one has not become its program yet.
      this.#signal(id, container.status === 'created' ? SIGKILL : SIGTERM, transcript);
      if ((await this.wait(id, AbortSignal.timeout(Math.max(1, timeoutMsec)))) === undefined) {
        this.#signal(id, SIGKILL, transcript);
        if ((await this.wait(id, AbortSignal.timeout(killTimeoutMsec))) === undefined) {
          throw new Problem('unavailable', `container ${container.name} did not end within ${killTimeoutMsec / 1000} s of SIGKILL`, {
            remedy: 'a process of it is stuck in the kernel: see its State D in `processes`',
          });
        }
      }
    }
    return { container: this.#store.need(id).container, transcript: transcript.finish() };
  }

  delete(id: ContainerId, force: boolean): Promise<{ transcript: RecordedTranscript }> {
    return this.#inTurn(id, async () => {
      const state = this.#store.get(id);
      const transcript = new TranscriptBuilder();
      if (state === undefined) return { transcript: transcript.finish() };
      const { name, status } = state.container;
      if (status !== 'stopped' && !force)
        throw new Problem('conflict', `container ${name} is ${status}`, { remedy: `stop it first, or force it: ./bulkhead rm -f ${name}` });
      if (status !== 'stopped' || !state.spec.autoRemove) this.#store.update(id, { operation: 'deleting' }, false);
      this.#options.failPoint('delete:journalled');
      if (status !== 'stopped') await this.stop(id, 0);
      this.#options.failPoint('delete:stopped');
      const recorder = new Recorder();
      await this.#remove(id, recorder);
      transcript.addRecorded(recorder);
      return { transcript: transcript.finish() };
    });
  }

  /** What is left of a container after its end: finished here from any step on. */
  async #remove(id: ContainerId, recorder?: Recorder): Promise<void> {
    const state = this.#store.get(id);
    if (state === undefined) return;
    const path = this.cgroupPath(state.container);
    if (state.container.status !== 'stopped') {
      this.#signal(id, SIGKILL, new TranscriptBuilder());
      await this.#options.cgroups.kill(path, killTimeoutMsec);
    }
    await this.#settling.get(id);
    // The launcher forgets by itself what removes itself.
    if (this.#launcher.present && !(state.spec.autoRemove && state.container.status === 'stopped')) {
      const forgotten = this.#launcher.client.ask({ type: 'forget', id }, 'done');
      // What has ended is only struck off a list; what has not is ended by it.
      if (state.container.status === 'stopped') forgotten.catch(() => undefined);
      else await forgotten;
    }
    await this.#execs.forgetAll(id);
    if (this.#options.cgroups.exists(path)) {
      await this.#settle(id);
      this.#options.failPoint('delete:read');
      const started = process.hrtime.bigint();
      await this.#options.cgroups.remove(path, [initName]);
      recorder?.add({ syscall: 'unlinkat', args: `-100, "${path}", 512`, durationNsec: Number(process.hrtime.bigint() - started) });
    }
    this.#options.failPoint('delete:cgroup');
    this.#removeLogs(id);
    this.#store.remove(id, true);
  }

  exec(id: ContainerId, request: ExecRequest): Promise<{ execId: string; transcript: RecordedTranscript }> {
    return this.#execs.start(id, request, this.cgroupPath(this.#store.need(id).container));
  }

  async wait(id: ContainerId, signal: AbortSignal, until: 'stopped' | 'removed' = 'stopped'): Promise<ExitStatus | undefined> {
    const stopped = (): ExitStatus | undefined => {
      const container = this.#store.need(id).container;
      return container.status === 'stopped' ? container.exitStatus : undefined;
    };
    const already = until === 'stopped' ? stopped() : undefined;
    if (already !== undefined || signal.aborted) return already;
    return new Promise((resolve) => {
      const finish = (status: ExitStatus | undefined) => {
        signal.removeEventListener('abort', aborted);
        listening[Symbol.dispose]();
        resolve(status);
      };
      const aborted = () => finish(undefined);
      const listening = this.onChange((change) => {
        const reached = change.type === 'removed' || (change.type === 'changed' && until === 'stopped');
        if (reached && change.container.id === id && change.container.status === 'stopped') finish(change.container.exitStatus);
      });
      signal.addEventListener('abort', aborted);
    });
  }

  processes(id: ContainerId): ContainerProcess[] {
    const { container, ids } = this.#store.need(id);
    if (container.status !== 'running') return [];
    const mapping = { containerId: 0, hostId: ids.hostId, size: ids.size };
    return this.#options.cgroups
      .processes(this.cgroupPath(container))
      .map((pid) => readProcess(pid, mapping))
      .filter((process) => process !== undefined);
  }

  async *output(
    id: ContainerId,
    options: { execId?: string | undefined; follow: boolean; tailLines?: number | undefined },
    signal: AbortSignal,
  ): AsyncGenerator<ProcessOutputItem> {
    if (options.execId !== undefined) {
      yield* this.#execs.output(id, options.execId, options, signal);
      return;
    }
    let last = this.#store.need(id).container;
    const end = {
      reached: () => last.status === 'stopped',
      onChange: (look: () => void) =>
        this.onChange((change) => {
          if ((change.type !== 'changed' && change.type !== 'removed') || change.container.id !== id) return;
          last = change.container;
          look();
        }),
    };
    for await (const item of readLog(this.#output(id).logFile, options, end, signal)) yield { type: 'output', ...item };
    if (options.follow && last.exitStatus !== undefined && !signal.aborted) yield { type: 'exit', exitStatus: last.exitStatus };
  }

  async input(id: ContainerId, execId: string | undefined, data: Buffer, end: boolean): Promise<void> {
    const name = { id, ...(execId === undefined ? {} : { execId }) };
    await writeInput(await this.#input(name), this.#launcher.client, name, data, end);
  }

  async #input(name: { id: string; execId?: string }) {
    const { inputs } = this.#store.held(this.#store.need(name.id).container.id);
    const key = name.execId ?? '';
    let input = inputs.get(key);
    if (input === undefined) {
      input = await openInput(this.#launcher.client, name);
      inputs.set(key, input);
    }
    return input;
  }

  async resize(id: ContainerId, execId: string | undefined, size: { columns: number; rows: number }): Promise<void> {
    resizeInput(await this.#input({ id, ...(execId === undefined ? {} : { execId }) }), size);
  }

  async leaveTenant(tenantId: TenantId): Promise<void> {
    await this.#ahead.forgetTenant(tenantId);
    const path = `${cgroupRoot(this.#options.instance, this.#options.cgroups.delegated)}/${tenantId}`;
    // Looked at and removed in one go: no container can be made in between.
    if (this.#options.cgroups.exists(path) && this.#options.cgroups.children(path).length === 0) await this.#options.cgroups.remove(path);
  }

  onChange(listener: (change: RuntimeChange) => void): Disposable {
    return this.#store.onChange(listener);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.allSettled([...this.#queues.values(), ...this.#settling.values()]);
    this.#exits.end();
    this.#ahead.forget();
    this.#launcher[Symbol.dispose]();
  }
}

const execveStep = (spec: ContainerSpec) => ({
  syscall: 'execve',
  args: spec.args.map((arg) => JSON.stringify(arg)).join(', '),
  durationNsec: 0,
});
