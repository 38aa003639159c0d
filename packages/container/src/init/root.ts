import {
  AT_EMPTY_PATH,
  AT_FDCWD,
  AT_RECURSIVE,
  chdir,
  type Fd,
  fchdir,
  fsconfigCreate,
  fsconfigSet,
  fsmount,
  fsopen,
  hasErrno,
  MNT_DETACH,
  MOUNT_ATTR_NODEV,
  MOUNT_ATTR_NOEXEC,
  MOUNT_ATTR_NOSUID,
  MOUNT_ATTR_RDONLY,
  MS_PRIVATE,
  MS_REC,
  mkdirat,
  mount,
  mount_setattr,
  move_mount,
  O_CREAT,
  O_DIRECTORY,
  O_EXCL,
  O_NOFOLLOW,
  O_PATH,
  O_RDWR,
  O_WRONLY,
  OPEN_TREE_CLONE,
  open_tree,
  openat,
  openat2,
  pivot_root,
  RESOLVE_BENEATH,
  RESOLVE_NO_MAGICLINKS,
  RESOLVE_NO_SYMLINKS,
  statFd,
  symlinkat,
  umask,
  umount2,
  writeText,
} from '@bulkhead/kernel';
import type { RootPlan } from '../launcher/protocol.ts';

/** Nothing below the new root is ever reached through a link or past its edge. */
const beneath = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
const noSuidDev = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
const noSuidDevExec = noSuidDev | MOUNT_ATTR_NOEXEC;

/** Where the new root is attached while it is filled: a directory every host has; covered in this mount namespace only. */
const scaffold = '/run';

const relative = (path: string): string => path.replace(/^\/+/, '');

/** Opens a place below the root for mounting on it. */
function place(root: Fd, path: string, flags = 0): Fd {
  return openat2(root, relative(path), { flags: O_PATH | flags, resolve: beneath });
}

/** A new file system of a type, attached below the root. The mount's own root is returned. */
function mountNew(root: Fd, type: string, target: string, attributes: bigint, options: readonly (readonly [string, string?])[] = []): void {
  using fs = fsopen(type);
  for (const [key, value] of options) fsconfigSet(fs, key, value);
  fsconfigCreate(fs);
  using mounted = fsmount(fs, attributes);
  using where = place(root, target, O_DIRECTORY);
  move_mount(mounted, where, '');
}

/** A read-only copy of a mount tree of the host, attached below the root. */
function bindReadOnly(root: Fd, source: string, target: string): void {
  using tree = open_tree(AT_FDCWD, source, OPEN_TREE_CLONE | AT_RECURSIVE);
  mount_setattr(tree, '', AT_EMPTY_PATH | AT_RECURSIVE, { set: MOUNT_ATTR_RDONLY | noSuidDev });
  using where = place(root, target);
  move_mount(tree, where, '');
}

/** Binds one device node of the host, after proving that it is that device. */
function bindDevice(root: Fd, device: RootPlan['devices'][number]): void {
  using tree = open_tree(AT_FDCWD, `/dev/${device.name}`, OPEN_TREE_CLONE);
  const found = statFd(tree);
  if (!found.characterDevice || found.major !== device.major || found.minor !== device.minor) {
    throw new Error(`/dev/${device.name} of this host is not the character device ${device.major}:${device.minor}`);
  }
  mount_setattr(tree, '', AT_EMPTY_PATH, { set: MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC });
  using where = openat(root, `dev/${device.name}`, O_CREAT | O_EXCL | O_NOFOLLOW | O_RDWR, 0o666);
  move_mount(tree, where, '');
}

/** A file that must not exist yet, below the root. */
export function writeNewFile(root: Fd, path: string, mode: number, content: string): void {
  using file = openat(root, relative(path), O_CREAT | O_EXCL | O_NOFOLLOW | O_WRONLY, mode);
  if (content !== '') writeText(file, content);
}

