import type { Caller } from '@bulkhead/api';
import {
  type AppliedConfig,
  applyConfig,
  ConfigError,
  type ConfigPlan,
  changesOf,
  describeStep,
  expandTemplate,
  exportConfig,
  intentOfTemplate,
  isTemplatePath,
  MountedHost,
  type Place,
  planConfig,
  planIntent,
  takeBackAll,
  takingBackOfConfig,
  toPreview,
  toUnreadable,
  type UndoneConfig,
  undoConfig,
} from '@bulkhead/cgroup';
import { type FailPoint, type RecordedTranscript, TranscriptBuilder } from '@bulkhead/container';
import { type CgroupConfigEntry, type CgroupConfigPreview, type DoctorText, Problem, type Subject } from '@bulkhead/model';
import { doctorText } from '@bulkhead/model/doctor-text';
import { byPath, firstOfEachParent, intended, mergeApplied, settingsRestored, settingsWritten } from './applied-config.ts';
import type { CgroupVerbs, Deed } from './cgroup-verbs.ts';
import { ConfigStore, hashOf, type KnownState, type PendingState } from './config-store.ts';
import { accounts, processSubject, templatesOf } from './config-templates.ts';
import { RecordedSections } from './recorded-sections.ts';

export interface CgroupConfigsOptions {
  /** Where texts are: `/etc/bulkhead/<instance>/cgconfig.d`. */
  directory: string;
  stateFile: string;
  bootId: string;
  /** Whose the group of a deed is, and what stands against it. */
  look: CgroupVerbs['look'];
  /** Remembers who set what of a group. */
  noteAuthor: CgroupVerbs['noteAuthor'];
  failPoint: FailPoint;
}

const keptReasons = ({ kept }: UndoneConfig): { path: string; reason: string }[] =>
  kept.map(({ path, controller, file, reason }) => ({ path, reason: `${file ?? controller}: ${reason}` }));

/** What a fault of a text is to whoever asked for it to be applied. */
function faultProblem(faults: readonly ConfigError[]): Problem {
  const [first] = faults;
  const more = faults.length > 1 ? ` (and ${faults.length - 1} more)` : '';
  return new Problem('invalid', `${first?.message}${more}`, { remedy: `that line reads: ${first?.excerpt.trim()}` });
}

/** Who sets what a kept configuration says, where nobody has just imported it. */
const ofFile = (name: string): Subject => ({ kind: 'service', id: 'agent', name: `cgconfig.d/${name}.conf` });

/** What came of applying a kept configuration after a boot. */
export interface AppliedOutcome {
  name: string;
  problem?: Problem;
  transcript: RecordedTranscript;
}

/** Configurations in the form of cgconfig.conf(5): applied, kept over boots, taken back. */
export class CgroupConfigs {
  readonly #options: CgroupConfigsOptions;
  readonly #store: ConfigStore;
  readonly #sections = new RecordedSections();

  constructor(options: CgroupConfigsOptions) {
    this.#options = options;
    this.#store = new ConfigStore(options.directory, options.stateFile);
  }

