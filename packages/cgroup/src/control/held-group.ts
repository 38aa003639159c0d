import { type Fd, hasErrno, O_DIRECTORY, O_PATH, O_RDONLY, readFileAt, record, statFd } from '@bulkhead/kernel';
import { cgroupProblem, cgroupText, Problem } from '@bulkhead/model';
import type { Hierarchy } from '../hierarchy.ts';
import { parentOf } from '../path.ts';

/** Names of a path, at most; the kernel's own bound is the length of a path. */
const deepest = 64;

/**
 * A path as CgroupPath has it, relative to the mount points. Any characters that the kernel takes in a name, and no step
 * out of the hierarchy.
 */
export function relativePath(path: string): string {
  const parts = path === '/' ? [] : path.slice(1).split('/');
  const isName = (part: string) => part !== '' && part !== '.' && part !== '..' && Buffer.byteLength(part) <= 255;
  // The kernel refuses a line end in the name of a group (cgroup_mkdir).
  if (!path.startsWith('/') || path.length > 4096 || parts.length > deepest || !parts.every(isName) || /[\0\n]/.test(path))
    throw new Problem('invalid', `${JSON.stringify(path.slice(0, 200))} is not a path of a cgroup`, {
      remedy: 'It begins with /, and its names are not empty, not "." and not "..", as ./bulkhead cgroup ls shows them.',
    });
  return parts.join('/');
}

/** Why a path cannot be walked, told plainly. */
export function explainPath(hierarchy: Hierarchy, path: string, failure: unknown): unknown {
  const at = hierarchy.absolute(path);
  if (hasErrno(failure, 'EXDEV'))
    return new Problem('conflict', `${at} leads onto another file system: something is mounted over a cgroup on the way`, {
      cause: failure,
      remedy: 'findmnt tells what; unmount it, or choose another path.',
    });
  if (hasErrno(failure, 'ELOOP'))
    return new Problem('conflict', `${at} leads over a symbolic link, which no cgroup is`, { cause: failure });
  if (hasErrno(failure, 'ENOTDIR')) return new Problem('invalid', `${at} is a file, not a cgroup`, { cause: failure });
  if (hasErrno(failure, 'ENAMETOOLONG')) return new Problem('invalid', `${at} is longer than a path may be`, { cause: failure });
  return failure;
}

const absent = ['ENOENT', 'ENODEV'] as const;

/** Opens the directory of a group beneath the mount point. @returns undefined where it is not there */
export function openGroup(hierarchy: Hierarchy, path: string, flags = O_RDONLY): Fd | undefined {
  try {
    // Looking is no step of what is done to the host.
    return record(undefined, () => hierarchy.openBeneath(path, flags | O_DIRECTORY));
  } catch (failure) {
    if (hasErrno(failure, ...absent)) return undefined;
    throw explainPath(hierarchy, path, failure);
  }
}

/** Runs something with the directory above a path. @throws Problem('not-found') where that is not there */
export function withParent<T>(hierarchy: Hierarchy, path: string, use: (parent: Fd, name: string) => T): T {
  using parent = openGroup(hierarchy, parentOf(path), O_PATH);
  if (parent === undefined) throw new Problem('not-found', `there is no cgroup ${hierarchy.absolute(parentOf(path))}`);
  return use(parent, path.slice(path.lastIndexOf('/') + 1));
}

export const noSuchGroup = (path: string): Problem =>
  cgroupProblem('not-found', cgroupText('group.none', { path: `/${path}` }), { remedy: cgroupText('group.none.remedy') });

/**
 * One group with an open directory in every hierarchy that has it: what is read and written afterwards is of this very
 * group, also where one of the same name takes its place.
 */
export class HeldGroup implements Disposable {
  /** Relative to the mount points; '' is the root. */
  readonly path: string;
  readonly #directories: ReadonlyMap<Hierarchy, Fd>;

  private constructor(path: string, directories: ReadonlyMap<Hierarchy, Fd>) {
    this.path = path;
    this.#directories = directories;
  }

  /** @throws Problem('not-found') where no hierarchy has it */
  static open(hierarchies: readonly Hierarchy[], path: string): HeldGroup {
    const group = HeldGroup.openIfAny(hierarchies, path);
    if (group === undefined) throw noSuchGroup(path);
    return group;
  }

  static openIfAny(hierarchies: readonly Hierarchy[], path: string): HeldGroup | undefined {
    using opened = new DisposableStack();
    const directories = new Map<Hierarchy, Fd>();
    for (const hierarchy of hierarchies) {
      const directory = openGroup(hierarchy, path);
      if (directory !== undefined) directories.set(hierarchy, opened.use(directory));
    }
    if (directories.size === 0) return undefined;
    opened.move();
    return new HeldGroup(path, directories);
  }

  get present(): Hierarchy[] {
    return [...this.#directories.keys()];
  }

  /** Inodes of its directories: those of a group made anew are others. */
  get incarnation(): string {
    return [...this.#directories.values()].map((directory) => statFd(directory).ino).join('-');
  }

  has(hierarchy: Hierarchy | undefined): boolean {
    return hierarchy !== undefined && this.#directories.has(hierarchy);
  }

  /** The open directory of a hierarchy that has it. */
  directory(hierarchy: Hierarchy): Fd {
    const directory = this.#directories.get(hierarchy);
    if (directory === undefined) throw noSuchGroup(this.path);
    return directory;
  }

  /** Text of a file less the line end. @returns undefined where there is none, or it can only be written. @throws Problem('not-found') once the group is gone */
  read(hierarchy: Hierarchy, file: string): string | undefined {
    try {
      return readFileAt(this.directory(hierarchy), file).replace(/\n$/, '');
    } catch (failure) {
      // A file that is only written answers EINVAL to root; EOPNOTSUPP is a list that a threaded group does not keep.
      if (hasErrno(failure, 'ENOENT', 'EINVAL', 'EOPNOTSUPP', 'EACCES')) return undefined;
      if (hasErrno(failure, 'ENODEV')) throw noSuchGroup(this.path);
      throw failure;
    }
  }

  /** False once it was removed, also where another of its name is there by now. */
  isThere(hierarchy: Hierarchy): boolean {
    using now = openGroup(hierarchy, this.path, O_PATH);
    return now !== undefined && statFd(now).ino === statFd(this.directory(hierarchy)).ino;
  }

  [Symbol.dispose](): void {
    for (const directory of this.#directories.values()) directory[Symbol.dispose]();
  }
}

/** Text of one file of another group than the one that is held, less the line end; undefined where there is none. */
export function readAt(hierarchy: Hierarchy, path: string, file: string): string | undefined {
  using group = HeldGroup.openIfAny([hierarchy], path);
  return group?.read(hierarchy, file);
}
