import { expect, it } from 'vitest';
import { listmountRequest, listnsRequest } from './listing.ts';

it('asks for mounts by the struct of Linux 6.11', () => {
  const bytes = listmountRequest(0x1_0000_0004n, 0x80000017n);
  expect(bytes).toHaveLength(32);
  expect(bytes.readUInt32LE(0)).toBe(32);
  // mnt_id is LSMT_ROOT: from the root of the namespace down.
  expect([bytes.readBigUInt64LE(8), bytes.readBigUInt64LE(16), bytes.readBigUInt64LE(24)]).toEqual([
    0xffff_ffff_ffff_ffffn,
    0x80000017n,
    0x1_0000_0004n,
  ]);
});

it('asks for namespaces by the struct of Linux 6.19, whoever owns them', () => {
  const bytes = listnsRequest(77n, 0x4000_0000n);
  expect(bytes).toHaveLength(32);
  expect([bytes.readUInt32LE(0), bytes.readUInt32LE(4)]).toEqual([32, 0]);
  expect(bytes.readBigUInt64LE(8)).toBe(77n);
  expect([bytes.readUInt32LE(16), bytes.readUInt32LE(20)]).toEqual([0x4000_0000, 0]);
  expect(bytes.readBigUInt64LE(24)).toBe(0n);
});