/** Hides a path of /proc or /sys: /dev/null over a file, an empty read-only tmpfs over a directory. A path this kernel lacks is skipped. */
function mask(root: Fd, path: string): void {
  let where: Fd;
  try {
    where = place(root, path);
  } catch (failure) {
    if (hasErrno(failure, 'ENOENT')) return;
    throw failure;
  }
  using target = where;
  if (statFd(target).directory) {
    using fs = fsopen('tmpfs');
    fsconfigSet(fs, 'size', '0');
    fsconfigSet(fs, 'nr_inodes', '1');
    fsconfigCreate(fs);
    using empty = fsmount(fs, MOUNT_ATTR_RDONLY | noSuidDevExec);
    move_mount(empty, target, '');
    return;
  }
  using tree = open_tree(root, 'dev/null', OPEN_TREE_CLONE);
  move_mount(tree, target, '');
}

/** Makes a path of /proc read-only by binding it over itself. A path this kernel lacks is skipped. */
function makeReadOnly(root: Fd, path: string): void {
  let tree: Fd;
  try {
    tree = open_tree(root, relative(path), OPEN_TREE_CLONE | AT_RECURSIVE);
  } catch (failure) {
    if (hasErrno(failure, 'ENOENT')) return;
    throw failure;
  }
  using copy = tree;
  mount_setattr(copy, '', AT_EMPTY_PATH | AT_RECURSIVE, { set: MOUNT_ATTR_RDONLY | noSuidDevExec });
  using where = place(root, path);
  move_mount(copy, where, '');
}

/** A fresh tmpfs for a root, attached nowhere yet. */
export function newRoot(plan: RootPlan): Fd {
  using fs = fsopen('tmpfs');
  fsconfigSet(fs, 'mode', '0755');
  fsconfigSet(fs, 'size', String(plan.sizeBytes));
  fsconfigSet(fs, 'nr_inodes', String(plan.inodes));
  fsconfigCreate(fs);
  return fsmount(fs, noSuidDev);
}

/** Lays the plan's directories, links, binds and devices, /proc, /sys and /dev/pts into a root. */
export function fillRoot(root: Fd, plan: RootPlan, terminalGid: number): void {
  for (const directory of plan.directories) mkdirat(root, relative(directory.path), directory.mode);
  for (const link of plan.symlinks) symlinkat(link.target, root, relative(link.path));
  for (const bind of plan.binds) bindReadOnly(root, bind.source, bind.target);
  for (const device of plan.devices) bindDevice(root, device);
  mountNew(root, 'devpts', '/dev/pts', MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, [
    ['newinstance'],
    ['ptmxmode', '0666'],
    ['mode', '0620'],
    ['gid', String(terminalGid)],
  ]);
  // The host's /proc and /sys must still be in sight: the kernel lets a user namespace mount its own only beside them.
  mountNew(root, 'proc', '/proc', noSuidDevExec);
  mountNew(root, 'sysfs', '/sys', noSuidDevExec | MOUNT_ATTR_RDONLY);
  for (const path of plan.readonlyPaths) makeReadOnly(root, path);
  for (const path of plan.maskedPaths) mask(root, path);
}

/**
 * Makes the container's root in this child's own mount namespace and moves into it by pivot_root(2); the host's tree is
 * gone afterwards.
 *
 * @returns the root, for files that are written later
 */
export function enterRoot(plan: RootPlan, terminalGid: number): Fd {
  // Modes are the plan's, to the bit.
  umask(0);
  mount(null, '/', null, MS_REC | MS_PRIVATE, null);
  const root = newRoot(plan);
  // Onto a detached mount nothing can be mounted before Linux 6.15: attach first, fill afterwards.
  move_mount(root, AT_FDCWD, scaffold);
  fillRoot(root, plan, terminalGid);
  fchdir(root);
  pivot_root('.', '.');
  umount2('.', MNT_DETACH);
  chdir('/');
  return root;
}
