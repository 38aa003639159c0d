import { AT_FDCWD, type Fd, hasErrno, O_NOFOLLOW, O_RDONLY, openat } from '@bulkhead/kernel';
import type { Hierarchy } from '../hierarchy.ts';
import { readKept } from '../reader.ts';

/** Opens a file of a group to read. @returns undefined where the kernel has none at this group, or does not count what it tells */
export function openFile(hierarchy: Hierarchy, path: string, file: string): Fd | undefined {
  try {
    return openat(AT_FDCWD, `${hierarchy.absolute(path)}/${file}`, O_RDONLY | O_NOFOLLOW);
  } catch (failure) {
    // Pressure that is switched off answers EOPNOTSUPP.
    if (hasErrno(failure, 'ENOENT', 'ENODEV', 'EOPNOTSUPP')) return undefined;
    throw failure;
  }
}

/** Text of a file of a group, through one buffer for all. @returns undefined where there is none */
export function readFile(hierarchy: Hierarchy, path: string, file: string): string | undefined {
  using fd = openFile(hierarchy, path, file);
  if (fd === undefined) return undefined;
  try {
    return readKept(fd);
  } catch (failure) {
    // Removed between the two; and a threaded group has no list of processes.
    if (hasErrno(failure, 'ENODEV', 'EOPNOTSUPP')) return undefined;
    throw failure;
  }
}
