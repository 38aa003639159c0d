/** Where the fields of a slot's head are, in bytes; interpreter-x64.s says what they are for. */
export const slotHead = {
  first: 0,
  onFailure: 8,
  failedRecord: 16,
  failedErrno: 24,
  beginSec: 32,
  beginNsec: 40,
  pidfd: 48,
  cloneArgs: 64,
} as const;

/** Words of the head that lists use among themselves, by place: descriptors and addresses that differ from child to child. */
export const headWords = 160;
/** Where the first list of a slot is laid. */
export const headBytes = 512;

/** Where the fields of a record are, in bytes. */
export const recordFields = { call: 0, kinds: 2, flags: 4, skip: 6, tolerated: 8, args: 16, result: 64, sec: 72, nsec: 80 } as const;
export const recordBytes = 96;
export const maxTolerated = 4;

/** How the interpreter takes an argument. */
export const argumentKind = { immediate: 0, pointer: 1, indirect: 3 } as const;
export const recordFlag = { zeroFails: 1, failureIgnored: 2, fork: 4 } as const;
/** Calls that the interpreter makes itself. */
export const pseudoCall = { set: 0xf000, compare: 0xf001, jump: 0xf002 } as const;
