import {
  AT_EMPTY_PATH,
  AT_FDCWD,
  type Call,
  calls,
  type Fd,
  ioctl,
  layouts,
  O_CLOEXEC,
  O_NOCTTY,
  O_RDWR,
  pack,
  RESOLVE_NO_SYMLINKS,
  type SyscallList,
  TIOCGPTPEER,
  TIOCSPTLCK,
  TIOCSWINSZ,
} from '@bulkhead/kernel';
import type { ProcessPlan } from '../launcher/protocol.ts';

/** Group `tty` inside, owner of terminals. */
export const ttyGid = 5;

interface Size {
  columns: number;
  rows: number;
}

const windowSize = (size: Size): Buffer => pack(layouts.winsize, { ws_row: size.rows, ws_col: size.columns });
const windowSizeName = (size: Size): string => `TIOCSWINSZ ${size.columns}x${size.rows}`;

/** Sets the size of a terminal by either end. */
export function resizeTerminal(terminal: Fd, size: Size): void {
  ioctl(terminal, TIOCSWINSZ, windowSize(size), windowSizeName(size));
}

/**
 * Opens a pseudo-terminal of the container's own /dev/pts (pty(7)): one of the host's would be "not a tty" inside. The
 * other end comes by TIOCGPTPEER, never by a path that the container could have replaced.
 */
export function openOwnTerminal(list: SyscallList, plan: ProcessPlan): { master: Call; peer: Call } {
  const master = calls.openat2(list, AT_FDCWD, '/dev/pts/ptmx', { flags: O_RDWR | O_NOCTTY, resolve: RESOLVE_NO_SYMLINKS });
  calls.ioctl(list, master, TIOCSPTLCK, list.room(8), 'TIOCSPTLCK 0');
  const peer = calls.ioctl(list, master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC, 'TIOCGPTPEER', 'terminal');
  calls.fchownat(list, peer, '', plan.uid, ttyGid, AT_EMPTY_PATH);
  if (plan.size !== undefined) calls.ioctl(list, master, TIOCSWINSZ, list.bytes(windowSize(plan.size)), windowSizeName(plan.size));
  return { master, peer };
}
