import { readFileSync } from 'node:fs';
import {
  type AppliedConfig,
  applyConfig,
  ConfigError,
  type ConfigPlan,
  describeStep,
  exportConfig,
  MountedHost,
  type Place,
  parseAccounts,
  planConfig,
  toPreview,
  toUnreadable,
  type UndoneConfig,
  undoConfig,
} from '@bulkhead/cgroup';
import { type RecordedTranscript, TranscriptBuilder } from '@bulkhead/container';
import { Recorder, record } from '@bulkhead/kernel';
import { type CgroupConfigEntry, type CgroupConfigPreview, type DoctorText, Problem } from '@bulkhead/model';
import { doctorText } from '@bulkhead/model/doctor-text';
import { ConfigStore, hashOf, type KnownState } from './config-store.ts';

export interface CgroupConfigsOptions {
  /** Where texts are: `/etc/bulkhead/<instance>/cgconfig.d`. */
  directory: string;
  stateFile: string;
  bootId: string;
  /** Whose a group is that was there before, and what to say of it. @returns undefined where it is nobody's */
  ownerOf(path: string): { owner: string; command?: string } | undefined;
}

/** Places of one path, told by the controllers of their hierarchies. */
function byPath(places: readonly Place[]): { path: string; controllers: string[] }[] {
  const paths = new Map<string, string[]>();
  for (const { path, controller } of places) paths.set(path, [...(paths.get(path) ?? []), controller]);
  return [...paths].map(([path, controllers]) => ({ path, controllers }));
}

const samePlace = (left: Place, right: Place): boolean =>
  left.version === right.version && left.controller === right.controller && left.path === right.path;

const keptReasons = ({ kept }: UndoneConfig): { path: string; reason: string }[] =>
  kept.map(({ path, controller, file, reason }) => ({ path, reason: `${file ?? controller}: ${reason}` }));

const accounts = () => parseAccounts({ passwd: readFileSync('/etc/passwd', 'utf8'), group: readFileSync('/etc/group', 'utf8') });

