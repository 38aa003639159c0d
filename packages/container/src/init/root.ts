import {
  AT_EMPTY_PATH,
  AT_FDCWD,
  AT_RECURSIVE,
  type Call,
  calls,
  errnoNumber,
  type ListFd,
  layouts,
  MNT_DETACH,
  MOUNT_ATTR_NODEV,
  MOUNT_ATTR_NOEXEC,
  MOUNT_ATTR_NOSUID,
  MOUNT_ATTR_RDONLY,
  MS_PRIVATE,
  MS_REC,
  O_CREAT,
  O_DIRECTORY,
  O_EXCL,
  O_NOFOLLOW,
  O_PATH,
  O_RDWR,
  O_WRONLY,
  OPEN_TREE_CLONE,
  type Place,
  RESOLVE_BENEATH,
  RESOLVE_NO_MAGICLINKS,
  RESOLVE_NO_SYMLINKS,
  S_IFCHR,
  S_IFDIR,
  type SyscallList,
} from '@bulkhead/kernel';
import type { RootPlan } from '../launcher/protocol.ts';
import { expectType } from './file-type.ts';

/** Nothing below the new root is ever reached through a link or past its edge. */
const beneath = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
const noSuidDev = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
const noSuidDevExec = noSuidDev | MOUNT_ATTR_NOEXEC;

/** Where the new root is attached while it is filled: a directory every host has; covered in this mount namespace only. */
const scaffold = '/run';

/** What a path that this kernel lacks answers. */
const missing = [errnoNumber('ENOENT')];
const EINVAL = errnoNumber('EINVAL');

const relative = (path: string): string => path.replace(/^\/+/, '');

/** Opens a place below the root for mounting on it. */
const place = (list: SyscallList, root: ListFd, path: string, flags = 0, tolerate: readonly number[] = []): Call =>
  calls.openat2(list, root, relative(path), { flags: O_PATH | flags, resolve: beneath }, { tolerate });

/** A new file system of a type, attached below the root. */
function mountNew(
  list: SyscallList,
  root: ListFd,
  type: string,
  target: string,
  attributes: bigint,
  options: readonly (readonly [string, string?])[] = [],
): void {
  const fs = calls.fsopen(list, type);
  for (const [key, value] of options) calls.fsconfigSet(list, fs, key, value);
  calls.fsconfigCreate(list, fs);
  const mounted = calls.fsmount(list, fs, attributes);
  calls.move_mount(list, mounted, place(list, root, target, O_DIRECTORY), '');
}

/** A read-only copy of a mount tree of the host, attached below the root. */
function bindReadOnly(list: SyscallList, root: ListFd, source: string, target: string): void {
  const tree = calls.open_tree(list, AT_FDCWD, source, OPEN_TREE_CLONE | AT_RECURSIVE);
  calls.mount_setattr(list, tree, '', AT_EMPTY_PATH | AT_RECURSIVE, MOUNT_ATTR_RDONLY | noSuidDev);
  calls.move_mount(list, tree, place(list, root, target), '');
}

/** Binds one device node of the host, after proving that it is that device. */
function bindDevice(list: SyscallList, root: ListFd, device: RootPlan['devices'][number], found: Place): void {
  const tree = calls.open_tree(list, AT_FDCWD, `/dev/${device.name}`, OPEN_TREE_CLONE);
  calls.statx(list, tree, '', { flags: AT_EMPTY_PATH, into: found });
  const failure = (): Error => new Error(`/dev/${device.name} of this host is not the character device ${device.major}:${device.minor}`);
  expectType(list, found, S_IFCHR, { failure });
  // stx_rdev_major and stx_rdev_minor stand side by side.
  list.compare(found.plus(layouts.statx.fields.stx_rdev_major[0]), -1, device.major + device.minor * 2 ** 32, EINVAL, { failure });
  calls.mount_setattr(list, tree, '', AT_EMPTY_PATH, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC);
  const where = calls.openat(list, root, `dev/${device.name}`, O_CREAT | O_EXCL | O_NOFOLLOW | O_RDWR, 0o666);
  calls.move_mount(list, tree, where, '');
}

/** A file that must not exist yet, below the working directory. */
export function writeNewFile(list: SyscallList, path: string, mode: number, content: string): void {
  const file = calls.openat(list, AT_FDCWD, path, O_CREAT | O_EXCL | O_NOFOLLOW | O_WRONLY, mode);
  if (content !== '') calls.write(list, file, content);
}

