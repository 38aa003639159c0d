import { hasErrno } from '@bulkhead/kernel';
import { Problem } from '@bulkhead/model';
import { parseSpaceSeparated } from '../formats.ts';
import type { Hierarchy } from '../hierarchy.ts';

/** Controllers of v2 that groups of ours are to have, where the kernel offers them. */
export const wantedControllers = ['cpuset', 'cpu', 'io', 'memory', 'pids'] as const;

/** Controllers a group may hand down (cgroup.controllers). */
export const offeredControllers = (tree: Hierarchy, path: string): Set<string> =>
  new Set(parseSpaceSeparated(tree.read(path, 'cgroup.controllers') ?? ''));

function enable(tree: Hierarchy, path: string, controllers: readonly string[]): void {
  tree.write(path, 'cgroup.subtree_control', controllers.map((name) => `+${name}`).join(' '));
}

/**
 * Hands the wanted controllers down to the groups below `path` (cgroup.subtree_control). What the kernel refuses one by
 * one (cpu, while real-time processes run outside the root) is left out; a limit that needs it says so.
 */
export function enableControllers(tree: Hierarchy, path: string): void {
  const offered = offeredControllers(tree, path);
  const enabled = new Set(parseSpaceSeparated(tree.read(path, 'cgroup.subtree_control') ?? ''));
  const missing = wantedControllers.filter((name) => offered.has(name) && !enabled.has(name));
  if (missing.length === 0) return;
  try {
    enable(tree, path, missing);
  } catch (failure) {
    if (hasErrno(failure, 'EBUSY')) {
      throw new Problem('conflict', `${tree.absolute(path)} holds processes itself, so groups below it cannot be limited`, {
        cause: failure,
        remedy: 'On cgroup v2 processes live in leaves alone: move them into a group below.',
      });
    }
    if (!hasErrno(failure, 'EINVAL', 'ENOENT', 'EOPNOTSUPP')) throw failure;
    for (const name of missing) {
      try {
        enable(tree, path, [name]);
      } catch (refusal) {
        if (!hasErrno(refusal, 'EINVAL', 'ENOENT', 'EOPNOTSUPP')) throw refusal;
      }
    }
  }
}
