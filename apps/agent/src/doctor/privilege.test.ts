import { doctorText } from '@bulkhead/model/doctor-text';
import { expect, test } from 'vitest';
import { coversOfProc, judgeCapabilities, missingCapabilities } from './privilege.ts';

test('capabilities are told by name, those that the kernel does not know left out', () => {
  expect(missingCapabilities(0x1ff_ffff_ffffn, 40)).toEqual([]);
  expect(missingCapabilities(0x1ff_feff_ffffn, 40)).toEqual(['SYS_RESOURCE']);
  expect(missingCapabilities(0x3f_ffff_ffffn, 37)).toEqual([]);
  expect(missingCapabilities(0x3f_ffff_ffffn, 40)).toEqual(['PERFMON', 'BPF', 'CHECKPOINT_RESTORE']);
});

test('without CAP_SYS_ADMIN no container can be made; without CAP_SYS_RESOURCE some things cannot be had; not root knows nothing', () => {
  const all = 0x1ff_ffff_ffffn;
  const lacks = (capabilities: string) => doctorText('privilege.capabilities.lacks', { capabilities });
  expect(judgeCapabilities(true, all, 40).state).toBe('good');
  expect(judgeCapabilities(true, all & ~(1n << 21n), 40)).toMatchObject({ state: 'bad', found: lacks('CAP_SYS_ADMIN') });
  expect(judgeCapabilities(true, all & ~(1n << 24n), 40)).toMatchObject({ state: 'attention', found: lacks('CAP_SYS_RESOURCE') });
  expect(judgeCapabilities(true, all & ~(1n << 36n), 40)).toMatchObject({ state: 'good', found: lacks('CAP_BLOCK_SUSPEND') });
  expect(judgeCapabilities(false, 0n, 40).state).toBe('unknown');
});

test('a mount over a part of /proc is found; binfmt_misc is none, and nor is what lies beside', () => {
  const mountinfo = [
    '24 1 0:22 / /proc rw,nosuid - proc proc rw',
    '30 24 0:29 / /proc/sys/fs/binfmt_misc rw - autofs systemd-1 rw',
    '31 24 0:30 / /proc/kcore rw - tmpfs tmpfs rw',
    '32 1 0:31 / /processes rw - tmpfs tmpfs rw',
  ].join('\n');
  expect(coversOfProc(mountinfo)).toEqual(['/proc/kcore']);
});
