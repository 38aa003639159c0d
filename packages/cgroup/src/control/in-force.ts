import { type CgroupDialect, type CgroupSetting, type CgroupSettingReason, dialectsOf } from '@bulkhead/model';
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
  refused?: { reason: CgroupSettingReason; text: string };
}

const refuse = (reason: CgroupSettingReason, text: string): Standing => ({ refused: { reason, text } });

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

const nameOf = (path: string): string => (path === '' ? 'the root group' : `/${path}`);

/** Kind of a v2 group, as cgroup.type has it; the root is a domain. */
export const typeOf = (group: HeldGroup, tree: Hierarchy): string => group.read(tree, 'cgroup.type') ?? 'domain';

function present(setting: CgroupSetting, version: 1 | 2, hierarchy: Hierarchy, group: HeldGroup): Standing {
  const dialects = dialectsOf(setting, version);
  // A file that can only be written is there as well: existence is asked of the first, which is always read.
  const dialect = dialects.find(({ files }) => files[0] !== undefined && group.read(hierarchy, files[0].name) !== undefined);
  if (dialect !== undefined) return { place: { hierarchy, version, dialect } };
  const [first] = dialects;
  return refuse(
    'kernel-lacks',
    `${hierarchy.absolute(group.path)} has no ${dialects.map(({ files }) => files[0]?.name).join(' and no ')}: the kernel is older than ${first?.since ?? '?'}, or built without it`,
  );
}

const inOtherVersion = (setting: CgroupSetting, version: 1 | 2): Standing => {
  const formula = setting.formulas.find(({ to }) => to === (version === 1 ? 'v1' : 'v2'));
  const instead = setting.elsewhere ?? (formula === undefined ? '' : `${formula.formula} (${formula.source})`);
  return refuse(
    'other-version',
    `cgroup version ${version}, which has the controller ${setting.controller} here, has no ${setting.key}. ${instead}`.trim(),
  );
};

function unifiedStanding(setting: CgroupSetting, group: HeldGroup, tree: Hierarchy): Standing {
  const { controller } = setting;
  const isOfCore = controller === 'cgroup' || controller === 'devices';
  if (!isOfCore && delegationOf(tree, group.path, controller) === undefined)
    return refuse('not-mounted', `this host has no controller ${controller}: no hierarchy of v1 has it, nor the v2 tree`);
  if (!group.has(tree)) return refuse('not-in-hierarchy', `the v2 tree at ${tree.mountPoint} has no group ${nameOf(group.path)}`);
  const type = typeOf(group, tree);
  if (controller === 'devices') return { place: { hierarchy: tree, version: 2 } };
  if (controller === 'cgroup') return present(setting, 2, tree, group);
  if (!listOf(group.read(tree, 'cgroup.controllers')).includes(controller)) {
    if (type === 'threaded' && !setting.threaded)
      return refuse(
        'threaded',
        `${nameOf(group.path)} is threaded, and ${controller} acts on whole processes: set it at the group that is their domain`,
      );
    const holder = delegationOf(tree, group.path, controller)?.missing[0];
    return refuse(
      'not-delegated',
      holder === undefined
        ? `${nameOf(group.path)} has no controller ${controller}`
        : `${nameOf(holder)} does not hand the controller ${controller} down (${tree.absolute(holder)}/cgroup.subtree_control)`,
    );
  }
  if (type === 'domain invalid')
    return refuse(
      'domain-invalid',
      `${nameOf(group.path)} lies beside threaded groups and is none itself: it takes no process (cgroup.type is "domain invalid")`,
    );
  return present(setting, 2, tree, group);
}

/**
 * Which version has a setting of a group in force, and where. Where v1 has the controller mounted it is v1's alone.
 */
export function standingOf(setting: CgroupSetting, group: HeldGroup, hierarchies: Hierarchies): Standing {
  const standing = placeOf(setting, group, hierarchies);
  if (standing.place === undefined) return standing;
  if (setting.model === 'readable')
    return { ...standing, refused: { reason: 'readable', text: `${setting.key} is told by the kernel, and not set through us` } };
  if (group.path === '')
    return { ...standing, refused: { reason: 'root-group', text: 'The root of a hierarchy has no limits: it is the whole host' } };
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
      return refuse('not-in-hierarchy', `the hierarchy ${legacy.mountPoint} has no group ${nameOf(group.path)}`);
  }
  if (unified === undefined)
    return setting.v1.length === 0
      ? refuse('other-version', `${setting.key} is of cgroup version 2, which is not mounted here. ${setting.elsewhere ?? ''}`.trim())
      : refuse('not-mounted', `the controller ${setting.legacyController ?? setting.controller} is mounted in no hierarchy here`);
  if (!has2)
    return setting.controller.startsWith('net_')
      ? refuse(
          'not-mounted',
          `the controller ${setting.controller} is of version 1 and mounted in no hierarchy here. ${setting.elsewhere ?? ''}`.trim(),
        )
      : inOtherVersion(setting, 2);
  return unifiedStanding(setting, group, unified);
}
