import type { CgroupController, CgroupHierarchy } from '@bulkhead/model';

export interface ControllerChoice {
  controller: CgroupController;
  version: 1 | 2;
  /** Given to a new group where nobody says otherwise. */
  usual: boolean;
}

const names: Readonly<Record<string, CgroupController>> = {
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
/** What a group of v2 is made for; the others it is given when they are wanted. */
const usualOfUnified: ReadonlySet<CgroupController> = new Set(['cpu', 'memory', 'io', 'pids']);

/**
 * Controllers that a new group can have on a host. By itself it is made in every hierarchy of v1, as mkdir in each would;
 * where there is none, the v2 tree hands down the controllers that groups are made for.
 */
export function controllerChoices(hierarchies: readonly CgroupHierarchy[]): ControllerChoice[] {
  const isUnified = hierarchies.every(({ version }) => version === 2);
  const choices = new Map<CgroupController, ControllerChoice>();
  for (const { version, controllers } of hierarchies)
    for (const name of controllers) {
      const controller = Object.hasOwn(names, name) ? names[name] : undefined;
      if (controller === undefined || choices.has(controller)) continue;
      choices.set(controller, { controller, version, usual: version === 1 || (isUnified && usualOfUnified.has(controller)) });
    }
  return [...choices.values()];
}
