import { hasErrno } from '@bulkhead/kernel';
import type { Hierarchy } from '../hierarchy.ts';

/** cgroup.freeze (Linux 5.2): of the group and everything below. Does not wait until all are frozen. */
export function setFrozen(tree: Hierarchy, path: string, isFrozen: boolean): void {
  try {
    tree.write(path, 'cgroup.freeze', isFrozen ? '1' : '0');
  } catch (failure) {
    if (!hasErrno(failure, 'ENOENT', 'ENODEV')) throw failure;
  }
}
