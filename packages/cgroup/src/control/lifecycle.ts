import { setTimeout as sleep } from 'node:timers/promises';
import { hasErrno, mkdirat, type Recorder, record, rmdirat, writeFileAt } from '@bulkhead/kernel';
import { type CgroupController, cgroupProblem, cgroupText, Problem } from '@bulkhead/model';
import type { Hierarchy } from '../hierarchy.ts';
import { parentOf, parentsOf } from '../path.ts';
import { type Hierarchies, toController } from '../tree/hierarchies.ts';
import { type ControllerStep, enablingSteps } from './delegation.ts';
import { explainPath, HeldGroup, noSuchGroup, openGroup, readAt, withParent } from './held-group.ts';
import { processesOf, subtreeOf } from './processes.ts';
import { explainRefusal } from './refusal.ts';
import type { ControlOptions } from './types.ts';

/** How long a group whose last process is leaving is tried again. */
const removeTimeoutMsec = 2000;

/** What was made so far, to be taken back where the rest fails. */
export interface Made {
  groups: { hierarchy: Hierarchy; path: string }[];
  enabled: ControllerStep[];
}

export function makeOne(hierarchy: Hierarchy, path: string, made: Made): boolean {
  try {
    withParent(hierarchy, path, (parent, name) => mkdirat(parent, name, 0o755));
  } catch (failure) {
    if (hasErrno(failure, 'EEXIST')) return false;
    throw explainMaking(hierarchy, path, failure);
  }
  made.groups.push({ hierarchy, path });
  return true;
}

function explainMaking(hierarchy: Hierarchy, path: string, failure: unknown): unknown {
  const at = hierarchy.absolute(path);
  const told = explainPath(hierarchy, path, failure);
  if (told !== failure) return told;
  if (hasErrno(failure, 'EAGAIN'))
    return cgroupProblem('exhausted', cgroupText('group.too-deep', { path: at }), {
      cause: failure,
      remedy: cgroupText('group.too-deep.remedy'),
    });
  if (hasErrno(failure, 'EROFS', 'EACCES', 'EPERM'))
    return cgroupProblem('forbidden', cgroupText('group.not-ours', { path: at }), { cause: failure });
  if (hasErrno(failure, 'EINVAL')) return cgroupProblem('invalid', cgroupText('group.no-name', { path: at }), { cause: failure });
  return failure;
}

/** A cpuset of v1 begins empty, and takes no process until it is filled; what the group above has is given to it. */
export function fillCpuset(hierarchy: Hierarchy, path: string): void {
  for (const file of ['cpuset.cpus', 'cpuset.mems']) {
    if (readAt(hierarchy, path, file) !== '') continue;
    const above = readAt(hierarchy, parentOf(path), file) ?? '';
    using directory = openGroup(hierarchy, path);
    if (directory !== undefined && above !== '') writeFileAt(directory, file, above);
  }
}

function takeBack({ groups, enabled }: Made): void {
  for (const { hierarchy, path } of groups.toReversed()) {
    try {
      withParent(hierarchy, path, rmdirat);
    } catch {
      // Somebody is in it by now: it is theirs.
    }
  }
  for (const { hierarchy, path, controllers } of enabled.toReversed()) {
    try {
      using directory = openGroup(hierarchy, path);
      if (directory !== undefined) writeFileAt(directory, 'cgroup.subtree_control', controllers.map((name) => `-${name}`).join(' '));
    } catch {
      // Enabled below by somebody meanwhile.
    }
  }
}

function handDown(step: ControllerStep, made: Made): void {
  const { hierarchy, path, controllers } = step;
  const value = controllers.map((name) => `+${name}`).join(' ');
  try {
    using directory = openGroup(hierarchy, path);
    if (directory === undefined) throw noSuchGroup(path);
    writeFileAt(directory, 'cgroup.subtree_control', value);
    made.enabled.push(step);
  } catch (failure) {
    throw explainRefusal(failure, { file: `${hierarchy.absolute(path)}/cgroup.subtree_control`, value, version: 2 });
  }
}

/** Hierarchies that a group is to be made in, and the controllers that the v2 tree is to hand down to it. */
function targetsOf(
  hierarchies: Hierarchies,
  controllers: readonly CgroupController[] | undefined,
): { legacy: Hierarchy[]; unified: string[] | undefined } {
  const { legacy, unified } = hierarchies;
  if (controllers === undefined) return { legacy: [...legacy], unified: legacy.length === 0 ? [] : undefined };
  const chosen = new Set<Hierarchy>();
  let handed: string[] | undefined;
  for (const controller of controllers) {
    const found = legacy.filter((each) => [...each.controllers].some((name) => toController(name) === controller));
    for (const each of found) chosen.add(each);
    if (found.length > 0) continue;
    if (unified === undefined)
      throw new Problem('unsupported', `the controller ${controller} is mounted in no hierarchy here`, {
        remedy: './bulkhead cgroup controllers lists them.',
      });
    // Freezing and devices are of every group of v2, without a controller.
    handed = [...(handed ?? []), ...(controller === 'freezer' || controller === 'devices' ? [] : [controller])];
  }
  return { legacy: [...chosen], unified: handed };
}

