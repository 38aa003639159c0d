import { type CgroupText, cgroupProblem, cgroupText } from '@bulkhead/model';
import { parseSpaceSeparated } from '../formats.ts';
import type { Hierarchy } from '../hierarchy.ts';
import { HeldGroup } from './held-group.ts';
import { delegationOf } from './in-force.ts';

/** A group of v2 that is to hand controllers down. */
export interface ControllerStep {
  hierarchy: Hierarchy;
  path: string;
  controllers: string[];
  before: string;
}

/** Controllers that a threaded group may have (cgroup-v2.rst, "Threads"). */
const threadedControllers = new Set(['cpu', 'cpuset', 'perf_event', 'pids']);

/** @throws Problem where the group cannot hand this down: it holds processes itself, or is threaded */
function checkCanHandDown(tree: Hierarchy, group: HeldGroup, controller: string): void {
  // The root is exempt: the whole host is in it.
  if (group.path === '') return;
  const file = `${tree.absolute(group.path)}/cgroup.subtree_control`;
  const type = group.read(tree, 'cgroup.type') ?? 'domain';
  if (type === 'domain invalid' || (type !== 'domain' && !threadedControllers.has(controller)))
    throw cgroupProblem('conflict', cgroupText('hand-down.threaded', { path: `/${group.path}`, controller, file, type }), {
      remedy: cgroupText('hand-down.threaded.remedy'),
    });
  if (type === 'domain' && (group.read(tree, 'cgroup.procs') ?? '') !== '')
    throw cgroupProblem('conflict', cgroupText('hand-down.processes', { path: `/${group.path}`, controller, file }), {
      remedy: cgroupText('hand-down.processes.remedy'),
    });
}

/** Whoever writes into the groups above a systemd unit meets systemd there. */
const isOfSystemd = (path: string): boolean => /\.(?:slice|service|scope)$/.test(path);

/**
 * What it takes for a group of v2 to have controllers: groups above that are to hand them down, outermost first.
 *
 * @throws Problem('unsupported') where the tree has a controller not at all, Problem('conflict') where a group above cannot
 */
export function enablingSteps(
  tree: Hierarchy,
  path: string,
  controllers: readonly string[],
): { steps: ControllerStep[]; warnings: CgroupText[] } {
  const steps = new Map<string, ControllerStep>();
  const warnings: CgroupText[] = [];
  for (const controller of controllers) {
    const delegation = delegationOf(tree, path, controller);
    if (delegation === undefined)
      throw cgroupProblem('unsupported', cgroupText('hand-down.none', { mountPoint: tree.mountPoint, controller }), {
        remedy: cgroupText('hand-down.none.remedy'),
      });
    for (const above of delegation.missing) {
      using group = HeldGroup.openIfAny([tree], above);
      // One that is yet to be made has no processes.
      if (group !== undefined) checkCanHandDown(tree, group, controller);
      const before = group?.read(tree, 'cgroup.subtree_control') ?? '';
      const step = steps.get(above) ?? { hierarchy: tree, path: above, controllers: [], before };
      step.controllers.push(controller);
      steps.set(above, step);
      warnings.push(
        above === ''
          ? cgroupText('warn.enabled.root', { controller })
          : cgroupText(isOfSystemd(above) ? 'warn.enabled.systemd' : 'warn.enabled', { controller, path: `/${above}` }),
      );
    }
  }
  const depth = (each: string): number => (each === '' ? 0 : each.split('/').length);
  return { steps: [...steps.values()].sort((left, right) => depth(left.path) - depth(right.path)), warnings };
}

/** Controllers that the root of the tree has. */
export const controllersOf = (tree: Hierarchy): string[] => {
  using root = HeldGroup.openIfAny([tree], '');
  return parseSpaceSeparated(root?.read(tree, 'cgroup.controllers') ?? '');
};