/** What a fault of a text is to whoever asked for it to be applied. */
function faultProblem(faults: readonly ConfigError[]): Problem {
  const [first] = faults;
  const more = faults.length > 1 ? ` (and ${faults.length - 1} more)` : '';
  return new Problem('invalid', `${first?.message}${more}`, { remedy: `that line reads: ${first?.excerpt.trim()}` });
}

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

  preview(name: string, text: string): CgroupConfigPreview {
    using host = new MountedHost();
    try {
      const plan = planConfig(text, { host, accounts: accounts() });
      return {
        ...toPreview(plan, (step) => describeStep(step, host)),
        foreign: this.#foreign(plan, host),
        obsolete: byPath(this.#obsolete(name, plan, host)),
      };
    } catch (failure) {
      if (failure instanceof ConfigError) return { ...toUnreadable(failure), foreign: [], obsolete: [] };
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

  /** Groups that are to be changed, were there before, and are somebody's; those that a configuration of ours made are nobody's. */
  #foreign(plan: ConfigPlan, host: MountedHost): CgroupConfigPreview['foreign'] {
    const own = [...this.#store.states().values()].filter(({ bootId }) => bootId === this.#options.bootId).flatMap(({ made }) => made);
    const touched = new Set(
      plan.steps
        .filter(({ kind, place }) => kind !== 'make' && kind !== 'fill-cpuset' && host.exists(place.version, place.controller, place.path))
        .map(({ place }) => place.path),
    );
    return [...touched]
      .filter((path) => !own.some((place) => place.path === path))
      .flatMap((path) => {
        const found = this.#options.ownerOf(path);
        return found === undefined ? [] : [{ path, ...found }];
      });
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

  /** Runs what changes the host, recorded. */
  #recorded<T>(section: () => T): { result: T; transcript: RecordedTranscript } {
    const builder = new TranscriptBuilder();
    const recorder = new Recorder();
    try {
      const result = record(recorder, section);
      builder.addRecorded(recorder);
      return { result, transcript: builder.finish() };
    } catch (failure) {
      builder.addRecorded(recorder);
      if (failure instanceof Problem) this.#failed.set(failure, builder.finish());
      throw failure;
    }
  }

  readonly #failed = new WeakMap<Problem, RecordedTranscript>();

  /** What was done until a failure, and taken back. */
  transcriptOf(problem: Problem): RecordedTranscript | undefined {
    return this.#failed.get(problem);
  }

  /**
   * Applies a text and keeps it.
   *
   * @throws Problem('invalid') with line and column, Problem('conflict') where groups of others are touched and nobody confirmed it
   */
  import(
    { name, text, confirmed }: { name: string; text: string; confirmed: boolean },
    by: string,
  ): { config: CgroupConfigEntry; kept: { path: string; reason: string }[]; transcript: RecordedTranscript } {
    using host = new MountedHost();
    const plan = this.#plan(text, host);
    const foreign = this.#foreign(plan, host);
    if (foreign.length > 0 && !confirmed)
      throw new Problem(
        'conflict',
        `${foreign.map(({ path, owner }) => `${path} is of ${owner}`).join(', ')}: its owner may write over it again`,
        {
          remedy: foreign.flatMap(({ command }) => command ?? [])[0] ?? 'confirm it, where that is meant',
        },
      );
    const before = this.#stateOf(name);
    const obsolete = this.#obsolete(name, plan, host);
    this.#store.checkRoom(name);
    const base = { bootId: this.#options.bootId, hash: hashOf(text) };
    this.#setState(name, { ...base, pending: true, previous: before, ...intended(plan) });
    let done: { result: { applied: AppliedConfig; undone: UndoneConfig }; transcript: RecordedTranscript };
    try {
      done = this.#recorded(() => {
        const applied = applyConfig(plan.steps, host);
        try {
          this.#store.keep(name, text);
        } catch (failure) {
          undoConfig(applied, host);
          throw failure;
        }
        return { applied, undone: undoConfig({ made: obsolete, changed: [] }, host) };
      });
    } catch (failure) {
      this.#setState(name, before);
      throw failure;
    }
    const { result, transcript } = done;
    const now = new Date().toISOString();
    this.#setState(name, {
      ...base,
      importedAt: now,
      importedBy: by,
      appliedAt: now,
      ...merge(before, result.applied, result.undone),
    });
    return { config: this.#entry(name, text, host), kept: keptReasons(result.undone), transcript };
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

  /** @throws Problem('not-found') */
  remove(name: string): {
    removed: { path: string; controllers: string[] }[];
    kept: { path: string; reason: string }[];
    restored: UndoneConfig['restored'];
    transcript: RecordedTranscript;
  } {
    if (this.#store.text(name) === undefined)
      throw new Problem('not-found', `no configuration ${name} is kept`, { remedy: './bulkhead cgroup configs lists them' });
    using host = new MountedHost();
    const state = this.#stateOf(name);
    // Forgotten first: what cannot be taken back is told, and is not applied once more after the next boot.
    this.#store.forget(name);
    const { result, transcript } = this.#recorded(() => undoConfig(state ?? { made: [], changed: [] }, host));
    this.#setState(name, undefined);
    return { removed: byPath(result.removed), kept: keptReasons(result), restored: result.restored, transcript };
  }

  /** Applies what is kept and was not applied in this boot, each for itself: what fails is told, and stays for the next time. */
  applyKept(): AppliedOutcome[] {
    this.#undoInterrupted();
    return this.#store
      .names()
      .filter((name) => this.#stateOf(name)?.appliedAt === undefined)
      .map((name) => this.#applyOne(name));
  }

  /** What an agent that was killed in the midst of an import left: groups it was about to make go, values go back. */
  #undoInterrupted(): void {
    for (const [name, state] of this.#store.states()) {
      if (state.pending === undefined) continue;
      if (state.bootId === this.#options.bootId) {
        using host = new MountedHost();
        undoConfig(state, host);
      }
      this.#setState(name, state.previous);
    }
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
      const { result, transcript } = this.#recorded(() => applyConfig(plan.steps, host));
      this.#setState(name, { ...base, hash: hashOf(text), appliedAt: new Date().toISOString(), ...result });
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

/** What a plan is about to do, as far as it can be taken back. */
const intended = ({ steps }: ConfigPlan): AppliedConfig => ({
  made: steps.filter(({ kind }) => kind === 'make').map(({ place }) => place),
  changed: steps.flatMap((step) =>
    step.kind === 'write' && step.write.before !== undefined && typeof step.write.undo === 'string'
      ? [{ place: step.place, file: step.write.file, value: step.write.value, before: step.write.undo }]
      : [],
  ),
});

/** What both versions of a configuration made, less what is gone; of a value the oldest that stood before. */
function merge(before: AppliedConfig | undefined, applied: AppliedConfig, undone: UndoneConfig): AppliedConfig {
  const made = [...(before?.made ?? []), ...applied.made].filter((place) => !undone.removed.some((each) => samePlace(each, place)));
  const changed = new Map([...(before?.changed ?? [])].map((each) => [`${each.place.version} ${each.place.path} ${each.file}`, each]));
  for (const each of applied.changed) {
    const key = `${each.place.version} ${each.place.path} ${each.file}`;
    const isOwn = made.some((place) => place.version === each.place.version && place.path === each.place.path);
    // A value of a group that this configuration made goes with the group.
    if (!isOwn) changed.set(key, { ...each, before: changed.get(key)?.before ?? each.before });
  }
  return { made, changed: [...changed.values()] };
}
