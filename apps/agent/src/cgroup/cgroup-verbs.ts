import { readFileSync } from 'node:fs';
import type { Caller, CgroupDone, CgroupPlanned } from '@bulkhead/api';
import {
  blockDevices,
  type CgroupControl,
  type Hierarchies,
  membershipsOf,
  type OwnedChange,
  ownershipOf,
  PreparedPlan,
  takeBackAll,
  type UseNow,
} from '@bulkhead/cgroup';
import { type FailPoint, TranscriptBuilder } from '@bulkhead/container';
import { Recorder, record } from '@bulkhead/kernel';
import {
  type BlockDevice,
  type CgroupHierarchy,
  type CgroupOwnership,
  type CgroupProcess,
  type CgroupSettingAuthor,
  type CgroupSettingChange,
  type CgroupSettingState,
  type CgroupVerb,
  cgroupText,
  type EventKind,
  type HostEvent,
  type Maker,
  Problem,
  type Subject,
  tellCgroup,
} from '@bulkhead/model';
import type { PolicyGate } from '../authorisation/policy.ts';
import type { EventFacts, EventLog } from '../event/event-log.ts';
import type { ChangeNote } from './change-note.ts';
import { readGroupProcesses } from './group-processes.ts';
import type { SettingAuthors } from './setting-authors.ts';
import type { Vital } from './vital-groups.ts';

export interface CgroupVerbsOptions {
  control: CgroupControl;
  policy: PolicyGate;
  events: Pick<EventLog, 'record'>;
  authors: SettingAuthors;
  makerOf(path: string): Maker;
  /** What is measured of a group; undefined where it is not known (yet). */
  use(path: string): UseNow | undefined;
  vital(): Vital;
  /** The change that is under way. */
  note: ChangeNote;
  failPoint: FailPoint;
  /** The container whose own group this is; a group below it is not. */
  container(path: string): EventFacts['container'];
}

/** Something that is to be done to a group. */
export interface Deed {
  verb: CgroupVerb;
  path: string;
  changes?: readonly OwnedChange[];
  pids?: readonly number[];
}

/** What a person said to it. */
interface Consent {
  confirmed: boolean;
  force: boolean;
}

const events: Record<CgroupVerb, EventKind> = {
  set: 'cgroup.set',
  create: 'cgroup.created',
  remove: 'cgroup.removed',
  move: 'cgroup.moved',
  freeze: 'cgroup.frozen',
  thaw: 'cgroup.thawed',
  kill: 'cgroup.killed',
};

/** Facts of an event are small: a list of devices is told by how long it is. */
const shortened = (value: string): string => (value.length <= 200 ? value : `${value.slice(0, 199)}…`);

/** Processes whose owner is looked for, at most. */
const mostSources = 1000;
/** Whose processes are nobody's to keep together; those of systemd's scopes others started. */
const unownedRuntimes: ReadonlySet<Maker['runtime']> = new Set(['plain', 'kernel', 'bulkhead', 'browser', 'bubblewrap']);

const parentOf = (path: string): string => path.slice(0, path.lastIndexOf('/')) || '/';

function ownerOf({ runtime, name }: Maker): string {
  return runtime === 'plain' ? 'nobody we know of' : name === runtime ? runtime : `${runtime} (${name})`;
}

/** What is done to cgroups on somebody's behalf: judged, done, and recorded with who asked and every step. */
export class CgroupVerbs {
  readonly #options: CgroupVerbsOptions;

  constructor(options: CgroupVerbsOptions) {
    this.#options = options;
  }

