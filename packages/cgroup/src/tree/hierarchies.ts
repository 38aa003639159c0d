import { readFileSync } from 'node:fs';
import { CGROUP_SUPER_MAGIC, CGROUP2_SUPER_MAGIC } from '@bulkhead/kernel';
import type { CgroupController, CgroupSetup } from '@bulkhead/model';
import { Hierarchy } from '../hierarchy.ts';
import { parseCgroupMounts } from '../mounts.ts';

/** Controllers of v1 by their v2 names (admin-guide/cgroup-v1): cpu and cpuacct became one, blkio became io. */
const unifiedNames: Readonly<Record<string, CgroupController>> = {
  cpu: 'cpu',
  cpuacct: 'cpu',
  cpuset: 'cpuset',
  memory: 'memory',
  blkio: 'io',
  io: 'io',
  pids: 'pids',
  devices: 'devices',
  freezer: 'freezer',
  hugetlb: 'hugetlb',
  rdma: 'rdma',
  misc: 'misc',
  perf_event: 'perf_event',
  net_cls: 'net_cls',
  net_prio: 'net_prio',
};

/** A kernel's word for a controller as the v2 documentation has it; undefined for one that we do not know. */
export const toController = (name: string): CgroupController | undefined => unifiedNames[name];

/** Every mounted hierarchy of a host, to be read as one tree. */
export interface Hierarchies extends Disposable {
  readonly setup: CgroupSetup;
  /** Hierarchies of version 1, each with the controllers of its mount. */
  readonly legacy: readonly Hierarchy[];
  readonly unified: Hierarchy | undefined;
  readonly all: readonly Hierarchy[];
  /** The hierarchy of version 1 with a controller of that name. */
  with(controller: string): Hierarchy | undefined;
}

/**
 * Opens every hierarchy that is mounted, also those that cannot limit a container: `unified` where there is none of
 * version 1, `hybrid` where both are, `legacy` where v2 is not mounted. A mount that another file system covers is left out.
 *
 * @param mountinfo contents of /proc/self/mountinfo (proc_pid_mountinfo(5))
 */
export function openHierarchies(mountinfo: string = readFileSync('/proc/self/mountinfo', 'utf8')): Hierarchies {
  const opened = parseCgroupMounts(mountinfo).flatMap(({ mountPoint, controllers, version }) => {
    try {
      return [{ version, hierarchy: Hierarchy.open(mountPoint, version === 2 ? CGROUP2_SUPER_MAGIC : CGROUP_SUPER_MAGIC, controllers) }];
    } catch {
      return [];
    }
  });
  const legacy = opened.filter(({ version }) => version === 1).map(({ hierarchy }) => hierarchy);
  const unified = opened.find(({ version }) => version === 2)?.hierarchy;
  const all = [...legacy, ...(unified === undefined ? [] : [unified])];
  return {
    setup: unified === undefined ? 'legacy' : legacy.length === 0 ? 'unified' : 'hybrid',
    legacy,
    unified,
    all,
    with: (controller) => legacy.find((hierarchy) => hierarchy.controllers.has(controller)),
    [Symbol.dispose]() {
      for (const hierarchy of all) hierarchy[Symbol.dispose]();
    },
  };
}