/** Makes a group with the groups above that are missing; see CgroupControl.create. */
export function createGroup(
  hierarchies: Hierarchies,
  path: string,
  controllers: readonly CgroupController[] | undefined,
  { recorder }: ControlOptions = {},
): void {
  if (path === '') throw new Problem('conflict', 'the root group is there already');
  const targets = targetsOf(hierarchies, controllers);
  const { unified } = hierarchies;
  const made: Made = { groups: [], enabled: [] };
  record(recorder, () => {
    try {
      let isNew = false;
      for (const hierarchy of targets.legacy)
        for (const each of [...parentsOf(path), path]) {
          const isMade = makeOne(hierarchy, each, made);
          if (isMade && hierarchy.controllers.has('cpuset')) fillCpuset(hierarchy, each);
          if (each === path) isNew ||= isMade;
        }
      if (targets.unified !== undefined && unified !== undefined) {
        const { steps } = enablingSteps(unified, path, targets.unified);
        for (const each of ['', ...parentsOf(path)]) {
          if (each !== '') makeOne(unified, each, made);
          for (const step of steps.filter((one) => one.path === each)) handDown(step, made);
        }
        isNew = makeOne(unified, path, made) || isNew;
      }
      if (!isNew)
        throw cgroupProblem('conflict', cgroupText('group.exists', { path: `/${path}` }), { remedy: cgroupText('group.exists.remedy') });
    } catch (failure) {
      takeBack(made);
      throw failure;
    }
  });
}

function checkRemovable(present: readonly Hierarchy[], path: string, recursive: boolean): void {
  for (const hierarchy of present) {
    const below = hierarchy.childNames(path);
    if (below.length > 0 && !recursive)
      throw cgroupProblem(
        'conflict',
        cgroupText('group.children', { path: hierarchy.absolute(path), count: below.length, names: below.slice(0, 5).join(', ') }),
        { remedy: cgroupText('group.children.remedy') },
      );
  }
  const pids = processesOf(present, path, recursive);
  if (pids.length > 0)
    throw cgroupProblem(
      'conflict',
      cgroupText('group.processes', {
        count: pids.length,
        path: `/${path}`,
        pids: `${pids.slice(0, 10).join(', ')}${pids.length > 10 ? ', …' : ''}`,
      }),
      { remedy: cgroupText('group.processes.remedy') },
    );
}

/** @returns the first group that is busy; undefined once all is gone */
function removeFrom(hierarchy: Hierarchy, path: string): string | undefined {
  for (const each of subtreeOf(hierarchy, path)) {
    try {
      withParent(hierarchy, each, rmdirat);
    } catch (failure) {
      if (hasErrno(failure, 'EBUSY', 'ENOTEMPTY')) return each;
      if (failure instanceof Problem && failure.code === 'not-found') continue;
      if (!hasErrno(failure, 'ENOENT', 'ENODEV')) throw explainPath(hierarchy, each, failure);
    }
  }
  return undefined;
}

/** Removes a group in every hierarchy that has it; see CgroupControl.remove. */
export async function removeGroup(
  hierarchies: Hierarchies,
  path: string,
  { recursive = false, recorder, timeoutMsec = removeTimeoutMsec }: ControlOptions & { recursive?: boolean } = {},
): Promise<void> {
  if (path === '') throw new Problem('invalid', 'the root group cannot be removed');
  const present = presentIn(hierarchies, path);
  checkRemovable(present, path, recursive);
  const deadline = performance.now() + timeoutMsec;
  for (let pauseMsec = 1; ; pauseMsec = Math.min(pauseMsec * 2, 50)) {
    const busy = removeEverywhere(present, path, recorder);
    if (busy === undefined) return;
    if (performance.now() > deadline)
      throw cgroupProblem('conflict', cgroupText('group.busy', { path: busy, timeout: timeoutMsec }), {
        remedy: cgroupText('group.busy.remedy'),
      });
    await sleep(pauseMsec);
  }
}

const presentIn = (hierarchies: Hierarchies, path: string): Hierarchy[] => {
  using group = HeldGroup.open(hierarchies.all, path);
  return group.present;
};

const removeEverywhere = (present: readonly Hierarchy[], path: string, recorder: Recorder | undefined): string | undefined =>
  record(recorder, () => {
    let busy: string | undefined;
    for (const hierarchy of present) {
      const each = removeFrom(hierarchy, path);
      if (each !== undefined) busy ??= hierarchy.absolute(each);
    }
    return busy;
  });
