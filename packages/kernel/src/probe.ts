import koffi from 'koffi';
import { commonSyscalls } from './arch.ts';
import { declare } from './library.ts';

const cSyscall = declare<(n: number, a: number, b: number, c: number, d: number, e: number) => number>('syscall', 'long', [
  'long',
  'long',
  'long',
  'long',
  'long',
  'long',
]);
const cAdjtimex = declare<(buffer: Buffer) => number>('adjtimex', 'int', ['void *']);

/**
 * Arguments that no kernel can do anything with: bad descriptors, null pointers, flags that do not exist, sizes too small.
 * A kernel that has the call says so by any other errno than ENOSYS.
 */
const fruitless = {
  pidfd_send_signal: [-1, 0, 0, -1, 0],
  open_tree: [-1, 0, -1, 0, 0],
  move_mount: [-1, 0, -1, 0, -1],
  fsopen: [0, -1, 0, 0, 0],
  pidfd_open: [0, -1, 0, 0, 0],
  clone3: [0, 0, 0, 0, 0],
  close_range: [2, 1, 0, 0, 0],
  openat2: [-1, 0, 0, 0, 0],
  pidfd_getfd: [-1, -1, -1, 0, 0],
  mount_setattr: [-1, 0, -1, 0, 0],
  listmount: [0, 0, 0, -1, 0],
  listns: [0, 0, 0, -1, 0],
} as const satisfies Partial<Record<keyof typeof commonSyscalls, readonly [number, number, number, number, number]>>;

export type ProbedSyscall = keyof typeof fruitless;

/** Whether the kernel has a syscall: false where it answers ENOSYS. Changes nothing. */
export function hasSyscall(name: ProbedSyscall): boolean {
  const [a, b, c, d, e] = fruitless[name];
  return cSyscall(commonSyscalls[name], a, b, c, d, e) >= 0 || koffi.errno() !== koffi.os.errno.ENOSYS;
}

const landlock_create_ruleset = 444;
const LANDLOCK_CREATE_RULESET_VERSION = 1;

/** Version of the interface of Landlock (landlock_create_ruleset(2)); undefined where it is not compiled in or not switched on. */
export function landlockVersion(): number | undefined {
  const version = cSyscall(landlock_create_ruleset, 0, 0, LANDLOCK_CREATE_RULESET_VERSION, 0, 0);
  return version > 0 ? version : undefined;
}

const TIME_ERROR = 5;
const timexBytes = 208;
/** Offset of `maxerror` in struct timex (include/uapi/linux/timex.h), 64-bit. */
const maxErrorOffset = 24;

/**
 * adjtimex(2) that adjusts nothing: whether something keeps the wall clock right, and how far off it may be by the
 * kernel's reckoning.
 */
export function readClockState(): { synchronised: boolean; maxErrorUsec: bigint } {
  const buffer = Buffer.alloc(timexBytes);
  const state = cAdjtimex(buffer);
  return { synchronised: state >= 0 && state !== TIME_ERROR, maxErrorUsec: buffer.readBigInt64LE(maxErrorOffset) };
}
