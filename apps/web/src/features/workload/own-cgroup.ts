import type { Workload } from '@bulkhead/model';

/** How many workloads live in each cgroup. */
export function countByCgroup(workloads: Iterable<Workload>): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { cgroupPath } of workloads) counts.set(cgroupPath, (counts.get(cgroupPath) ?? 0) + 1);
  return counts;
}

/** The cgroup whose use is this workload's alone; undefined where it shares one, or has none but the root. */
export function ownCgroup({ cgroupPath }: Pick<Workload, 'cgroupPath'>, counts: ReadonlyMap<string, number>): string | undefined {
  return cgroupPath === '/' || (counts.get(cgroupPath) ?? 0) > 1 ? undefined : cgroupPath;
}

/**
 * Namespaces in which all processes of a workload can be found, as few and as small as can be: of each of its groups the
 * one with the fewest members.
 */
export function namespacesToLookIn(
  { groups }: Pick<Workload, 'groups'>,
  membersOf: (key: string) => number | undefined,
  most: number,
): string[] {
  const chosen = new Set<string>();
  for (const { namespaces } of groups) {
    if (chosen.size >= most) break;
    if (namespaces.some((key) => chosen.has(key))) continue;
    const [smallest] = [...namespaces].sort(
      (a, b) => (membersOf(a) ?? Number.POSITIVE_INFINITY) - (membersOf(b) ?? Number.POSITIVE_INFINITY),
    );
    if (smallest !== undefined) chosen.add(smallest);
  }
  return [...chosen];
}
