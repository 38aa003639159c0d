import { expect, test } from 'vitest';
import { hasSyscall, readClockState } from './probe.ts';

test('syscalls that this very package calls are found, and asking changes nothing', () => {
  const before = process.cwd();
  for (const name of [
    'clone3',
    'openat2',
    'pidfd_open',
    'pidfd_send_signal',
    'fsopen',
    'open_tree',
    'move_mount',
    'mount_setattr',
    'close_range',
  ] as const)
    expect([name, hasSyscall(name)]).toEqual([name, true]);
  expect(process.cwd()).toBe(before);
});

test('the state of the clock is read', () => {
  const { synchronised, maxErrorUsec } = readClockState();
  expect(typeof synchronised).toBe('boolean');
  expect(maxErrorUsec).toBeGreaterThanOrEqual(0n);
});
