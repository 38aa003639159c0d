import { F_SETFD, FD_CLOEXEC } from './constants.ts';
import { adopt, type Fd, numberOf } from './fd.ts';
import { fcntl } from './file.ts';

/** Lets a descriptor live through an execve(2) of this very process; the token finds it again afterwards. */
export function keepAcrossExec(fd: Fd): number {
  fcntl(fd, F_SETFD, 0);
  return numberOf(fd);
}

/** The token of a descriptor that somebody else lets live through an execve(2): a forked child, of its own copy. */
export const tokenOf = (fd: Fd): number => numberOf(fd);

/** Takes up a descriptor that the program before an execve(2) kept, and makes it close-on-exec again. */
export function adoptInherited(token: number, label: string): Fd {
  const fd = adopt(token, label);
  fcntl(fd, F_SETFD, FD_CLOEXEC);
  return fd;
}

/** Takes back that a descriptor lives on: the execve(2) it was kept for failed. */
export function dropAcrossExec(fd: Fd): void {
  fcntl(fd, F_SETFD, FD_CLOEXEC);
}
