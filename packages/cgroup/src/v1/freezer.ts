import { hasErrno } from '@bulkhead/kernel';
import type { Hierarchy } from '../hierarchy.ts';

/** freezer.state (admin-guide/cgroup-v1/freezer-subsystem.rst): of the group and everything below. Does not wait until all are frozen. */
export function setFrozen(freezer: Hierarchy, path: string, isFrozen: boolean): void {
  try {
    freezer.write(path, 'freezer.state', isFrozen ? 'FROZEN' : 'THAWED');
  } catch (failure) {
    if (!hasErrno(failure, 'ENOENT', 'ENODEV')) throw failure;
  }
}
