import { mkdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Cgroups, CpuSums, HostCgroupControl, openHierarchies, readEndFacts } from '@bulkhead/cgroup';
import {
  type ContainerRuntime,
  type FailPoint,
  type LauncherProgram,
  noFailPoint,
  Renewal,
  type RenewalOutcome,
  type RuntimeOptions,
} from '@bulkhead/container';
import { cgroupRoot, defaultRetention, instancePaths, instanceUsers, Problem, type ServiceConfig } from '@bulkhead/model';
import { doctorText } from '@bulkhead/model/doctor-text';
import { ContainerNames } from '@bulkhead/namespace';
import { createAuthenticate } from './authorisation/authenticate.ts';
import { PolicyGate, readPolicy } from './authorisation/policy.ts';
import { RefusalLog } from './authorisation/refusal-log.ts';
import { SeenStatements } from './authorisation/seen-statements.ts';
import { Verifier } from './authorisation/verify-keys.ts';
import { CgroupConfigs } from './cgroup/cgroup-configs.ts';
import { CgroupVerbs } from './cgroup/cgroup-verbs.ts';
import { ChangeNote } from './cgroup/change-note.ts';
import { GroupEvents } from './cgroup/group-events.ts';
import { HostCgroups } from './cgroup/host-cgroups.ts';
import { makerOf } from './cgroup/maker-of.ts';
import { SettingAuthors } from './cgroup/setting-authors.ts';
import { ToldCounts } from './cgroup/told-counts.ts';
import { vitalOf } from './cgroup/vital-groups.ts';
import { ContainerHistory } from './container/history.ts';
import { PostMortems } from './container/post-mortems.ts';
import { EventLog } from './event/event-log.ts';
import { HostFacts } from './host/host-facts.ts';
import { ServiceProcesses } from './host/service-processes.ts';
import { Journal } from './journal/journal.ts';
import { LabControl } from './lab/control.ts';
import { Labs } from './lab/labs.ts';
import { explain, type Log } from './log.ts';
import { NamespaceView } from './namespace/namespace-view.ts';
import { createAgentRouter } from './router/index.ts';
import { readCgroupSums } from './sampler/cgroup-sums.ts';
import { now } from './sampler/clock.ts';
import { GroupMeters } from './sampler/group-meters.ts';
import { KeptIntegralsFile } from './sampler/kept-integrals.ts';
import { Sampler } from './sampler/sampler.ts';
import { groupId } from './server/group.ts';
import { serve } from './server/server.ts';

const firstRetryMsec = 100;
const lastRetryMsec = 5000;
const compactEveryMsec = 1000;

export interface AgentOptions {
  config: ServiceConfig;
  bootId: string;
  cgroups: Cgroups;
  createRuntime(options: Omit<RuntimeOptions, 'failPoint'>): ContainerRuntime;
  /** Where packages are: a checkout, or a version of the program. */
  programDirectory: string;
  /** What the launcher is to run; absent: whatever it runs. */
  launcher?: LauncherProgram;
  /** For tests that end the process at a named moment of what is done to cgroups. */
  failPoint?: FailPoint;
  log: Log;
}

/** A running agent. Disposed, it leaves all containers as they are. */
export interface Agent extends AsyncDisposable {
  readonly socketPath: string;
  /** Resolves once the containers of the life before are taken up. */
  readonly recovered: Promise<void>;
}

/**
 * Puts the agent together and serves. The host's facts are answered at once, containers as soon as the launcher
 * answers; until then they are `unavailable`.
 */
