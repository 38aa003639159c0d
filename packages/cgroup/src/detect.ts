import { readFileSync } from 'node:fs';
import { CGROUP_SUPER_MAGIC, CGROUP2_SUPER_MAGIC } from '@bulkhead/kernel';
import { Problem } from '@bulkhead/model';
import { Hierarchy } from './hierarchy.ts';
import { parseCgroupMounts } from './mounts.ts';
import type { Cgroups } from './types.ts';
import { LegacyCgroups, legacyControllers } from './v1/index.ts';
import { offeredControllers } from './v2/controllers.ts';
import { UnifiedCgroups } from './v2/index.ts';

/** Without these a v2 tree cannot carry a container: it is then a hybrid's, and left alone. */
const neededOfUnified = ['cpu', 'memory', 'pids'] as const;

/**
 * Finds how control groups are mounted and opens them: `unified` where the v2 tree has the controllers cpu, memory and
 * pids; else v1, called `hybrid` where a v2 tree stands beside it and `legacy` where none does.
 *
 * @param delegated path of the group in the v2 tree that its owner (systemd) handed to us; '' for the whole tree
 * @param mountinfo contents of /proc/self/mountinfo (proc_pid_mountinfo(5))
 * @throws Problem('unsupported') where nothing usable is mounted
 */
export function detectCgroups(delegated = '', mountinfo: string = readFileSync('/proc/self/mountinfo', 'utf8')): Cgroups {
  const mounts = parseCgroupMounts(mountinfo);
  const unified = mounts.find((mount) => mount.version === 2);
  if (unified !== undefined) {
    const tree = Hierarchy.open(unified.mountPoint, CGROUP2_SUPER_MAGIC, []);
    const offered = offeredControllers(tree, delegated);
    if (neededOfUnified.every((name) => offered.has(name))) return new UnifiedCgroups(tree, delegated);
    tree[Symbol.dispose]();
  }
  const legacy = mounts.filter((mount) => mount.version === 1 && mount.controllers.some((name) => name in legacyControllers));
  if (legacy.length === 0) {
    throw new Problem('unsupported', 'no control groups are mounted that could limit and count containers', {
      remedy: 'Mount cgroup2 with the controllers cpu, memory and pids at /sys/fs/cgroup, or the hierarchies of cgroup v1 below it.',
    });
  }
  return new LegacyCgroups(
    unified === undefined ? 'legacy' : 'hybrid',
    legacy.map(({ mountPoint, controllers }) => Hierarchy.open(mountPoint, CGROUP_SUPER_MAGIC, controllers)),
  );
}
