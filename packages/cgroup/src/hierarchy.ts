import { existsSync, readdirSync, statSync } from 'node:fs';
import {
  AT_FDCWD,
  activeRecorder,
  type Fd,
  filesystemType,
  hasErrno,
  mkdirat,
  O_DIRECTORY,
  O_NOFOLLOW,
  O_RDONLY,
  O_WRONLY,
  openat,
  openat2,
  RESOLVE_BENEATH,
  RESOLVE_NO_SYMLINKS,
  RESOLVE_NO_XDEV,
  Recorder,
  readFileAt,
  record,
  rmdirat,
  writeFileAt,
} from '@bulkhead/kernel';
import { Problem } from '@bulkhead/model';
import { parseNewLineSeparated } from './formats.ts';
import { parentOf } from './path.ts';

/**
 * One mounted tree of control groups, held by a descriptor of its mount point: what is made, written and removed goes
 * through it, so that a mount put over it later cannot redirect us. Paths are relative to it and checked by the caller.
 */
export class Hierarchy implements Disposable {
  readonly mountPoint: string;
  readonly controllers: ReadonlySet<string>;
  readonly #root: Fd;

  constructor(mountPoint: string, root: Fd, controllers: Iterable<string>) {
    this.mountPoint = mountPoint;
    this.#root = root;
    this.controllers = new Set(controllers);
  }

  /** Opens a mount point that is on a file system of the type expected (statfs(2)). */
  static open(mountPoint: string, magic: number, controllers: Iterable<string>): Hierarchy {
    if (filesystemType(mountPoint) !== magic) {
      throw new Problem('unsupported', `${mountPoint} is listed as control groups, but another file system lies over it`, {
        remedy: `Unmount what covers ${mountPoint}.`,
      });
    }
    return new Hierarchy(mountPoint, openat(AT_FDCWD, mountPoint, O_RDONLY | O_DIRECTORY | O_NOFOLLOW), controllers);
  }

  [Symbol.dispose](): void {
    this.#root[Symbol.dispose]();
  }

  /** Absolute, for look-ups and messages; '' is the root. */
  absolute(path: string): string {
    return path === '' ? this.mountPoint : `${this.mountPoint}/${path}`;
  }

  exists(path: string): boolean {
    return existsSync(this.absolute(path));
  }

  /** Contents of a file of a group. @returns undefined where the file or the group is not there */
  read(path: string, file: string): string | undefined {
    try {
      return readFileAt(this.#root, path === '' ? file : `${path}/${file}`);
    } catch (failure) {
      if (hasErrno(failure, 'ENOENT', 'ENODEV')) return undefined;
      throw failure;
    }
  }

  write(path: string, file: string, data: string): void {
    writeFileAt(this.#root, path === '' ? file : `${path}/${file}`, data);
  }

  openForWriting(path: string, file: string): Fd {
    return openat(this.#root, `${path}/${file}`, O_WRONLY);
  }

  openDirectory(path: string): Fd {
    return openat(this.#root, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  }

  /**
   * Opens what lies beneath the mount point, whatever its path says: over no link, out of the hierarchy by no `..`, onto
   * no other file system (openat2(2): ELOOP, EXDEV).
   */
  openBeneath(path: string, flags: number): Fd {
    const resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV;
    return openat2(this.#root, path === '' ? '.' : path, { flags, resolve });
  }

  /** @returns undefined where the group is not there */
  openDirectoryIfAny(path: string): Fd | undefined {
    try {
      return this.openDirectory(path);
    } catch (failure) {
      if (hasErrno(failure, 'ENOENT')) return undefined;
      throw failure;
    }
  }

  /** Makes one directory. A try that made none is no step of what is done to the host. @returns false where it was there */
  makeOne(path: string): boolean {
    const tried = new Recorder(1);
    try {
      record(tried, () => mkdirat(this.#root, path, 0o755));
      for (const step of tried.steps) activeRecorder()?.add(step);
      return true;
    } catch (failure) {
      if (hasErrno(failure, 'EEXIST')) return false;
      throw failure;
    }
  }

  /** Makes a path with the parents it lacks, asking the kernel once for each of the last two, which usually are the new ones. @returns what was made, outermost first */
  makePath(path: string): string[] {
    const parent = parentOf(path);
    const made: string[] = [];
    try {
      if (parent !== '' && this.makeOne(parent)) made.push(parent);
    } catch (failure) {
      if (!hasErrno(failure, 'ENOENT')) throw failure;
      made.push(...this.makePath(parent));
    }
    if (this.makeOne(path)) made.push(path);
    return made;
  }

  /** Names of the groups directly below; none where the group is not there. `likely` is what is expected there, so that usually nothing needs to be listed. */
  childNames(path: string, likely: readonly string[] = []): string[] {
    const directory = this.absolute(path);
    try {
      // A group has some forty files; two links mean no directory among them (kernfs counts like any file system).
      const below = statSync(directory).nlink - 2;
      if (below === 0) return [];
      if (below === likely.length && likely.every((name) => existsSync(`${directory}/${name}`))) return [...likely];
      return readdirSync(directory, { withFileTypes: true })
        .filter((entry) => entry.isDirectory())
        .map((entry) => entry.name);
    } catch (failure) {
      if (hasErrno(failure, 'ENOENT', 'ENODEV')) return [];
      throw failure;
    }
  }

  /** The path and every group below it, deepest first. @param likely what is expected directly below */
  subtree(path: string, likely: readonly string[] = []): string[] {
    return [...this.childNames(path, likely).flatMap((name) => this.subtree(`${path}/${name}`)), path];
  }

  /** Pids in the path and below, each once. A process of a pid namespace we cannot see (0) is left out: nobody could signal it from here. */
  processes(path: string): number[] {
    const found = new Set<number>();
    for (const each of this.subtree(path)) {
      let text: string | undefined;
      try {
        text = this.read(each, 'cgroup.procs');
      } catch (failure) {
        // A threaded group lists its processes in the domain above it alone.
        if (hasErrno(failure, 'EOPNOTSUPP')) continue;
        throw failure;
      }
      for (const line of parseNewLineSeparated(text ?? '')) if (line !== '0') found.add(Number(line));
    }
    return [...found];
  }

  /** @returns false where it is busy; one that is not there is as good as removed */
  removeOne(path: string): boolean {
    try {
      rmdirat(this.#root, path);
    } catch (failure) {
      if (hasErrno(failure, 'EBUSY', 'ENOTEMPTY')) return false;
      if (!hasErrno(failure, 'ENOENT', 'ENODEV')) throw failure;
    }
    return true;
  }

  /**
   * rmdir of the path and everything below, deepest first.
   *
   * @param likely what is expected below, so that usually nothing needs to be listed
   * @returns the first group that is busy; undefined once all is gone
   */
  removeSubtree(path: string, likely: readonly string[] = []): string | undefined {
    for (const name of likely) this.removeOne(`${path}/${name}`);
    if (this.removeOne(path)) return undefined;
    return this.subtree(path).find((each) => !this.removeOne(each));
  }
}
