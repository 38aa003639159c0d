import { lstatSync, realpathSync } from 'node:fs';
import {
  AT_FDCWD,
  type Fd,
  hasErrno,
  O_DIRECTORY,
  O_NOFOLLOW,
  O_NONBLOCK,
  O_PATH,
  O_RDONLY,
  openat,
  openat2,
  pread,
  RESOLVE_BENEATH,
  RESOLVE_NO_MAGICLINKS,
  RESOLVE_NO_SYMLINKS,
  statFd,
} from '@bulkhead/kernel';
import type { NameMissing } from '@bulkhead/model';

export type Reading = { text: string } | { missing: NameMissing };

const stickyBit = 0o1000;
const othersMayWrite = 0o022;

/** True where nobody but root can put another file in the place of what this directory holds for root. */
function isRootsAlone(path: string): boolean {
  const { uid, mode } = lstatSync(path);
  return uid === 0 && ((mode & othersMayWrite) === 0 || (mode & stickyBit) !== 0);
}

/**
 * Opens a directory of a runtime's, to read below it. Links on the way to it are the administrator's: `/var/lib/docker` may
 * lead to another disk.
 *
 * @returns why not: `absent`, or `unsafe` where somebody else than root could exchange a directory on the way
 */
function openBase(path: string): Fd | NameMissing {
  try {
    const real = realpathSync(path);
    const parts = real.split('/').slice(1);
    for (let length = 0; length <= parts.length; length += 1) if (!isRootsAlone(`/${parts.slice(0, length).join('/')}`)) return 'unsafe';
    return openat(AT_FDCWD, real, O_PATH | O_DIRECTORY | O_NOFOLLOW);
  } catch (failure) {
    return reasonOf(failure);
  }
}

function reasonOf(failure: unknown): NameMissing {
  if (hasErrno(failure, 'ENOENT', 'ENOTDIR')) return 'absent';
  // ELOOP: a link; EXDEV: it leads out of the base.
  return hasErrno(failure, 'ELOOP', 'EXDEV') ? 'unsafe' : 'unreadable';
}

/**
 * Reads a file that a runtime keeps about its containers: below a directory that is root's, through no link, a file of
 * root's, of a bounded size. Never throws for what it finds there.
 *
 * @param relative path below `base`
 */
export function readTrustedFile(base: string, relative: string, maxBytes: number): Reading {
  const opened = openBase(base);
  if (typeof opened === 'string') return { missing: opened };
  using directory = opened;
  try {
    // Not to wait where somebody made it a pipe.
    using file = openat2(directory, relative, {
      flags: O_RDONLY | O_NONBLOCK,
      resolve: RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
    });
    const { uid, sizeBytes } = statFd(file);
    if (uid !== 0) return { missing: 'unsafe' };
    if (sizeBytes > maxBytes) return { missing: 'too-large' };
    return { text: readUpTo(file, sizeBytes) };
  } catch (failure) {
    return { missing: reasonOf(failure) };
  }
}

function readUpTo(file: Fd, sizeBytes: number): string {
  const buffer = Buffer.alloc(sizeBytes);
  let length = 0;
  while (length < sizeBytes) {
    const count = pread(file, buffer.subarray(length), length);
    if (count === 0) break;
    length += count;
  }
  return buffer.toString('utf8', 0, length);
}
