import { readdirSync, statSync } from 'node:fs';
import { AT_FDCWD, AT_SYMLINK_NOFOLLOW, fchmodat, fchownat } from '@bulkhead/kernel';
import type { GroupPermissions, Ownership } from './intent.ts';
import type { Version } from './words.ts';

/** Files through which processes move into a group; v2 has no `tasks`. */
const taskFiles: Record<Version, ReadonlySet<string>> = { 1: new Set(['tasks']), 2: new Set(['cgroup.procs', 'cgroup.threads']) };

/** Owner and mode of one file as it is to be. */
export interface OwnedFile {
  path: string;
  uid: number;
  gid: number;
  mode: number;
}

/**
 * A wanted mode cut to what the owner may do anyway, as libcgroup does: the kernel makes a file that cannot be read
 * without the owner's right to read it, and nobody else is to have one.
 */
export function withinOwner(wanted: number, present: number): number {
  const owner = present & 0o700;
  return wanted & (0o7000 | owner | (owner >> 3) | (owner >> 6));
}

/**
 * What is to be changed of the owners and modes of a group's directory and files (cgconfig.conf(5), "permissions"): `task`
 * has the files that move processes, `admin` the rest and the directory. Who is not named is root.
 *
 * @param directory absolute path of the group
 */
export function ownershipChanges(directory: string, version: Version, { task, admin }: GroupPermissions): OwnedFile[] {
  const changes: OwnedFile[] = [];
  const look = (path: string, { uid = 0, gid = 0, fperm }: Ownership): void => {
    const found = statSync(path);
    const mode = found.mode & 0o7777;
    const wanted = fperm === undefined ? mode : withinOwner(fperm, mode);
    if (found.uid !== uid || found.gid !== gid || mode !== wanted) changes.push({ path, uid, gid, mode: wanted });
  };
  const { dperm, fperm: _, ...owner } = admin;
  look(directory, { ...owner, ...(dperm === undefined ? {} : { fperm: dperm }) });
  for (const entry of readdirSync(directory, { withFileTypes: true }).sort((left, right) => (left.name < right.name ? -1 : 1)))
    if (entry.isFile()) look(`${directory}/${entry.name}`, taskFiles[version].has(entry.name) ? task : admin);
  return changes;
}

/** @returns what puts it back */
export function setOwnership({ path, uid, gid, mode }: OwnedFile): OwnedFile {
  const found = statSync(path);
  const before = { path, uid: found.uid, gid: found.gid, mode: found.mode & 0o7777 };
  if (before.uid !== uid || before.gid !== gid) fchownat(AT_FDCWD, path, uid, gid, AT_SYMLINK_NOFOLLOW);
  // chown(2) takes set-id bits away, so that the mode comes after it.
  if (before.mode !== mode) fchmodat(AT_FDCWD, path, mode);
  return before;
}
