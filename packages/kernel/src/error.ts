import { constants } from 'node:os';

/** Second names of an errno that errno(3) lists under another. */
const aliases = new Set(['EWOULDBLOCK', 'ENOTSUP', 'EDEADLOCK']);
const errnoNames = new Map<number, string>();
for (const [name, number] of Object.entries(constants.errno)) if (!aliases.has(name)) errnoNames.set(number, name);

/** Name of an errno (errno(3)); `E<number>` where Node does not know it. */
export function errnoName(errno: number): string {
  return errnoNames.get(errno) ?? `E${errno}`;
}

/** Number of an errno name. */
export const errnoNumber = (name: keyof typeof constants.errno): number => constants.errno[name];

/** A syscall that failed: which, why, and with what operands; the message reads `mount_setattr("/run/x"): EPERM`. */
export class SyscallError extends Error {
  readonly syscall: string;
  readonly errno: number;
  readonly code: string;
  readonly args: string;
  constructor(syscall: string, errno: number, args: string) {
    const code = errnoName(errno);
    super(`${syscall}(${args}): ${code}`);
    this.name = 'SyscallError';
    this.syscall = syscall;
    this.errno = errno;
    this.code = code;
    this.args = args;
  }
}

/** True for a SyscallError, or Node's own error, with one of these errno names. */
export function hasErrno(failure: unknown, ...codes: readonly string[]): boolean {
  if (!(failure instanceof Error) || !('code' in failure) || typeof failure.code !== 'string') return false;
  // libuv has the second name of the same number, and Node with it.
  return codes.includes(failure.code === 'ENOTSUP' ? 'EOPNOTSUPP' : failure.code);
}
