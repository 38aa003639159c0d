import {
  type CgroupDialect,
  type CgroupPlan,
  type CgroupSetting,
  type CgroupSettingChange,
  type CgroupStep,
  type CgroupText,
  canonicalValue,
  cgroupProblem,
  cgroupSettings,
  cgroupText,
  dialectsOf,
  type FileOfSetting,
  findCgroupSetting,
  type HeldFiles,
  type KernelWrite,
  Problem,
  settingsOfFile,
  tellCgroup,
} from '@bulkhead/model';
import type { Hierarchy } from '../hierarchy.ts';
import type { Hierarchies } from '../tree/hierarchies.ts';
import { withDeviceNumbers } from './block-devices.ts';
import { checkBounds, warnOfUse } from './bounds.ts';
import { type ControllerStep, enablingSteps } from './delegation.ts';
import { readDevices } from './device-program.ts';
import type { HeldGroup } from './held-group.ts';
import { type Place, type Standing, standingOf } from './in-force.ts';
import type { OwnedChange } from './owner-command.ts';

/** A step with what it takes to carry it out and to take it back. */
export type PreparedStep =
  | {
      type: 'write';
      hierarchy: Hierarchy;
      /** Group it is written to, relative: the one of the plan, or one above. */
      path: string;
      file: string;
      value: string;
      before: string | undefined;
      undo: readonly { file: string; value: string }[] | undefined;
      version: 1 | 2;
      setting?: CgroupSetting;
    }
  | { type: 'devices'; hierarchy: Hierarchy; path: string; value: string; before: string; setting: CgroupSetting };

/** A plan of one control; its steps are not for others to make. */
export class PreparedPlan implements CgroupPlan {
  readonly path: string;
  readonly steps: CgroupStep[];
  readonly warnings: string[];
  readonly warningsTold: CgroupText[];
  readonly prepared: readonly PreparedStep[];
  /** What was asked for, by setting and with its canonical value. */
  readonly changes: readonly OwnedChange[];

  constructor(path: string, prepared: readonly PreparedStep[], warnings: readonly CgroupText[], changes: readonly OwnedChange[] = []) {
    this.path = path;
    this.changes = changes;
    this.prepared = prepared;
    this.warnings = warnings.map((warning) => tellCgroup(warning, 'en'));
    this.warningsTold = [...warnings];
    this.steps = prepared.map((step) => {
      const directory = step.hierarchy.absolute(step.path);
      return {
        file: step.type === 'write' ? `${directory}/${step.file}` : directory,
        ...(step.setting === undefined ? {} : { key: step.setting.key }),
        ...(step.before === undefined ? {} : { before: step.before }),
        after: step.value,
      };
    });
  }
}

/** Files of a group as they will be after the steps so far. */
class Ahead {
  readonly #group: HeldGroup;
  readonly #written = new Map<Hierarchy, Map<string, string>>();
  constructor(group: HeldGroup) {
    this.#group = group;
  }

  of(hierarchy: Hierarchy): HeldFiles {
    return (file) => this.#written.get(hierarchy)?.get(file) ?? this.#group.read(hierarchy, file);
  }

  note(hierarchy: Hierarchy, { file, value }: KernelWrite): void {
    const files = this.#written.get(hierarchy) ?? new Map<string, string>();
    files.set(file, value.trim());
    this.#written.set(hierarchy, files);
  }
}

const presetsOf = (dialect: CgroupDialect): Map<string, string> => new Map(dialect.files.map(({ name, preset }) => [name, preset]));

/** A change resolved: a setting with its value in the one form, or a file of the version in force as it is. */
type Resolved =
  | { kind: 'value'; setting: CgroupSetting; value: string; standing: Standing; warnings: CgroupText[] }
  | { kind: 'file'; setting: CgroupSetting; file: string; value: string; place: Place };

const unknown = (key: string): Problem =>
  cgroupProblem('invalid', cgroupText('plan.unknown', { key: JSON.stringify(key) }), { remedy: cgroupText('plan.unknown.remedy') });

/** Makes plans for one group. Reads it, and writes nothing. */
export class Planner {
  readonly #group: HeldGroup;
  readonly #hierarchies: Hierarchies;
  readonly #ahead: Ahead;
  readonly #steps: PreparedStep[] = [];
  readonly #warnings: CgroupText[] = [];
  readonly #enabling: ControllerStep[] = [];
  readonly #changes: OwnedChange[] = [];

  constructor(group: HeldGroup, hierarchies: Hierarchies) {
    this.#group = group;
    this.#hierarchies = hierarchies;
    this.#ahead = new Ahead(group);
  }

