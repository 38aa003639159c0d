import { hasErrno } from '@bulkhead/kernel';
import type { Hierarchy } from '../hierarchy.ts';
import { parentOf } from '../path.ts';

/**
 * Makes a group of the cpuset hierarchy ready to be joined: without CPUs and memory nodes the kernel refuses every
 * process (admin-guide/cgroup-v1/cpusets.rst). Both are copied from the parent where they are empty, from the top down:
 * a crash may have left some so. Groups made below inherit them at birth (cgroup.clone_children).
 */
export function fillCpuset(cpuset: Hierarchy, path: string): void {
  for (const file of ['cpuset.cpus', 'cpuset.mems']) {
    if (cpuset.read(path, file)?.trim() !== '') continue;
    const parent = parentOf(path);
    if (parent !== '') fillCpuset(cpuset, parent);
    cpuset.write(path, file, (cpuset.read(parent, file) ?? '').trim());
  }
}

/** Lets the groups made below a group from now on inherit its CPUs and memory nodes, and hand that on. */
export function inheritCpuset(cpuset: Hierarchy, path: string): void {
  try {
    cpuset.write(path, 'cgroup.clone_children', '1');
  } catch (failure) {
    if (!hasErrno(failure, 'ENOENT')) throw failure;
  }
}
