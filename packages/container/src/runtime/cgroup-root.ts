import type { Cgroups } from '@bulkhead/cgroup';
import { type ContainerId, cgroupRoot, type InstanceName } from '@bulkhead/model';

/** How long a forced end may take before it is given up as stuck in the kernel. */
export const killTimeoutMsec = 10_000;

/** Name of the cgroup of a container's first process, below the container's own. Its further processes have `exec-<n>` beside it. */
export const initName = 'init';
export const initCgroup = (path: string): string => `${path}/${initName}`;

/** Makes the instance's root. Devices are restricted once, there: all below inherit it, and v1 takes the list only while there is nothing below. */
export function makeCgroupRoot(cgroups: Cgroups, instance: InstanceName): void {
  const root = cgroupRoot(instance, cgroups.delegated);
  cgroups.create(root);
  if (cgroups.children(root).length === 0) cgroups.restrictDevices(root);
}

/**
 * Ends and removes cgroups of the instance that belong to no container: left by a crash before anything was written, by
 * a lost /run, or prepared for a container that never came.
 *
 * @returns the ids they were named by
 */
export async function removeOrphans(
  cgroups: Cgroups,
  instance: InstanceName,
  isKnown: (id: ContainerId) => boolean,
): Promise<ContainerId[]> {
  const idOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);
  const orphans = cgroups
    .children(cgroupRoot(instance, cgroups.delegated))
    .flatMap((tenantPath) => cgroups.children(tenantPath))
    .filter((path) => !isKnown(idOf(path)));
  for (const path of orphans) {
    await cgroups.kill(path, killTimeoutMsec);
    await cgroups.remove(path);
  }
  return orphans.map(idOf);
}
