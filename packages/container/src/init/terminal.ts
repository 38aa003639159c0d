import {
  AT_EMPTY_PATH,
  AT_FDCWD,
  type Fd,
  fchownat,
  ioctl,
  ioctlFd,
  layouts,
  O_NOCTTY,
  O_RDWR,
  openat2,
  pack,
  RESOLVE_NO_SYMLINKS,
  TIOCGPTPEER,
  TIOCSPTLCK,
  TIOCSWINSZ,
} from '@bulkhead/kernel';
import type { ProcessPlan } from '../launcher/protocol.ts';

/** Sets the size of a terminal by either end. */
export function resizeTerminal(terminal: Fd, size: { columns: number; rows: number }): void {
  ioctl(
    terminal,
    TIOCSWINSZ,
    pack(layouts.winsize, { ws_row: size.rows, ws_col: size.columns }),
    `TIOCSWINSZ ${size.columns}x${size.rows}`,
  );
}

/**
 * Opens a pseudo-terminal of the container's own /dev/pts (pty(7)): one of the host's would be "not a tty" inside. The
 * other end comes by TIOCGPTPEER, never by a path that the container could have replaced.
 */
export function openOwnTerminal(plan: ProcessPlan): { master: Fd; peer: Fd } {
  const master = openat2(AT_FDCWD, '/dev/pts/ptmx', { flags: O_RDWR | O_NOCTTY, resolve: RESOLVE_NO_SYMLINKS });
  ioctl(master, TIOCSPTLCK, Buffer.alloc(4), 'TIOCSPTLCK 0');
  const peer = ioctlFd(master, TIOCGPTPEER, O_RDWR | O_NOCTTY, 'TIOCGPTPEER', 'terminal');
  fchownat(peer, '', plan.uid, 5, AT_EMPTY_PATH);
  if (plan.size !== undefined) resizeTerminal(master, plan.size);
  return { master, peer };
}
