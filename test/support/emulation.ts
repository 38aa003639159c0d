/**
 * True in a guest of the vm tier, where each instruction is emulated and everything takes ten to twenty times as long.
 * A test may then do less of the same, and says so in its title; it never leaves out what it checks.
 */
export const isEmulated = process.env.BULKHEAD_TEST_EMULATED === '1';

/** How often something is repeated: as often as it should be, or fewer times where each is emulated. */
export const repetitions = (full: number, emulated: number): number => (isEmulated ? emulated : full);

/** How long something may take, or is waited for. Where it is emulated time says nothing: then only so long that no test hangs. */
export const boundMsec = (msec: number): number => (isEmulated ? Math.max(msec, 120_000) : msec);
