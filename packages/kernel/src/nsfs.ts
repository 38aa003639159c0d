import { AT_FDCWD, NS_GET_NSTYPE, NS_GET_OWNER_UID, NS_GET_PARENT, NS_GET_USERNS, O_PATH, O_RDONLY } from './constants.ts';
import { adopt, type Fd, numberOf } from './fd.ts';
import { openat } from './file.ts';
import { declare, named, perform } from './library.ts';

const cIoctl = declare<(fd: number, request: number, argument: number) => number>('ioctl', 'int', ['int', 'unsigned long', 'long']);
const cIoctlOut = declare<(fd: number, request: number, into: Uint32Array) => number>('ioctl', 'int', ['int', 'unsigned long', 'void *']);

/** openat(2) of /proc/<pid>/ns/<type>, following the link. The namespace is opened, not joined. */
export const openNamespaceLink = (path: string): Fd => openat(AT_FDCWD, path, O_RDONLY);

/**
 * openat(2) with O_PATH, following links: whatever is there is not opened for reading, so that no device is touched and no
 * FIFO waited for. Nothing but its identity can be asked until it is opened again.
 */
export const openAsPath = (path: string): Fd => openat(AT_FDCWD, path, O_PATH);

/** openat(2) of /proc/self/fd/<n>: the very file that a descriptor is of, now for reading. */
export const reopen = (fd: Fd): Fd => openat(AT_FDCWD, `/proc/self/fd/${numberOf(fd)}`, O_RDONLY);

const askFd = (request: number, name: string, fd: Fd): Fd =>
  adopt(
    perform('ioctl', [fd, named(name)], () => cIoctl(numberOf(fd), request, 0)),
    `${name} of ${fd.label}`,
  );

/** NS_GET_USERNS of ioctl_nsfs(2): the user namespace that owns one; of a user namespace its parent. EPERM: outside of ours. */
export const ns_get_userns = (fd: Fd): Fd => askFd(NS_GET_USERNS, 'NS_GET_USERNS', fd);

/** NS_GET_PARENT of ioctl_nsfs(2): the next outer pid or user namespace. EPERM: outside of ours; EINVAL: another type. */
export const ns_get_parent = (fd: Fd): Fd => askFd(NS_GET_PARENT, 'NS_GET_PARENT', fd);

/** NS_GET_NSTYPE of ioctl_nsfs(2). @returns the CLONE_NEW* flag of its type */
export const ns_get_nstype = (fd: Fd): number =>
  perform('ioctl', [fd, named('NS_GET_NSTYPE')], () => cIoctl(numberOf(fd), NS_GET_NSTYPE, 0));

/** NS_GET_OWNER_UID of ioctl_nsfs(2). @returns uid of who made a user namespace, as our own user namespace has it. EINVAL: another type */
export function ns_get_owner_uid(fd: Fd): number {
  const uid = new Uint32Array(1);
  perform('ioctl', [fd, named('NS_GET_OWNER_UID')], () => cIoctlOut(numberOf(fd), NS_GET_OWNER_UID, uid));
  return uid[0] as number;
}