  plan(changes: readonly CgroupSettingChange[], enableControllers: boolean): PreparedPlan {
    const keys = new Set<string>();
    for (const { key } of changes) {
      if (keys.has(key)) throw cgroupProblem('invalid', cgroupText('plan.twice', { key }));
      keys.add(key);
    }
    for (const change of this.#inOrder(changes)) {
      const resolved = this.#resolve(change);
      if (resolved.kind === 'file') this.#writeFile(resolved);
      else this.#writeValue(resolved, enableControllers);
    }
    const enabling = this.#enabling.map(({ hierarchy, path, controllers, before }): PreparedStep => {
      const value = controllers.map((name) => `+${name}`).join(' ');
      const undo = [{ file: 'cgroup.subtree_control', value: controllers.map((name) => `-${name}`).join(' ') }];
      return { type: 'write', hierarchy, path, file: 'cgroup.subtree_control', value, before, undo, version: 2 };
    });
    return new PreparedPlan(`/${this.#group.path}`, [...enabling, ...this.#steps], this.#warnings, this.#changes);
  }

  /** Of settings that depend on each other, first what makes room for the other. */
  #inOrder(changes: readonly CgroupSettingChange[]): CgroupSettingChange[] {
    const rank = ({ key, value }: CgroupSettingChange): number => {
      if (key === 'cpu.idle') return value.trim() === '0' ? 0 : 4;
      if (key === 'memory.max' || key === 'cpu.rt_period_us') return 1;
      // A burst is at most the quota: less of it goes before, more of it after.
      if (key === 'cpu.max.burst') return this.#isLessBurst(value) ? 1 : 3;
      return 2;
    };
    return [...changes].sort((left, right) => rank(left) - rank(right));
  }

  #isLessBurst(value: string): boolean {
    const setting = findCgroupSetting('cpu.max.burst') as CgroupSetting;
    const { place } = standingOf(setting, this.#group, this.#hierarchies);
    const held = place?.dialect?.read(this.#ahead.of(place.hierarchy));
    return held !== undefined && /^\d{1,16}$/.test(value.trim()) && BigInt(value.trim()) < BigInt(held);
  }

  #standing(setting: CgroupSetting): Standing {
    return standingOf(setting, this.#group, this.#hierarchies);
  }

  #resolve({ key, value }: CgroupSettingChange): Resolved {
    const setting = findCgroupSetting(key);
    if (setting !== undefined) {
      const text = setting.controller === 'io' && setting.kind.startsWith('device-') ? withDeviceNumbers(key, value) : value;
      return { kind: 'value', setting, value: canonicalValue(setting, text), standing: this.#standing(setting), warnings: [] };
    }
    const files = settingsOfFile(key);
    if (files.length === 0) throw unknown(key);
    for (const entry of files) {
      const { place, refused } = this.#standing(entry.setting);
      if (place?.dialect === undefined || place.version !== entry.version || !place.dialect.files.some(({ name }) => name === key))
        continue;
      if (refused !== undefined) throw this.#refusal(entry.setting, refused);
      return { kind: 'file', setting: entry.setting, file: key, value: value.trim(), place };
    }
    return this.#convert(files[0] as FileOfSetting, key, value.trim());
  }

  /** A file of the other version: what that version would hold with it, in the words of ours. */
  #convert({ setting, version, dialect }: FileOfSetting, file: string, value: string): Resolved {
    const standing = this.#standing(setting);
    const foreign = presetsOf(dialect);
    const held: HeldFiles = (name) => foreign.get(name);
    // What it depends on, as this group has it, in the words of the other version: memory.memsw needs memory.
    for (const each of cgroupSettings) {
      const theirs = dialectsOf(each, version).find(({ files }) => files.some(({ name }) => foreign.has(name)));
      const { place } = this.#standing(each);
      if (theirs?.write === undefined || place?.dialect === undefined) continue;
      const now = place.dialect.read(this.#ahead.of(place.hierarchy));
      for (const written of theirs.write(now, held)) foreign.set(written.file, written.value.trim());
    }
    foreign.set(file, value);
    const converted = canonicalValue(setting, dialect.read(held));
    const lost = setting.formulas.find(({ to }) => to === (version === 1 ? 'v2' : 'v1'))?.lost;
    const text = `${file} = ${value} is ${setting.key} = ${converted} here.${lost === undefined ? '' : ` ${lost}`}`;
    const warnings = [cgroupText('as-is', { text })];
    return { kind: 'value', setting, value: converted, standing, warnings };
  }

  #refusal({ key }: CgroupSetting, { reason, text, told }: NonNullable<Standing['refused']>): Problem {
    const remedies: Partial<Record<typeof reason, CgroupText>> = {
      'not-delegated': cgroupText('plan.cannot.not-delegated'),
      'not-in-hierarchy': cgroupText('plan.cannot.not-in-hierarchy'),
      'root-group': cgroupText('plan.cannot.root-group'),
      'not-mounted': cgroupText('plan.cannot.not-mounted'),
    };
    const code =
      reason === 'root-group' || reason === 'readable'
        ? 'invalid'
        : reason === 'threaded' || reason === 'domain-invalid'
          ? 'conflict'
          : 'unsupported';
    const remedy = remedies[reason];
    const path = `/${this.#group.path}`;
    return new Problem(code, `${key} cannot be set at ${path}: ${text}`, {
      ...(remedy === undefined ? {} : { remedy: tellCgroup(remedy, 'en') }),
      told: { what: cgroupText('plan.cannot', { key, path, reason: [told] }), remedy },
    });
  }

  #writeFile({ setting, file, value, place }: Extract<Resolved, { kind: 'file' }>): void {
    const { hierarchy, version, dialect } = place;
    const held = this.#ahead.of(hierarchy);
    const before = held(file);
    // The text must be one that the kernel could tell, so that a slip is found before anything is written.
    const read = (dialect as CgroupDialect).read((name) => (name === file ? value.replace(/^-1$/, '-1') : held(name)));
    if (setting.kind !== 'text') canonicalValue(setting, read);
    checkBounds(setting, read, this.#group, place, held);
    this.#changes.push({ key: setting.key, value: read });
    if (before === value) return;
    this.#push({ file, value, ...(before === undefined ? {} : { undo: before }) }, { hierarchy, version, setting });
  }

  #writeValue({ setting, value, standing, warnings }: Extract<Resolved, { kind: 'value' }>, enableControllers: boolean): void {
    let { place, refused } = standing;
    const { unified } = this.#hierarchies;
    if (refused?.reason === 'not-delegated' && enableControllers && unified !== undefined) {
      this.#enable(unified, setting);
      const [dialect] = setting.v2;
      if (dialect === undefined) throw this.#refusal(setting, refused);
      place = { hierarchy: unified, version: 2, dialect };
      refused = undefined;
    }
    if (refused !== undefined || place === undefined) {
      const told = cgroupText('as-is', { text: 'the kernel does not have it' });
      throw this.#refusal(setting, refused ?? { reason: 'kernel-lacks', text: tellCgroup(told, 'en'), told });
    }
    this.#warnings.push(...warnings);
    this.#changes.push({ key: setting.key, value });
    const { hierarchy, version, dialect } = place;
    if (dialect === undefined) {
      const { value: before, note } = readDevices(this.#group.directory(hierarchy));
      if (note !== undefined) this.#warnings.push(note);
      if (before !== value) this.#steps.push({ type: 'devices', hierarchy, path: this.#group.path, value, before, setting });
      return;
    }
    const held = this.#ahead.of(hierarchy);
    const before = held(dialect.files[0]?.name ?? '');
    const warning = before === undefined ? undefined : warnOfUse(setting, value, version, held);
    if (warning !== undefined) this.#warnings.push(warning);
    checkBounds(setting, value, this.#group, place, held);
    this.#checkIdle(setting, place);
    // Of a controller that is yet to be enabled the group has no files: it begins with the presets.
    const presets = presetsOf(dialect);
    const from: HeldFiles = before === undefined ? (name) => presets.get(name) : held;
    for (const write of dialect.write?.(value, from) ?? []) this.#push(write, { hierarchy, version, setting }, before === undefined);
  }

  #checkIdle(setting: CgroupSetting, { hierarchy }: Place): void {
    if (setting.key !== 'cpu.weight' || this.#ahead.of(hierarchy)('cpu.idle') !== '1') return;
    throw cgroupProblem('conflict', cgroupText('plan.idle', { path: `/${this.#group.path}` }), { remedy: cgroupText('plan.idle.remedy') });
  }

  #enable(tree: Hierarchy, setting: CgroupSetting): void {
    const { steps, warnings } = enablingSteps(tree, this.#group.path, [setting.controller]);
    for (const step of steps) {
      const known = this.#enabling.find(({ path }) => path === step.path);
      if (known === undefined) this.#enabling.push({ ...step });
      else known.controllers = [...new Set([...known.controllers, ...step.controllers])];
    }
    const known = new Set(this.#warnings.map((warning) => tellCgroup(warning, 'en')));
    this.#warnings.push(...warnings.filter((warning) => !known.has(tellCgroup(warning, 'en'))));
  }

  #push(write: KernelWrite, of: { hierarchy: Hierarchy; version: 1 | 2; setting: CgroupSetting }, isNew = false): void {
    const { file, value, undo } = write;
    const before = isNew ? undefined : this.#ahead.of(of.hierarchy)(file);
    this.#steps.push({
      type: 'write',
      ...of,
      path: this.#group.path,
      file,
      value,
      before,
      undo: typeof undo === 'string' ? [{ file, value: undo }] : undo,
    });
    this.#ahead.note(of.hierarchy, write);
  }
}
