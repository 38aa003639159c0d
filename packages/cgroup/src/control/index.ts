import {
  type CgroupController,
  type CgroupHierarchy,
  type CgroupSetting,
  type CgroupSettingChange,
  type CgroupSettingState,
  cgroupSettings,
  hugetlbSettings,
  Problem,
  tellCgroup,
} from '@bulkhead/model';
import { type Hierarchies, openHierarchies } from '../tree/hierarchies.ts';
import { applyPlan } from './apply.ts';
import { hugePageSizes } from './block-devices.ts';
import { boundsOf } from './bounds.ts';
import { controllersOf } from './delegation.ts';
import { readDevices } from './device-program.ts';
import { HeldGroup, relativePath } from './held-group.ts';
import { type Standing, standingOf } from './in-force.ts';
import { createGroup, removeGroup } from './lifecycle.ts';
import { Planner, type PreparedPlan } from './plan.ts';
import { moveProcesses, processesOf } from './processes.ts';
import { freezeGroup, killGroup, thawGroup } from './standstill.ts';
import type { ApplyOptions, CgroupControl, ControlOptions, MoveOptions, PlanOptions } from './types.ts';

/** Changes of one plan, at most. */
const mostChanges = 256;

/** The control of this host's cgroups; see CgroupControl. */
export class HostCgroupControl implements CgroupControl, Disposable {
  readonly #hierarchies: Hierarchies;
  readonly #isOwn: boolean;

  /** @param hierarchies opened by whoever calls, and then closed by them; else all that are mounted */
  constructor(hierarchies?: Hierarchies) {
    this.#hierarchies = hierarchies ?? openHierarchies();
    this.#isOwn = hierarchies === undefined;
  }

  settings(path: string): CgroupSettingState[] {
    using group = HeldGroup.open(this.#hierarchies.all, relativePath(path));
    return [...cgroupSettings, ...hugePageSizes().flatMap(hugetlbSettings)].map((setting) => this.#stateOf(setting, group));
  }

  #stateOf(setting: CgroupSetting, group: HeldGroup): CgroupSettingState {
    const { key, controller, model } = setting;
    const standing: Standing = standingOf(setting, group, this.#hierarchies);
    const { place, refused } = standing;
    const state: CgroupSettingState = { key, controller, model, files: [], ...(refused === undefined ? {} : { refused }) };
    if (place === undefined) return state;
    const { hierarchy, dialect } = place;
    state.version = place.version;
    try {
      if (dialect === undefined) {
        const { value, note } = readDevices(group.directory(hierarchy));
        Object.assign(state, { value }, note === undefined ? {} : { note: tellCgroup(note, 'en'), noteTold: note });
      } else {
        for (const { name } of dialect.files) {
          const text = group.read(hierarchy, name);
          if (text !== undefined) state.files.push({ path: `${hierarchy.absolute(group.path)}/${name}`, text });
        }
        state.value = dialect.read((file) => group.read(hierarchy, file));
      }
    } catch (failure) {
      // What nobody understands is told as it is; the other settings are worth telling.
      if (!(failure instanceof Problem) || failure.code === 'not-found') throw failure;
      const { message, told } = failure;
      Object.assign(state, { note: message }, told === undefined ? {} : { noteTold: told.what });
      if (failure.code === 'unsupported') state.refused ??= { reason: 'kernel-lacks', text: message, told: told?.what };
    }
    const bounds = boundsOf(setting, group, place);
    return bounds === undefined ? state : { ...state, bounds };
  }

  plan(path: string, changes: readonly CgroupSettingChange[], { enableControllers = false }: PlanOptions = {}): PreparedPlan {
    if (changes.length > mostChanges) throw new Problem('exhausted', `at most ${mostChanges} changes are made at once`);
    using group = HeldGroup.open(this.#hierarchies.all, relativePath(path));
    return new Planner(group, this.#hierarchies).plan(changes, enableControllers);
  }

  apply(plan: PreparedPlan, options: ApplyOptions = {}): void {
    applyPlan(plan, this.#hierarchies.all, options);
  }

  create(path: string, controllers?: readonly CgroupController[], options: ControlOptions = {}): void {
    createGroup(this.#hierarchies, relativePath(path), controllers, options);
  }

  remove(path: string, options: ControlOptions & { recursive?: boolean } = {}): Promise<void> {
    return removeGroup(this.#hierarchies, relativePath(path), options);
  }

  move(path: string, pids: readonly number[], options: MoveOptions = {}): void {
    moveProcesses(this.#hierarchies, relativePath(path), pids, options);
  }

  freeze(path: string, options: ControlOptions = {}): Promise<void> {
    return freezeGroup(this.#hierarchies, relativePath(path), options);
  }

  thaw(path: string, options: ControlOptions = {}): Promise<void> {
    return thawGroup(this.#hierarchies, relativePath(path), options);
  }

  kill(path: string, options: ControlOptions = {}): Promise<number> {
    return killGroup(this.#hierarchies, relativePath(path), options);
  }

  hierarchies(): CgroupHierarchy[] {
    const { legacy, unified } = this.#hierarchies;
    return [
      ...legacy.map(({ controllers, mountPoint }): CgroupHierarchy => ({ version: 1, controllers: [...controllers], mountPoint })),
      ...(unified === undefined ? [] : [{ version: 2 as const, controllers: controllersOf(unified), mountPoint: unified.mountPoint }]),
    ];
  }

  incarnation(path: string): string {
    using group = HeldGroup.open(this.#hierarchies.all, relativePath(path));
    return group.incarnation;
  }

  processes(path: string, below = false): number[] {
    const relative = relativePath(path);
    using group = HeldGroup.open(this.#hierarchies.all, relative);
    return processesOf(group.present, relative, below);
  }

  [Symbol.dispose](): void {
    if (this.#isOwn) this.#hierarchies[Symbol.dispose]();
  }
}