  controllers(): { hierarchies: CgroupHierarchy[]; unmounted: string[] } {
    const hierarchies = this.#options.control.hierarchies();
    // Lines of /proc/cgroups: name, hierarchy, number of groups, whether it is enabled (cgroups(7)).
    const known = readFileSync('/proc/cgroups', 'utf8')
      .split('\n')
      .filter((line) => /^\w/.test(line) && line.endsWith('1'))
      .map((line) => line.split('\t')[0] as string);
    const unifiedName = (name: string): string => (name === 'blkio' ? 'io' : name);
    const isMounted = (name: string): boolean =>
      hierarchies.some(({ controllers }) => controllers.includes(name) || controllers.includes(unifiedName(name)));
    // On v2 the CPU time is counted with cpu, and freezing and devices are of every group.
    const isOfCore = (name: string): boolean =>
      hierarchies.every(({ version }) => version === 2) && ['cpuacct', 'freezer', 'devices'].includes(name);
    return { hierarchies, unmounted: known.filter((name) => !isMounted(name) && !isOfCore(name)) };
  }

  settings(path: string): { settings: CgroupSettingState[]; authors: CgroupSettingAuthor[]; devices: BlockDevice[] } {
    const { control, authors } = this.#options;
    return { settings: control.settings(path), authors: authors.of(path, control.incarnation(path)), devices: blockDevices() };
  }

  /** Processes of a group, and with `below` of those below it. */
  processes(path: string, below: boolean): Promise<{ processes: CgroupProcess[]; count: number }> {
    const { control, makerOf } = this.#options;
    return readGroupProcesses(path, below, { pidsOf: (of, andBelow) => control.processes(of, andBelow), makerOf });
  }

  /** Remembers who set limits of a container through its own verbs. */
  noteAuthor(path: string, keys: readonly string[], subject: Subject): void {
    const { control, authors } = this.#options;
    authors.note(path, control.incarnation(path), keys, subject);
  }

