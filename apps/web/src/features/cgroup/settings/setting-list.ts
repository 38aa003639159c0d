import type { CgroupSettingState } from '@bulkhead/model';
import { type CgroupModel, type CgroupSetting, cgroupModels, findCgroupSetting } from '@bulkhead/model/cgroup-setting';

/** A setting of a group with what the registry knows of it. */
export interface ShownSetting {
  state: CgroupSettingState;
  setting: CgroupSetting;
  /** It can be set here, perhaps with its controller handed down first. */
  canSet: boolean;
  /** Its controller has to be handed down by the groups above. */
  wantsController: boolean;
}

export interface ControllerSettings {
  controller: CgroupSettingState['controller'];
  /** What the group has: by model, weights first. */
  offered: ShownSetting[];
  /** What it cannot have, each with a reason. */
  missing: ShownSetting[];
}

const order: readonly CgroupSettingState['controller'][] = ['cpu', 'cpuset', 'memory', 'io', 'pids', 'hugetlb', 'devices', 'cgroup'];
const placeOf = (controller: CgroupSettingState['controller']): number => {
  const index = order.indexOf(controller);
  return index === -1 ? order.length : index;
};

const rank = (model: CgroupModel): number => cgroupModels.indexOf(model);

/** Settings by controller, and there by how the controller hands out what it has. What the registry does not know is left out. */
export function settingsByController(states: readonly CgroupSettingState[]): ControllerSettings[] {
  const byController = new Map<CgroupSettingState['controller'], ShownSetting[]>();
  for (const state of states) {
    const setting = findCgroupSetting(state.key);
    if (setting === undefined) continue;
    const wantsController = state.refused?.reason === 'not-delegated';
    const shown = { state, setting, wantsController, canSet: state.refused === undefined || wantsController };
    byController.set(state.controller, [...(byController.get(state.controller) ?? []), shown]);
  }
  return [...byController]
    .sort(([left], [right]) => placeOf(left) - placeOf(right))
    .map(([controller, all]) => {
      const sorted = all.toSorted((left, right) => rank(left.setting.model) - rank(right.setting.model));
      const isOffered = ({ state, canSet }: ShownSetting): boolean => canSet || state.value !== undefined;
      return { controller, offered: sorted.filter(isOffered), missing: sorted.filter((each) => !isOffered(each)) };
    });
}

export interface Wanted {
  search: string;
  /** Only what a new group would not have, or is being changed. */
  changedAlone: boolean;
}

/** Whether a setting is to be seen. */
export function isWanted(
  { state, setting }: Pick<ShownSetting, 'state' | 'setting'>,
  { search, changedAlone }: Wanted,
  words: { meaning: string; isDrafted: boolean },
): boolean {
  const { key, model, preset } = setting;
  if (changedAlone && !words.isDrafted && (model === 'readable' || state.value === undefined || state.value === preset)) return false;
  const wanted = search.trim().toLowerCase();
  if (wanted === '') return true;
  const files = [...setting.v1, ...setting.v2].flatMap((dialect) => dialect.files.map(({ name }) => name));
  return [key, words.meaning, ...files].some((text) => text.toLowerCase().includes(wanted));
}