  /** What was done of a configuration in this boot; nothing of another one's is left. */
  #stateOf(name: string): KnownState | undefined {
    const state = this.#store.states().get(name);
    return state?.bootId === this.#options.bootId ? state : undefined;
  }

  #setState(name: string, state: KnownState | undefined): void {
    const states = this.#store.states();
    if (state === undefined) states.delete(name);
    else states.set(name, state);
    this.#store.putStates(states);
  }

  preview(caller: Caller, name: string, text: string): CgroupConfigPreview {
    using host = new MountedHost();
    try {
      const plan = planConfig(text, { host, accounts: accounts() });
      const obsolete = this.#obsolete(name, plan, host);
      const { foreign, refusals } = this.#judge(caller, this.#deeds(plan, host, obsolete));
      return {
        ...toPreview(plan, (step) => describeStep(step, host)),
        foreign,
        refusals: refusals.map(({ message, remedy }) => (remedy === undefined ? message : `${message}: ${remedy}`)).slice(0, 20),
        obsolete: byPath(obsolete),
      };
    } catch (failure) {
      if (failure instanceof ConfigError) return { ...toUnreadable(failure), foreign: [], refusals: [], obsolete: [] };
      throw failure;
    }
  }

  /** @throws Problem('invalid') with line and column */
  #plan(text: string, host: MountedHost): ConfigPlan {
    try {
      const plan = planConfig(text, { host, accounts: accounts() });
      if (plan.faults.length > 0) throw faultProblem(plan.faults);
      return plan;
    } catch (failure) {
      throw failure instanceof ConfigError ? faultProblem([failure]) : failure;
    }
  }

  /** What a plan does to each group, as it is judged: what is made is made in the group above. */
  #deeds(plan: ConfigPlan, host: MountedHost, obsolete: readonly Place[]): Deed[] {
    const made = plan.steps.filter(({ kind }) => kind === 'make').map(({ place }) => place.path);
    const sets = [plan.v1, plan.v2].flatMap(({ version, groups }) =>
      groups
        .filter(({ here, path, writes }) => here && writes.length > 0 && this.#isThere(path, host))
        .map(({ path, writes }): Deed => ({ verb: 'set', path, changes: changesOf(version, writes) })),
    );
    const owned = plan.steps.filter(({ kind, place }) => kind === 'own' && !made.includes(place.path)).map(({ place }) => place.path);
    return [
      ...firstOfEachParent([...made, ...owned]).map((path): Deed => ({ verb: 'create', path })),
      ...sets,
      ...[...new Set(obsolete.map(({ path }) => path))].map((path): Deed => ({ verb: 'remove', path })),
    ];
  }

  #isThere(path: string, host: MountedHost): boolean {
    return host.hierarchies.some((hierarchy) => hierarchy.exists(path.slice(1)));
  }

  /** Whose groups are changed that were there before, and what stands against the whole. Those that a configuration of ours made are nobody's. */
  #judge(caller: Caller, deeds: readonly Deed[]): { foreign: CgroupConfigPreview['foreign']; refusals: Problem[] } {
    const states = [...this.#store.states().values()].filter(({ bootId }) => bootId === this.#options.bootId);
    const own = new Set(states.flatMap(({ made }) => made.map(({ path }) => path)));
    const foreign: CgroupConfigPreview['foreign'] = [];
    const refusals = new Map<string, Problem>();
    for (const deed of deeds) {
      const { ownership, refusal } = this.#options.look(caller, deed);
      if (refusal !== undefined) refusals.set(refusal.message, refusal);
      if (deed.verb !== 'set' || !ownership.confirm || own.has(deed.path)) continue;
      const { runtime, name } = ownership.maker;
      const { command } = ownership;
      foreign.push({ path: deed.path, owner: `${runtime} (${name})`, ...(command === undefined ? {} : { command }) });
    }
    return { foreign, refusals: [...refusals.values()] };
  }

  /** What the kept configuration of this name made and the new one no longer names. */
  #obsolete(name: string, plan: ConfigPlan, host: MountedHost): Place[] {
    const wanted = new Set(
      [plan.v1, plan.v2].flatMap(({ version, groups }) =>
        groups
          .filter(({ here }) => here)
          .flatMap(({ path, controllers }) =>
            (version === 2 ? ['cgroup'] : controllers).map((controller) => `${version} ${controller} ${path}`),
          ),
      ),
    );
    const isWanted = ({ version, controller, path }: Place): boolean =>
      [...wanted].some((key) => key === `${version} ${controller} ${path}` || key.startsWith(`${version} ${controller} ${path}/`));
    return (this.#stateOf(name)?.made ?? []).filter(
      (place) => host.exists(place.version, place.controller, place.path) && !isWanted(place),
    );
  }

  /** What was done until a failure, and taken back. */
  transcriptOf(problem: Problem): RecordedTranscript | undefined {
    return this.#sections.transcriptOf(problem);
  }

  /**
   * Applies a text and keeps it.
   *
   * @throws Problem('invalid') with line and column, Problem('conflict') where groups of others are touched and nobody confirmed it
   */
  import(
    caller: Caller,
    { name, text, confirmed }: { name: string; text: string; confirmed: boolean },
  ): { config: CgroupConfigEntry; kept: { path: string; reason: string }[]; transcript: RecordedTranscript } {
    using host = new MountedHost();
    const plan = this.#plan(text, host);
    const obsolete = this.#obsolete(name, plan, host);
    const deeds = this.#deeds(plan, host, obsolete);
    const { foreign, refusals } = this.#judge(caller, deeds);
    if (refusals[0] !== undefined) throw refusals[0];
    if (foreign.length > 0 && !confirmed)
      throw new Problem(
        'conflict',
        `${foreign.map(({ path, owner }) => `${path} is of ${owner}`).join(', ')}: its owner may write over it again`,
        {
          remedy: foreign.flatMap(({ command }) => command ?? [])[0] ?? 'confirm it, where that is meant',
        },
      );
    const before = this.#stateOf(name);
    this.#store.checkRoom(name);
    const now = new Date().toISOString();
    const base = { bootId: this.#options.bootId, hash: hashOf(text), importedAt: now, importedBy: caller.subject.name };
    const { subject } = caller;
    const [back, written] = [takingBackOfConfig(plan.steps, host), settingsWritten(plan)];
    this.#setState(name, { ...base, pending: true, previous: before, back, obsolete, subject, written, ...intended(plan) });
    const { failPoint } = this.#options;
    failPoint('import:noted');
    let done: { result: { applied: AppliedConfig; undone: UndoneConfig }; transcript: RecordedTranscript };
    try {
      done = this.#sections.record(() => {
        const applied = applyConfig(plan.steps, host, failPoint);
        failPoint('import:applied');
        try {
          this.#store.keep(name, text);
        } catch (failure) {
          takeBackAll(back, host.hierarchies);
          throw failure;
        }
        failPoint('import:kept');
        return { applied, undone: undoConfig({ made: obsolete, changed: [] }, host) };
      });
    } catch (failure) {
      this.#setState(name, before);
      throw failure;
    }
    const { result, transcript } = done;
    failPoint('import:cleared');
    this.#setState(name, { ...base, appliedAt: now, ...mergeApplied(before, result.applied, result.undone) });
    this.#noteAuthors(written, subject);
    return { config: this.#entry(name, text, host), kept: keptReasons(result.undone), transcript };
  }

  #noteAuthors(written: readonly { path: string; keys: string[] }[], subject: Subject): void {
    for (const { path, keys } of written) this.#options.noteAuthor(path, keys, subject);
  }

  /**
   * Makes the group that a template stands for with a process.
   *
   * @throws Problem('not-found') where there is no such process
   */
  makeFromTemplate(
    caller: Caller,
    { template, pid, controllers }: { template: string; pid: number; controllers?: readonly string[] | undefined },
  ): { path: string; transcript: RecordedTranscript } {
    if (!isTemplatePath(template))
      throw new Problem('invalid', `${template} has no variable`, { remedy: 'variables are %u, %g, %p by name, and %U, %G, %P by number' });
    const path = expandTemplate(template, processSubject(pid));
    using host = new MountedHost();
    const intent = intentOfTemplate(templatesOf(this.#store), { template, path, controllers });
    if (intent.groups[0]?.controllers.length === 0)
      throw new Problem('not-found', `no kept configuration has a template ${template}`, {
        remedy: 'name controllers, or import a configuration that has it',
      });
    const plan = planIntent(intent, '', host);
    if (plan.faults[0] !== undefined) throw new Problem('invalid', plan.faults[0].what);
    const { refusals } = this.#judge(caller, this.#deeds(plan, host, []));
    if (refusals[0] !== undefined) throw refusals[0];
    // A group that is there is taken as it is.
    const isNew = plan.steps.some(({ kind }) => kind === 'make');
    const { transcript } = this.#sections.record(() => applyConfig(isNew ? plan.steps : [], host));
    if (isNew) this.#noteAuthors(settingsWritten(plan), caller.subject);
    return { path, transcript };
  }

  export(
    path: string,
    options: { controllers?: readonly string[] | undefined; words?: 'v1' | 'v2' | undefined; all: boolean },
  ): { text: string; lost: string[] } {
    using host = new MountedHost();
    const words = options.words === undefined ? (host.versionOf('cpu') ?? 2) : options.words === 'v1' ? 1 : 2;
    const { controllers, all } = options;
    return exportConfig(path, { host, accounts: accounts() }, { words, all, ...(controllers === undefined ? {} : { controllers }) });
  }

  #entry(name: string, text: string, host: MountedHost): CgroupConfigEntry {
    const kept = this.#store.states().get(name);
    const state = this.#stateOf(name);
    const isChanged = state !== undefined && state.hash !== hashOf(text);
    const trouble = isChanged ? 'the file was changed since it was applied: import it again' : state?.trouble;
    return {
      name,
      file: this.#store.fileOf(name),
      text,
      ...(kept?.importedAt === undefined ? {} : { importedAt: kept.importedAt }),
      ...(kept?.importedBy === undefined ? {} : { importedBy: kept.importedBy }),
      ...(state?.appliedAt === undefined ? {} : { appliedAt: state.appliedAt }),
      ...(trouble === undefined ? {} : { trouble }),
      made: byPath((state?.made ?? []).filter(({ version, controller, path }) => host.exists(version, controller, path))),
    };
  }

  list(): CgroupConfigEntry[] {
    using host = new MountedHost();
    return this.#store.names().flatMap((name) => {
      const text = this.#store.text(name);
      return text === undefined ? [] : [this.#entry(name, text, host)];
    });
  }

  /** @throws Problem('not-found'), Problem('forbidden') where the host's policy does not let it be done by who asks */
  remove(
    caller: Caller,
    name: string,
  ): {
    removed: { path: string; controllers: string[] }[];
    kept: { path: string; reason: string }[];
    restored: UndoneConfig['restored'];
    transcript: RecordedTranscript;
  } {
    if (this.#store.text(name) === undefined)
      throw new Problem('not-found', `no configuration ${name} is kept`, { remedy: './bulkhead cgroup configs lists them' });
    using host = new MountedHost();
    const state = this.#stateOf(name);
    const there = (state?.made ?? []).filter(({ version, controller, path }) => host.exists(version, controller, path));
    const { refusals } = this.#judge(
      caller,
      byPath(there).map(({ path }) => ({ verb: 'remove', path })),
    );
    if (refusals[0] !== undefined) throw refusals[0];
    // Forgotten first: what cannot be taken back is told, and is not applied once more after the next boot.
    this.#store.forget(name);
    const { result, transcript } = this.#sections.record(() => undoConfig(state ?? { made: [], changed: [] }, host));
    this.#setState(name, undefined);
    this.#noteAuthors(settingsRestored(result), caller.subject);
    return { removed: byPath(result.removed), kept: keptReasons(result), restored: result.restored, transcript };
  }

  /** Applies what is kept and was not applied in this boot, each for itself: what fails is told, and stays for the next time. */
  applyKept(): AppliedOutcome[] {
    const interrupted = this.#endInterrupted();
    const applied = this.#store
      .names()
      .filter((name) => this.#stateOf(name)?.appliedAt === undefined)
      .map((name) => this.#applyOne(name));
    return [...interrupted, ...applied];
  }

  /** What an agent that was killed in the midst of an import left: all of it is done where its text is kept, and else none. */
  #endInterrupted(): AppliedOutcome[] {
    return [...this.#store.states()].flatMap(([name, state]): AppliedOutcome[] => {
      if (state.pending === undefined) return [];
      if (state.bootId !== this.#options.bootId) {
        this.#setState(name, state.previous);
        return [];
      }
      const text = this.#store.text(name);
      if (text !== undefined && hashOf(text) === state.hash) return [this.#finish(name, text, state)];
      return [this.#takeBack(name, state)];
    });
  }

  #finish(name: string, text: string, state: PendingState): AppliedOutcome {
    const { bootId, hash, importedAt, importedBy, previous, obsolete, subject, written } = state;
    try {
      using host = new MountedHost();
      const plan = this.#plan(text, host);
      const { result, transcript } = this.#sections.record(() => ({
        applied: applyConfig(plan.steps, host),
        undone: undoConfig({ made: obsolete, changed: [] }, host),
      }));
      const begun = mergeApplied(previous, state, { removed: [], kept: [], restored: [] });
      const done = mergeApplied(begun, result.applied, result.undone);
      this.#setState(name, { bootId, hash, importedAt, importedBy, appliedAt: new Date().toISOString(), ...done });
      this.#noteAuthors(written, subject);
      return { name, transcript };
    } catch (failure) {
      if (!(failure instanceof Problem)) throw failure;
      return this.#takeBack(name, state, failure);
    }
  }

  #takeBack(name: string, state: PendingState, cause?: Problem): AppliedOutcome {
    using host = new MountedHost();
    const { result, transcript } = this.#sections.record(() => takeBackAll(state.back, host.hierarchies));
    this.#setState(name, state.previous);
    const why = cause === undefined ? '' : ` (${cause.message})`;
    const left = result.length === 0 ? 'what it had done is taken back' : `taken back is all but: ${result.join('; ')}`;
    const problem = new Problem('conflict', `the agent ended in the midst of its import${why}; ${left}`, {
      remedy: 'import it again',
    });
    return { name, problem, transcript };
  }

  #applyOne(name: string): AppliedOutcome {
    const known = this.#store.states().get(name);
    const base = {
      bootId: this.#options.bootId,
      ...(known?.importedAt === undefined ? {} : { importedAt: known.importedAt }),
      ...(known?.importedBy === undefined ? {} : { importedBy: known.importedBy }),
    };
    let text = '';
    try {
      text = this.#store.text(name) ?? '';
      using host = new MountedHost();
      const plan = this.#plan(text, host);
      const [back, written] = [takingBackOfConfig(plan.steps, host), settingsWritten(plan)];
      const begun = { ...base, hash: hashOf(text), made: [], changed: [] };
      this.#setState(name, {
        ...begun,
        pending: true,
        previous: begun,
        back,
        obsolete: [],
        subject: ofFile(name),
        written,
        ...intended(plan),
      });
      const { result, transcript } = this.#sections.record(() => applyConfig(plan.steps, host, this.#options.failPoint));
      this.#setState(name, { ...base, hash: hashOf(text), appliedAt: new Date().toISOString(), ...result });
      this.#noteAuthors(written, ofFile(name));
      return { name, transcript };
    } catch (failure) {
      if (!(failure instanceof Problem)) throw failure;
      this.#setState(name, { ...base, hash: hashOf(text), trouble: failure.message, made: [], changed: [] });
      return { name, problem: failure, transcript: this.transcriptOf(failure) ?? new TranscriptBuilder().finish() };
    }
  }

  /** What is kept and not in force. */
  troubles(): DoctorText[] {
    return this.#store.names().flatMap((name) => {
      const trouble = this.#stateOf(name)?.trouble;
      return trouble === undefined ? [] : [doctorText('service.trouble.cgroup-config', { name, why: trouble })];
    });
  }
}
