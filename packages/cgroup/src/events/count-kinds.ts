import { counterOf, parseFlatKeyed } from '../formats.ts';
import type { Hierarchy } from '../hierarchy.ts';
import { sourceOf } from '../tree/counter-kinds.ts';
import type { Hierarchies } from '../tree/hierarchies.ts';

/** What the kernel counts of a group that nobody wants to see grow. */
export const countKinds = {
  /** Processes that the OOM killer ended: memory.oom_control (admin-guide/cgroup-v1/memory.rst, Linux 4.13), memory.events (cgroup-v2.rst). */
  oomKills: { legacy: { controller: 'memory', file: 'memory.oom_control' }, unified: 'memory.events', key: 'oom_kill' },
  /** Forks that pids.max refused: pids.events (admin-guide/cgroup-v1/pids.rst, cgroup-v2.rst). */
  pidsRefusals: { legacy: { controller: 'pids', file: 'pids.events' }, unified: 'pids.events', key: 'max' },
} as const;
export type CountKind = keyof typeof countKinds;
export const countKindNames = Object.keys(countKinds) as CountKind[];

export interface CountSource {
  hierarchy: Hierarchy;
  file: string;
  version: 1 | 2;
  /**
   * Whether the number is of the whole subtree. Version 1 counts each kill at the victim's group and no further up, and a
   * refused fork at the group that wanted to fork; version 2 counts upwards, refused forks since Linux 6.11 (those kernels
   * have pids.events.local beside it).
   */
  ofSubtree: boolean;
}

/** Where a count of a group stands; undefined where the kernel has none of it. */
export function countSourceOf(
  kind: CountKind,
  hierarchies: Pick<Hierarchies, 'with' | 'unified'>,
  { path, present }: { path: string; present: readonly Hierarchy[] },
): CountSource | undefined {
  // The root of a hierarchy has no limit that could be reached.
  if (path === '') return undefined;
  const source = sourceOf(countKinds[kind], hierarchies, present);
  if (source === undefined) return undefined;
  const { hierarchy, version } = source;
  if (version === 2 && !hierarchy.exists(`${path}/${source.file}`)) return undefined;
  const ofSubtree = version === 2 && (kind === 'oomKills' || hierarchy.exists(`${path}/pids.events.local`));
  return { ...source, ofSubtree };
}

/** The number out of such a file; undefined where the kernel does not count it. @throws FormatError */
export function parseCount(kind: CountKind, text: string): number | undefined {
  const value = counterOf(parseFlatKeyed(text), countKinds[kind].key);
  return value === undefined ? undefined : Number(value);
}
