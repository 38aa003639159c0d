import { arch, commonSyscalls } from './arch.ts';
import {
  FSCONFIG_CMD_CREATE,
  FSCONFIG_SET_FLAG,
  FSCONFIG_SET_STRING,
  FSMOUNT_CLOEXEC,
  FSOPEN_CLOEXEC,
  MOVE_MOUNT_F_EMPTY_PATH,
  MOVE_MOUNT_T_EMPTY_PATH,
  OPEN_TREE_CLOEXEC,
} from './constants.ts';
import { adopt, Fd, numberOf } from './fd.ts';
import type { DirectoryFd } from './file.ts';
import { layouts, pack } from './layout.ts';
import { declare, perform } from './library.ts';

const long = ['long', 'long'] as const;
const cOpenTree = declare<(n: number, dirfd: number, path: string, flags: number) => number>('syscall', 'long', [...long, 'str', 'long']);
const cMoveMount = declare<(n: number, fromFd: number, from: string, toFd: number, to: string, flags: number) => number>(
  'syscall',
  'long',
  [...long, 'str', 'long', 'str', 'long'],
);
const cFsopen = declare<(n: number, type: string, flags: number) => number>('syscall', 'long', ['long', 'str', 'long']);
const cFsconfig = declare<(n: number, fd: number, command: number, key: string | null, value: string | null, aux: number) => number>(
  'syscall',
  'long',
  [...long, 'long', 'str', 'str', 'long'],
);
const cFsmount = declare<(n: number, fd: number, flags: number, attributes: number) => number>('syscall', 'long', [
  ...long,
  'long',
  'long',
]);
const cMountSetattr = declare<(n: number, fd: number, path: string, flags: number, attr: Buffer, size: number) => number>(
  'syscall',
  'long',
  [...long, 'str', 'long', 'void *', 'size_t'],
);
const cMount = declare<(source: string | null, target: string, type: string | null, flags: number, data: string | null) => number>(
  'mount',
  'int',
  ['str', 'str', 'str', 'unsigned long', 'str'],
);
const cUmount2 = declare<(target: string, flags: number) => number>('umount2', 'int', ['str', 'int']);
const cPivotRoot = declare<(n: number, newRoot: string, putOld: string) => number>('syscall', 'long', ['long', 'str', 'str']);

const dirNumber = (directory: DirectoryFd): number => (directory instanceof Fd ? numberOf(directory) : directory);

/** open_tree(2). With OPEN_TREE_CLONE the answer is a detached copy of the mount. */
export function open_tree(directory: DirectoryFd, path: string, flags: number): Fd {
  const number = perform('open_tree', [directory, path, flags], () =>
    cOpenTree(commonSyscalls.open_tree, dirNumber(directory), path, flags | OPEN_TREE_CLOEXEC),
  );
  return adopt(number, `tree:${path}`);
}

/** move_mount(2): attaches a mount held by a descriptor below a directory, or at the directory itself where the path is empty. */
export function move_mount(mount: Fd, directory: DirectoryFd, path: string): void {
  const flags = MOVE_MOUNT_F_EMPTY_PATH | (path === '' ? MOVE_MOUNT_T_EMPTY_PATH : 0);
  perform('move_mount', [mount, directory, path, flags], () =>
    cMoveMount(commonSyscalls.move_mount, numberOf(mount), '', dirNumber(directory), path, flags),
  );
}

/** fsopen(2). */
export function fsopen(type: string): Fd {
  return adopt(
    perform('fsopen', [type], () => cFsopen(commonSyscalls.fsopen, type, FSOPEN_CLOEXEC)),
    `fs:${type}`,
  );
}

/** fsconfig(2), FSCONFIG_SET_STRING, or FSCONFIG_SET_FLAG where there is no value. */
export function fsconfigSet(fs: Fd, key: string, value?: string): void {
  perform('fsconfig', [fs, key, ...(value === undefined ? [] : [value])], () =>
    cFsconfig(commonSyscalls.fsconfig, numberOf(fs), value === undefined ? FSCONFIG_SET_FLAG : FSCONFIG_SET_STRING, key, value ?? null, 0),
  );
}

/** fsconfig(2), FSCONFIG_CMD_CREATE. */
export function fsconfigCreate(fs: Fd): void {
  perform('fsconfig', [fs, 'FSCONFIG_CMD_CREATE'], () =>
    cFsconfig(commonSyscalls.fsconfig, numberOf(fs), FSCONFIG_CMD_CREATE, null, null, 0),
  );
}

/** fsmount(2): a detached mount of a configured file system. */
export function fsmount(fs: Fd, attributes: bigint): Fd {
  return adopt(
    perform('fsmount', [fs, attributes], () => cFsmount(commonSyscalls.fsmount, numberOf(fs), FSMOUNT_CLOEXEC, Number(attributes))),
    fs.label.replace('fs:', 'mount:'),
  );
}

/** mount_setattr(2) on a mount held by a descriptor (AT_EMPTY_PATH), or on a path below it. */
export function mount_setattr(
  directory: DirectoryFd,
  path: string,
  flags: number,
  attributes: { set?: bigint; clear?: bigint; propagation?: bigint; userns?: Fd },
): void {
  const buffer = pack(layouts.mountAttr, {
    attr_set: attributes.set ?? 0n,
    attr_clr: attributes.clear ?? 0n,
    propagation: attributes.propagation ?? 0n,
    ...(attributes.userns === undefined ? {} : { userns_fd: numberOf(attributes.userns) }),
  });
  perform('mount_setattr', [directory, path, flags, attributes.set ?? 0n], () =>
    cMountSetattr(commonSyscalls.mount_setattr, dirNumber(directory), path, flags, buffer, layouts.mountAttr.size),
  );
}

/** mount(2). */
export function mount(source: string | null, target: string, type: string | null, flags: number, data: string | null): void {
  perform('mount', [source ?? 'none', target, type ?? 'none', flags, data ?? ''], () => cMount(source, target, type, flags, data));
}

/** umount2(2). */
export function umount2(target: string, flags: number): void {
  perform('umount2', [target, flags], () => cUmount2(target, flags));
}

/** pivot_root(2). */
export function pivot_root(newRoot: string, putOld: string): void {
  perform('pivot_root', [newRoot, putOld], () => cPivotRoot(arch.syscalls.pivot_root, newRoot, putOld));
}