/** Hides a path of /proc or /sys: /dev/null over a file, an empty read-only tmpfs over a directory. A path this kernel lacks is skipped. */
function mask(list: SyscallList, root: ListFd, path: string, found: Place): void {
  const target = place(list, root, path, 0, missing);
  calls.statx(list, target, '', { flags: AT_EMPTY_PATH, into: found });
  const isDirectory = expectType(list, found, S_IFDIR, { tolerate: [EINVAL] });
  const fs = calls.fsopen(list, 'tmpfs');
  calls.fsconfigSet(list, fs, 'size', '0');
  calls.fsconfigSet(list, fs, 'nr_inodes', '1');
  calls.fsconfigCreate(list, fs);
  const empty = calls.fsmount(list, fs, MOUNT_ATTR_RDONLY | noSuidDevExec);
  calls.move_mount(list, empty, target, '');
  const done = list.jump();
  list.land(isDirectory);
  const tree = calls.open_tree(list, root, 'dev/null', OPEN_TREE_CLONE);
  calls.move_mount(list, tree, target, '');
  list.land(target, done);
}

/** Makes a path of /proc read-only by binding it over itself. A path this kernel lacks is skipped. */
function makeReadOnly(list: SyscallList, root: ListFd, path: string): void {
  const copy = calls.open_tree(list, root, relative(path), OPEN_TREE_CLONE | AT_RECURSIVE, { tolerate: missing });
  calls.mount_setattr(list, copy, '', AT_EMPTY_PATH | AT_RECURSIVE, MOUNT_ATTR_RDONLY | noSuidDevExec);
  calls.move_mount(list, copy, place(list, root, path), '');
  list.land(copy);
}

/** A fresh tmpfs for a root, attached nowhere yet. */
function newRoot(list: SyscallList, plan: RootPlan): Call {
  const fs = calls.fsopen(list, 'tmpfs');
  calls.fsconfigSet(list, fs, 'mode', '0755');
  calls.fsconfigSet(list, fs, 'size', String(plan.sizeBytes));
  calls.fsconfigSet(list, fs, 'nr_inodes', String(plan.inodes));
  calls.fsconfigCreate(list, fs);
  return calls.fsmount(list, fs, noSuidDev);
}

/** Lays the plan's directories, links, binds and devices, /proc, /sys and /dev/pts into a root. */
function fillRoot(list: SyscallList, root: ListFd, plan: RootPlan, terminalGid: number): void {
  const found = list.room(layouts.statx.size);
  for (const directory of plan.directories) calls.mkdirat(list, root, relative(directory.path), directory.mode);
  for (const link of plan.symlinks) calls.symlinkat(list, link.target, root, relative(link.path));
  for (const bind of plan.binds) bindReadOnly(list, root, bind.source, bind.target);
  for (const device of plan.devices) bindDevice(list, root, device, found);
  mountNew(list, root, 'devpts', '/dev/pts', MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, [
    ['newinstance'],
    ['ptmxmode', '0666'],
    ['mode', '0620'],
    ['gid', String(terminalGid)],
  ]);
  // The host's /proc and /sys must still be in sight: the kernel lets a user namespace mount its own only beside them.
  mountNew(list, root, 'proc', '/proc', noSuidDevExec);
  mountNew(list, root, 'sysfs', '/sys', noSuidDevExec | MOUNT_ATTR_RDONLY);
  for (const path of plan.readonlyPaths) makeReadOnly(list, root, path);
  for (const path of plan.maskedPaths) mask(list, root, path, found);
}

/**
 * Makes the container's root in the child's own mount namespace and moves into it by pivot_root(2); the host's tree is
 * gone afterwards, and the root is the working directory.
 */
export function enterRoot(list: SyscallList, plan: RootPlan, terminalGid: number): void {
  // Modes are the plan's, to the bit.
  calls.umask(list, 0);
  calls.setPropagation(list, '/', MS_REC | MS_PRIVATE);
  const root = newRoot(list, plan);
  // Onto a detached mount nothing can be mounted before Linux 6.15: attach first, fill afterwards.
  calls.move_mount(list, root, AT_FDCWD, scaffold);
  fillRoot(list, root, plan, terminalGid);
  calls.fchdir(list, root);
  calls.pivot_root(list, '.', '.');
  calls.umount2(list, '.', MNT_DETACH);
  calls.chdir(list, '/');
}