  #ownership({ verb, path, changes = [], pids = [] }: Deed): CgroupOwnership {
    const { makerOf, use, vital } = this.#options;
    // Who has the group above owns what is made in it.
    const maker = makerOf(verb === 'create' ? parentOf(path) : path);
    const { groups, pids: vitalPids, residentBytes } = vital();
    const now = use(path) ?? {};
    const memoryBytes = now.memoryBytes === undefined ? undefined : Math.max(now.memoryBytes, residentBytes(path));
    const ownership = ownershipOf({ maker, path, verb, changes, vital: groups, use: { ...now, memoryBytes }, pids, vitalPids });
    if (verb === 'move') this.#considerSources(ownership, pids);
    return ownership;
  }

  /** Processes that are moved are taken from somebody: from a container, or from a service that systemd keeps by its group. */
  #considerSources(ownership: CgroupOwnership, pids: readonly number[]): void {
    const { protections, protectionsTold = [] } = ownership;
    for (const pid of pids.slice(0, mostSources))
      for (const { path } of membershipsOf(pid) ?? []) {
        const { runtime, name, containerId, externalId = '' } = this.#options.makerOf(`/${path}`);
        if (containerId !== undefined) {
          const told = cgroupText('protected.taken', { pid, name });
          if (protections.includes(tellCgroup(told, 'en'))) continue;
          protections.push(tellCgroup(told, 'en'));
          protectionsTold.push(told);
        } else if (runtime === 'systemd' ? externalId.endsWith('.service') : !unownedRuntimes.has(runtime)) ownership.confirm = true;
      }
  }

  /** What stands against it, whatever is confirmed; undefined where it may be done. */
  #refusal(caller: Caller, deed: Deed, ownership: CgroupOwnership, force: boolean): Problem | undefined {
    const forbidden = this.#options.policy.refusesCgroup(caller, deed.verb, deed.changes ?? [], ownership.foreign);
    if (forbidden !== undefined) return forbidden;
    if (ownership.protections.length === 0 || (force && caller.role === 'local-root')) return undefined;
    const { protections, protectionsTold = [] } = ownership;
    const remedy = cgroupText(caller.role === 'local-root' ? 'protected.remedy.root' : 'protected.remedy');
    return new Problem('forbidden', protections.join(' '), {
      remedy: tellCgroup(remedy, 'en'),
      told: { what: { code: 'several', values: { sentences: protectionsTold } }, remedy },
    });
  }

  /** Whose the group of a deed is, and what stands against it: for what does several at once. */
  look(caller: Caller, deed: Deed): { ownership: CgroupOwnership; refusal?: Problem } {
    const ownership = this.#ownership(deed);
    const refusal = this.#refusal(caller, deed, ownership, false);
    return { ownership, ...(refusal === undefined ? {} : { refusal }) };
  }

  #judge(caller: Caller, deed: Deed, { confirmed, force }: Consent): CgroupOwnership {
    const ownership = this.#ownership(deed);
    const refusal = this.#refusal(caller, deed, ownership, force);
    if (refusal !== undefined) throw refusal;
    if (ownership.confirm && !confirmed) {
      const { command, overwritten, maker } = ownership;
      throw new Problem(
        'conflict',
        [
          `${deed.path} belongs to ${ownerOf(maker)}, and nothing was confirmed.`,
          ...(overwritten === undefined ? [] : [overwritten]),
          ...(command === undefined ? [] : [`Its owner's own command is: ${command}`]),
        ].join(' '),
        {
          remedy: tellCgroup(cgroupText('unconfirmed.remedy'), 'en'),
          told: {
            what: cgroupText('unconfirmed', { path: deed.path, owner: ownerOf(maker) }),
            remedy: cgroupText('unconfirmed.remedy'),
          },
        },
      );
    }
    return ownership;
  }

  /** What a deed would do, whose group it is, and whether it would be let through. */
  plan(
    caller: Caller,
    input: { path: string; verb: CgroupVerb; changes: CgroupSettingChange[]; pids: number[]; enableControllers: boolean },
  ): CgroupPlanned {
    const { path, verb, changes, pids, enableControllers } = input;
    const plan = verb === 'set' ? this.#options.control.plan(path, changes, { enableControllers }) : new PreparedPlan(path, [], [], []);
    if (verb !== 'set' && verb !== 'create') this.#options.control.incarnation(path);
    const deed = { verb, path, changes: plan.changes, pids };
    const ownership = this.#ownership(deed);
    const refusal = this.#refusal(caller, deed, ownership, false);
    const { steps, warnings, warningsTold } = plan;
    return {
      plan: { path, steps, warnings, warningsTold },
      ownership,
      ...(refusal === undefined ? {} : { refusal: refusal.message, refusalTold: refusal.told }),
    };
  }

  /** Takes back what an agent was killed in the midst of, and tells of it in the name of who had asked for it. */
  takeBackInterrupted({ all: hierarchies }: Hierarchies): { path: string; left: string[] } | undefined {
    const { note, events: log } = this.#options;
    const noted = note.find();
    if (noted === undefined) return undefined;
    const { path, subject, back } = noted;
    const transcript = new TranscriptBuilder();
    const recorder = new Recorder();
    const left = record(recorder, () => takeBackAll(back, hierarchies));
    note.forget();
    transcript.addRecorded(recorder);
    const outcome = left.length === 0 ? 'what was written is put back' : `put back is all but: ${left.join('; ')}`;
    const failed = shortened(`the agent ended in the midst of it; ${outcome}`);
    void log.record('cgroup.set', { cgroupPath: path, subject, detail: { path, failed }, transcript: transcript.finish() });
    return { path, left };
  }

  /** Judges, does and records. What failed is recorded as well, where something had been done by then. */
  async #perform(
    caller: Caller,
    deed: Deed,
    consent: Consent,
    detail: HostEvent['detail'],
    act: (recorder: Recorder, facts: HostEvent['detail']) => void | Promise<void>,
  ): Promise<CgroupDone> {
    const ownership = this.#judge(caller, deed, consent);
    const transcript = new TranscriptBuilder();
    const recorder = new Recorder();
    const facts: HostEvent['detail'] = { path: deed.path, ...(ownership.protections.length > 0 ? { forced: true } : {}), ...detail };
    const tell = () => {
      transcript.addRecorded(recorder);
      const finished = transcript.finish();
      // Whose limits were changed has it among the events, and on the card of the end.
      const container = deed.verb === 'set' ? this.#options.container(deed.path) : undefined;
      const told = this.#options.events.record(events[deed.verb], {
        ...(container === undefined ? {} : { container }),
        cgroupPath: deed.path,
        subject: caller.subject,
        detail: facts,
        transcript: finished,
      });
      return { told, finished };
    };
    try {
      await act(recorder, facts);
      const { told, finished } = tell();
      await told;
      return { ownership, transcript: finished.read() };
    } catch (failure) {
      if (recorder.steps.length > 0) {
        facts.failed = failure instanceof Problem ? shortened(failure.message) : 'internal error';
        await tell().told;
      }
      throw failure;
    }
  }

  async set(
    caller: Caller,
    input: Consent & { path: string; changes: CgroupSettingChange[]; enableControllers: boolean },
  ): Promise<CgroupDone> {
    const { control, authors, note, failPoint } = this.#options;
    const { path, changes, enableControllers } = input;
    const plan = control.plan(path, changes, { enableControllers });
    const detail = Object.fromEntries(plan.changes.map(({ key, value }) => [key, shortened(value)]));
    return this.#perform(caller, { verb: 'set', path, changes: plan.changes }, input, detail, (recorder) => {
      control.apply(plan, { recorder, failPoint, note: (back) => note.keep({ path, subject: caller.subject, back }) });
      const written = new Set(plan.steps.flatMap(({ key }) => (key === undefined ? [] : [key])));
      // What was so already nobody set.
      if (written.size > 0) authors.note(path, control.incarnation(path), [...written], caller.subject);
    });
  }

  create(caller: Caller, input: Consent & { path: string; controllers?: Parameters<CgroupControl['create']>[1] }): Promise<CgroupDone> {
    const { path, controllers } = input;
    const detail = controllers === undefined ? {} : { controllers: controllers.join(',') };
    return this.#perform(caller, { verb: 'create', path }, input, detail, (recorder) =>
      this.#options.control.create(path, controllers, { recorder }),
    );
  }

  remove(caller: Caller, input: Consent & { path: string; recursive: boolean }): Promise<CgroupDone> {
    const { path, recursive } = input;
    return this.#perform(caller, { verb: 'remove', path }, input, { recursive }, (recorder) =>
      this.#options.control.remove(path, { recursive, recorder }),
    );
  }

  move(
    caller: Caller,
    input: Consent & { path: string; pids: number[]; threads: boolean; controllers?: Parameters<CgroupControl['create']>[1] },
  ): Promise<CgroupDone> {
    const { path, pids, threads, controllers } = input;
    const detail = {
      count: pids.length,
      pids: shortened(pids.join(',')),
      ...(controllers === undefined ? {} : { controllers: controllers.join(',') }),
    };
    return this.#perform(caller, { verb: 'move', path, pids }, input, detail, (recorder) =>
      this.#options.control.move(path, pids, { threads, recorder, ...(controllers === undefined ? {} : { controllers }) }),
    );
  }

  freeze(caller: Caller, input: Consent & { path: string }): Promise<CgroupDone> {
    return this.#perform(caller, { verb: 'freeze', path: input.path }, input, {}, (recorder) =>
      this.#options.control.freeze(input.path, { recorder }),
    );
  }

  thaw(caller: Caller, input: Consent & { path: string }): Promise<CgroupDone> {
    return this.#perform(caller, { verb: 'thaw', path: input.path }, input, {}, (recorder) =>
      this.#options.control.thaw(input.path, { recorder }),
    );
  }

  kill(caller: Caller, input: Consent & { path: string }): Promise<CgroupDone> {
    return this.#perform(caller, { verb: 'kill', path: input.path }, input, {}, async (recorder, facts) => {
      facts.processes = await this.#options.control.kill(input.path, { recorder });
    });
  }
}
