import {
  type CgroupDialect,
  type CgroupSetting,
  type CgroupSettingReason,
  type CgroupText,
  cgroupText,
  dialectsOf,
  tellCgroup,
} from '@bulkhead/model';
import { parseSpaceSeparated } from '../formats.ts';
import type { Hierarchy } from '../hierarchy.ts';
import { parentsOf } from '../path.ts';
import type { Hierarchies } from '../tree/hierarchies.ts';
import { type HeldGroup, readAt } from './held-group.ts';

/** Where a setting of a group stands: the hierarchy, the version, and the words of it. */
export interface Place {
  hierarchy: Hierarchy;
  version: 1 | 2;
  /** Absent for devices of v2, which are a program. */
  dialect?: CgroupDialect;
}

export interface Standing {
  /** Absent where the group has it not. */
  place?: Place;
  /** Why it cannot be set; absent where it can. */
  refused?: { reason: CgroupSettingReason; text: string; told: CgroupText };
}

/** @param more of the registry, behind the sentence */
const refuse = (reason: CgroupSettingReason, told: CgroupText, more = ''): Standing => ({
  refused: { reason, text: `${tellCgroup(told, 'en')} ${more}`.trim(), told },
});

/** What handing a controller down to a group of v2 would take. */
export interface Delegation {
  /** Groups above whose cgroup.subtree_control lacks it, outermost first; '' is the root. */
  missing: string[];
}

const listOf = (text: string | undefined): string[] => parseSpaceSeparated(text ?? '');

/** Groups above a path of v2 that do not hand a controller down; undefined where the root has it not to hand. */
export function delegationOf(tree: Hierarchy, path: string, controller: string): Delegation | undefined {
  if (!listOf(readAt(tree, '', 'cgroup.controllers')).includes(controller)) return undefined;
  const above = path === '' ? [] : ['', ...parentsOf(path)];
  return { missing: above.filter((each) => !listOf(readAt(tree, each, 'cgroup.subtree_control')).includes(controller)) };
}

const nameOf = (path: string): string => `/${path}`;

/** Kind of a v2 group, as cgroup.type has it; the root is a domain. */
export const typeOf = (group: HeldGroup, tree: Hierarchy): string => group.read(tree, 'cgroup.type') ?? 'domain';

function present(setting: CgroupSetting, version: 1 | 2, hierarchy: Hierarchy, group: HeldGroup): Standing {
  const dialects = dialectsOf(setting, version);
  // A file that can only be written is there as well: existence is asked of the first, which is always read.
  const dialect = dialects.find(({ files }) => files[0] !== undefined && group.read(hierarchy, files[0].name) !== undefined);
  if (dialect !== undefined) return { place: { hierarchy, version, dialect } };
  const [first] = dialects;
  const files = dialects.map((each) => each.files[0]?.name).join(', ');
  const directory = hierarchy.absolute(group.path);
  return refuse('kernel-lacks', cgroupText('refused.kernel-lacks', { directory, files, since: first?.since ?? '?' }));
}

const inOtherVersion = (setting: CgroupSetting, version: 1 | 2): Standing => {
  const formula = setting.formulas.find(({ to }) => to === (version === 1 ? 'v1' : 'v2'));
  const instead = setting.elsewhere ?? (formula === undefined ? '' : `${formula.formula} (${formula.source})`);
  const { controller, key } = setting;
  return refuse('other-version', cgroupText('refused.other-version', { version, controller, key }), instead);
};

function unifiedStanding(setting: CgroupSetting, group: HeldGroup, tree: Hierarchy): Standing {
  const { controller } = setting;
  const isOfCore = controller === 'cgroup' || controller === 'devices';
  if (!isOfCore && delegationOf(tree, group.path, controller) === undefined)
    return refuse('not-mounted', cgroupText('refused.not-mounted.anywhere', { controller }));
  const path = nameOf(group.path);
  if (!group.has(tree)) return refuse('not-in-hierarchy', cgroupText('refused.not-in-tree', { mountPoint: tree.mountPoint, path }));
  const type = typeOf(group, tree);
  if (controller === 'devices') return { place: { hierarchy: tree, version: 2 } };
  if (controller === 'cgroup') return present(setting, 2, tree, group);
  if (!listOf(group.read(tree, 'cgroup.controllers')).includes(controller)) {
    if (type === 'threaded' && !setting.threaded) return refuse('threaded', cgroupText('refused.threaded', { path, controller }));
    const holder = delegationOf(tree, group.path, controller)?.missing[0];
    if (holder === undefined) return refuse('not-delegated', cgroupText('refused.no-controller', { path, controller }));
    const file = `${tree.absolute(holder)}/cgroup.subtree_control`;
    return refuse(
      'not-delegated',
      holder === ''
        ? cgroupText('refused.not-delegated.root', { controller, file })
        : cgroupText('refused.not-delegated', { path: nameOf(holder), controller, file }),
    );
  }
  if (type === 'domain invalid') return refuse('domain-invalid', cgroupText('refused.domain-invalid', { path }));
  return present(setting, 2, tree, group);
}

/**
 * Which version has a setting of a group in force, and where. Where v1 has the controller mounted it is v1's alone.
 */
export function standingOf(setting: CgroupSetting, group: HeldGroup, hierarchies: Hierarchies): Standing {
  const standing = placeOf(setting, group, hierarchies);
  if (standing.place === undefined) return standing;
  if (setting.model === 'readable') return { ...standing, ...refuse('readable', cgroupText('refused.readable', { key: setting.key })) };
  if (group.path === '') return { ...standing, ...refuse('root-group', cgroupText('refused.root-group')) };
  return standing;
}

function placeOf(setting: CgroupSetting, group: HeldGroup, hierarchies: Hierarchies): Standing {
  const { unified } = hierarchies;
  const isCore = setting.controller === 'cgroup' && setting.legacyController === undefined;
  const legacy = isCore
    ? group.present.find((hierarchy) => hierarchy !== unified)
    : hierarchies.with(setting.legacyController ?? setting.controller);
  const isFreezing = setting.legacyController === 'freezer';
  const has2 = setting.v2.length > 0 || setting.controller === 'devices';
  if (legacy !== undefined && (setting.v1.length > 0 || !isCore)) {
    if (setting.v1.length === 0) return inOtherVersion(setting, 1);
    if (group.has(legacy)) return present(setting, 1, legacy, group);
    // Freezing is of the core on v2, and so beside a freezer of v1.
    if (!isFreezing || !group.has(unified))
      return refuse(
        'not-in-hierarchy',
        cgroupText('refused.not-in-hierarchy', { mountPoint: legacy.mountPoint, path: nameOf(group.path) }),
      );
  }
  if (unified === undefined)
    return setting.v1.length === 0
      ? refuse('other-version', cgroupText('refused.other-version.absent', { key: setting.key }), setting.elsewhere)
      : refuse('not-mounted', cgroupText('refused.not-mounted', { controller: setting.legacyController ?? setting.controller }));
  if (!has2)
    return setting.controller.startsWith('net_')
      ? refuse('not-mounted', cgroupText('refused.not-mounted.of-v1', { controller: setting.controller }), setting.elsewhere)
      : inOtherVersion(setting, 2);
  return unifiedStanding(setting, group, unified);
}
