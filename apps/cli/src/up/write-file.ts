import { randomBytes } from 'node:crypto';
import { chmodSync, constants, mkdirSync, type PathLike, renameSync, rmSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname, join } from 'node:path';

export interface Ownership {
  uid: number;
  gid: number;
  mode: number;
}

const root = { uid: 0, gid: 0 } as const;

/**
 * Writes a file whole or not at all, with owner and mode from the start. `workDirectory` is on the same file system
 * and closed to all but root: a service may own the target's directory, and what it puts there is replaced, never followed.
 */
export async function writeFileAtomically(
  path: string,
  content: string,
  options: { mode: number; uid?: number; gid?: number; workDirectory?: string },
): Promise<void> {
  const fresh = join(options.workDirectory ?? dirname(path), `.${randomBytes(8).toString('hex')}`);
  try {
    {
      await using file = await open(fresh, 'wx', 0o600);
      await file.writeFile(content);
      await file.chown(options.uid ?? root.uid, options.gid ?? root.gid);
      await file.chmod(options.mode);
      await file.sync();
    }
    renameSync(fresh, path);
  } catch (failure) {
    rmSync(fresh, { force: true });
    throw failure;
  }
}

/**
 * Makes a directory and those above it. Node's own `recursive` tries for ever where the kernel says ENOENT although the
 * parent is there, as below /proc.
 */
function makeDirectories(path: string): void {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (failure) {
    const { code } = failure as NodeJS.ErrnoException;
    if (code === 'EEXIST') return;
    if (code !== 'ENOENT' || exists(dirname(path))) throw failure;
    makeDirectories(dirname(path));
    // Above what is ours to close, directories are as anybody's.
    chmodSync(dirname(path), 0o755);
    mkdirSync(path, { mode: 0o700 });
  }
}

/** Makes one directory, or gives the one that is there this owner and mode. Its parent must be root's own. */
export async function ensureDirectory(path: string, owner: Partial<Ownership> & { mode: number }): Promise<void> {
  makeDirectories(path);
  const { O_DIRECTORY, O_NOFOLLOW, O_RDONLY } = constants;
  await using directory = await open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  const status = await directory.stat();
  const uid = owner.uid ?? root.uid;
  const gid = owner.gid ?? root.gid;
  if (status.uid !== uid || status.gid !== gid) await directory.chown(uid, gid);
  if ((status.mode & 0o7777) !== owner.mode) await directory.chmod(owner.mode);
}

export const exists = (path: PathLike): boolean => statSync(path, { throwIfNoEntry: false }) !== undefined;