export async function startAgent({
  config,
  bootId,
  cgroups,
  createRuntime,
  launcher,
  programDirectory,
  failPoint = noFailPoint,
  log,
}: AgentOptions): Promise<Agent> {
  const { hostId, instance } = config;
  const paths = instancePaths(config.stateDirectory, instance);
  const own = { instance, cgroupPath: `/${cgroupRoot(instance, cgroups.delegated)}` };
  const liveSeconds = (config.retention ?? defaultRetention).liveMinutes * 60;
  const policy = new PolicyGate(readPolicy(paths.policyFile), paths.policyFile);
  const verifier = config.verifyKeysFile === undefined ? new Verifier([]) : Verifier.fromFile(config.verifyKeysFile);
  mkdirSync(paths.agentState, { recursive: true, mode: 0o700 });

  let ready = false;
  await using parts = new AsyncDisposableStack();
  let journalTrouble: string | undefined;
  let clockSteps = 0;
  const journal = parts.use(
    new Journal({
      path: `${paths.agentState}/journal.sqlite`,
      onTrouble(failure) {
        journalTrouble = failure === undefined ? undefined : explain(failure);
        if (failure === undefined) log.info('the journal can be written again');
        else log.error({ error: explain(failure) }, 'the journal cannot be written, trying again; containers go on');
      },
    }),
  );
  const compacting = setInterval(() => journal.compact(), compactEveryMsec);
  parts.defer(() => clearInterval(compacting));
  const seen = parts.use(new SeenStatements({ path: `${paths.agentState}/statements.sqlite`, bootId, clock: now }));
  const events: EventLog = new EventLog(hostId, journal, (event) => {
    postMortems.observe(event);
    groupEvents.observe(event);
  });
  parts.defer(() => events.live.close());
  const containerName = (id: string): string | undefined => (ready ? runtime.find(id)?.name : undefined);
  const processes = new ServiceProcesses(paths);
  const names = new ContainerNames();
  const hierarchies = parts.use(openHierarchies());
  const groupEvents = parts.use(
    new GroupEvents({
      hierarchies,
      events,
      told: new ToldCounts(`${paths.run}/agent/told-counts.json`, bootId),
      container: (id) => runtime.find(id),
      log,
    }),
  );
  const postMortems = new PostMortems({
    hostId,
    journal,
    cgroupPath: (container) => runtime.cgroupPath(container),
    endFacts: (path) => readEndFacts(hierarchies, cgroups, path),
    witnessed: (path) => groupEvents.witnessed(path),
    cgroupVersion: cgroups.setup === 'unified' ? 2 : 1,
  });
  const hostCgroups = parts.use(
    new HostCgroups({
      hostId,
      liveSeconds,
      journal,
      ownPath: own.cgroupPath,
      makerOf: (path) => makerOf(path, own),
      named: (maker) => names.named(maker),
      containerName,
      groupEvents,
      hierarchies,
      log,
    }),
  );
  const changeNote = new ChangeNote(`${paths.run}/agent/cgroup-change.json`);
  const cgroupVerbs = new CgroupVerbs({
    control: parts.use(new HostCgroupControl()),
    policy,
    events,
    authors: new SettingAuthors(`${paths.run}/agent/cgroup-authors.json`),
    note: changeNote,
    failPoint,
    makerOf(path) {
      const maker = makerOf(path, own);
      const name = maker.containerId === undefined ? undefined : containerName(maker.containerId);
      return name === undefined ? maker : { ...maker, name };
    },
    use(path) {
      const use = hostCgroups.use(path);
      return use === undefined ? undefined : { memoryBytes: use.memoryBytes, pids: use.pids, cpuMillis: use.cpuMillis };
    },
    container(path) {
      const { containerId } = makerOf(path, own);
      const container = ready && containerId !== undefined ? runtime.find(containerId) : undefined;
      return container !== undefined && `/${runtime.cgroupPath(container)}` === path ? container : undefined;
    },
    vital: () =>
      vitalOf({
        paths,
        processes,
        ownPath: own.cgroupPath,
        containers: () =>
          ready
            ? runtime
                .list()
                .filter(({ status }) => status !== 'stopped')
                .map((container) => ({ name: container.name, path: `/${runtime.cgroupPath(container)}` }))
            : [],
      }),
  });
  const cpuSums = new CpuSums(hierarchies);
  const groupMeters = parts.use(new GroupMeters({ hostId, bootId, cgroups, file: `${paths.agentState}/metered-groups.json`, log }));
  const sampler: Sampler = parts.use(
    new Sampler({
      hostId,
      bootId,
      cgroups,
      journal,
      liveSeconds,
      kept: new KeptIntegralsFile(`${paths.run}/agent/integrals.json`, bootId),
      cgroupPath: (container) => runtime.cgroupPath(container),
      onReading: (path, reading) => hostCgroups.feed(path, reading),
      groups: groupMeters,
      readSums: (moment) => readCgroupSums({ hostId, bootId, counters: cpuSums, instancePath: own.cgroupPath.slice(1) }, moment),
      onFinal: (container, reading, isWhole) => postMortems.seal(container, reading, isWhole),
      onClockStep(msec) {
        clockSteps += 1;
        log.warn({ msec }, 'the wall clock was set');
        void events.record('host.clock-stepped', { detail: { msec } });
      },
      log,
    }),
  );
  const renewal = launcher === undefined ? undefined : new Renewal(launcher, tellRenewal);
  const runtime = parts.use(
    createRuntime({
      instance,
      paths,
      bootId,
      cgroups,
      ...(renewal === undefined ? {} : { renewal }),
      noteLimits: (path, back) => changeNote.keep({ path, back }),
      beforeCgroupRemoval: (container) => sampler.finish(container),
    }),
  );
  const history = new ContainerHistory({
    journal,
    events,
    sampler,
    ended: (container) => {
      const path = runtime.cgroupPath(container);
      // One that was killed within its first second may not have been met yet, nor the group below it that counts the kill.
      if (container.oomKilled === true) hostCgroups.meet(path);
      return groupEvents.ended(path, container.id);
    },
    forgotten: (container) => postMortems.forget(container),
  });
  parts.defer(() => history.live.close());
  const namespaces = parts.use(new NamespaceView({ own, containerName, named: (maker) => names.named(maker), log }));
  const cgroupConfigs = new CgroupConfigs({
    directory: paths.cgroupConfigs,
    stateFile: `${paths.agentState}/cgroup-configs.json`,
    bootId,
    look: (caller, deed) => cgroupVerbs.look(caller, deed),
    noteAuthor: (path, keys, subject) => cgroupVerbs.noteAuthor(path, keys, subject),
    failPoint,
  });

  const labs = parts.use(
    new Labs({
      cgroups,
      control: new LabControl(new HostCgroupControl(hierarchies), hierarchies),
      events,
      history,
      runtime: () => readyRuntime(),
      log,
    }),
  );

  const host = new HostFacts({
    config,
    paths,
    programDirectory,
    clockSteps: () => clockSteps,
    bootId,
    cgroups,
    processes,
    journalBytes: () => journal.sizeBytes,
    troubles: () => [
      ...(journalTrouble === undefined ? [] : [doctorText('service.trouble.journal', { why: journalTrouble, dropped: journal.dropped })]),
      ...(journal.overflowing ? [doctorText('service.trouble.uncollected')] : []),
      ...(renewal?.trouble === undefined ? [] : [doctorText('service.trouble.launcher-build', { why: renewal.trouble })]),
      ...cgroupConfigs.troubles(),
      ...(ready && !history.launcherLost ? [] : [doctorText('service.trouble.launcher-lost')]),
    ],
  });
  const router = createAgentRouter(
    {
      runtime: readyRuntime,
      sampler,
      groupMeters,
      journal,
      events,
      history,
      postMortems,
      policy,
      host,
      hostCgroups,
      cgroupVerbs,
      cgroupConfigs,
      namespaces,
      labs,
    },
    {
      authenticate: createAuthenticate({ hostId, verifier, seen, clock: now }),
      onFailure: ({ path, error, reference, caller }) => {
        const { cause } = error;
        const problem = cause instanceof Problem ? cause.code : error.code;
        const line = { path, problem, reference, subject: caller?.subject.id, error: explain(error) };
        if (problem === 'internal' || problem === 'INTERNAL_SERVER_ERROR') log.error({ ...line, stack: stackOf(error) }, 'a call failed');
        else log.info(line, 'a call was refused');
        if (problem === 'unauthenticated' || problem === 'forbidden') refusals.note(path, error.message, caller);
      },
    },
  );
  const refusals = new RefusalLog(events);
  parts.use(await serve({ router, socketPath: paths.agentSocket, gid: groupId(instanceUsers(instance).group) }));
  hostCgroups.start();
  takeBackInterrupted();
  applyKeptConfigs();
  void events.record('agent.started', { detail: { version: config.version, pid: process.pid } });
  log.info({ hostId, instance, version: config.version, socket: paths.agentSocket, cgroups: cgroups.setup }, 'agent serves');

  const stopping = new AbortController();
  const recovered = recover();
  const running = parts.move();
  return {
    socketPath: paths.agentSocket,
    recovered,
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await recovered.catch(() => undefined);
      if (ready)
        await Promise.race([sampler.flush(), sleep(2000)]).catch((failure) => log.error({ error: explain(failure) }, 'no last readings'));
      await running.disposeAsync();
    },
  };

  /** A change of several files that the life before was killed in the midst of. */
  function takeBackInterrupted(): void {
    const found = cgroupVerbs.takeBackInterrupted(hierarchies);
    if (found?.left.length === 0)
      log.warn({ path: found.path }, 'a change of a cgroup was cut short by the death of the agent: taken back');
    else if (found !== undefined) log.error(found, 'a change of a cgroup was cut short by the death of the agent: not all is taken back');
  }

  /** After a boot the host's cgroups are as the kernel makes them: what is kept is made again. */
  function applyKeptConfigs(): void {
    for (const { name, problem, transcript } of cgroupConfigs.applyKept()) {
      if (problem === undefined) log.info({ name }, 'the cgroup configuration is in force');
      else log.error({ name, error: explain(problem) }, 'the cgroup configuration could not be applied');
      void events.record(problem === undefined ? 'cgroup.config-applied' : 'cgroup.config-failed', {
        detail: { name, ...(problem === undefined ? {} : { error: problem.message.slice(0, 1000) }) },
        transcript,
      });
    }
  }

  function readyRuntime(): ContainerRuntime {
    if (ready) return runtime;
    throw new Problem('unavailable', 'the agent does not know its containers yet', {
      remedy: 'it waits for the launcher: try again in a second, or see ./bulkhead service logs launcher',
    });
  }

  function tellRenewal(outcome: RenewalOutcome): void {
    const { type, ...detail } = outcome;
    if (type === 'failed') {
      log.warn(detail, 'the launcher could not be replaced, it goes on with the program it has');
      return;
    }
    log.info(detail, 'the launcher runs the program of this agent now');
    void events.record('launcher.upgraded', { detail });
  }

  /** Containers that ended just before the life before did: what is known of them is still to be written. */
  function sealLeft(): void {
    for (const container of runtime.list())
      if (container.status === 'stopped' && postMortems.find(container.id) === undefined)
        sampler.finish(container).catch((failure) => log.error({ container: container.id, error: explain(failure) }, 'no card of its end'));
  }

  /** Takes up what the life before left, again and again until the launcher answers. */
  async function recover(): Promise<void> {
    for (let waitMsec = firstRetryMsec; !stopping.signal.aborted; waitMsec = Math.min(waitMsec * 2, lastRetryMsec)) {
      try {
        const { finished, undone } = await runtime.recover();
        history.reconcile(runtime);
        runtime.onChange((change) => history.observe(change));
        sampler.start();
        ready = true;
        groupEvents.ready();
        sealLeft();
        if (finished.length + undone.length > 0)
          void events.record('agent.recovered', { detail: { finished: finished.length, undone: undone.length } });
        log.info({ containers: runtime.list().length, finished, undone }, 'containers taken up');
        await labs.removeLeft();
        return;
      } catch (failure) {
        const away = failure instanceof Problem && failure.code === 'unavailable';
        log[away ? 'warn' : 'error']({ error: explain(failure), againInMsec: waitMsec }, 'containers cannot be taken up yet');
        await sleep(waitMsec, undefined, { signal: stopping.signal }).catch(() => undefined);
      }
    }
  }
}

function stackOf(failure: unknown): string | undefined {
  for (let each = failure; each instanceof Error; each = each.cause) if (!(each.cause instanceof Error)) return each.stack;
  return undefined;
}
