import type { Hierarchy } from '../hierarchy.ts';
import type { Hierarchies } from './hierarchies.ts';

/** Paths of one hierarchy relative to its mount point, parents before children; '' is the root. */
export function* walkHierarchy(hierarchy: Hierarchy, from = ''): Generator<string> {
  if (from !== '' && !hierarchy.exists(from)) return;
  // Breadth first with a list of its own: a tree may be deeper than the stack.
  const waiting = [from];
  for (let index = 0; index < waiting.length; index += 1) {
    const path = waiting[index] as string;
    yield path;
    for (const name of hierarchy.childNames(path)) waiting.push(path === '' ? name : `${path}/${name}`);
  }
}

export interface Walked {
  /** Hierarchies in which each path is, parents before children. */
  groups: Map<string, Hierarchy[]>;
  /** Groups beyond the bound. */
  leftOut: number;
}

/**
 * Every group of the host, merged by path: the same path in several hierarchies of v1 is one cgroup, and each may have
 * groups that the others lack.
 *
 * @param limit groups taken, at most; further ones are counted
 */
export function walkTree({ all }: Pick<Hierarchies, 'all'>, limit: number): Walked {
  const groups = new Map<string, Hierarchy[]>();
  const beyond = new Set<string>();
  for (const hierarchy of all) {
    for (const path of walkHierarchy(hierarchy)) {
      const known = groups.get(path);
      if (known !== undefined) known.push(hierarchy);
      else if (groups.size < limit) groups.set(path, [hierarchy]);
      // Counted to a bound as well: what lies far beyond it is not worth the memory.
      else if (beyond.size < 10 * limit) beyond.add(path);
    }
  }
  return { groups, leftOut: beyond.size };
}
