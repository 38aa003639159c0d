import { z } from 'zod';
import { CgroupPath } from './cgroup.ts';
import { Quantity } from './decimal.ts';
import { MeterId } from './meter.ts';
import { BootId, Counter, HostId, TenantId, Timestamp } from './primitives.ts';
import { Accumulators, Incarnation, Reading } from './reading.ts';

/** Groups that one reading of a tree can hold. */
export const cgroupSumsLimit = 5000;

/**
 * Counters of groups that sum up those below them, their dead ones included, read in one go with the containers' of the
 * same moment: what the ledger is held against.
 */
export const CgroupSums = z.object({
  kind: z.literal('cgroup-sums'),
  hostId: HostId,
  bootId: BootId,
  at: Timestamp,
  /** CLOCK_BOOTTIME */
  boottimeMsec: Counter,
  groups: z
    .array(
      z.object({
        /**
         * - `root`: the whole host
         * - `top`: directly below the root
         * - `instance`: our own, which all tenants are below
         * - `tenant`: all containers of one tenant
         */
        role: z.enum(['root', 'top', 'instance', 'tenant']),
        path: CgroupPath,
        tenantId: TenantId.optional(),
        cgroupIno: Counter,
        meters: z.partialRecord(MeterId, Quantity),
      }),
    )
    .max(cgroupSumsLimit),
});
export type CgroupSums = z.infer<typeof CgroupSums>;
export type CgroupSum = CgroupSums['groups'][number];

/** A durable record of a cgroup that is no container of ours and is metered: once a minute, and as it was last seen (`final`). */
export const CgroupReading = z.object({
  kind: z.literal('cgroup-reading'),
  incarnation: Incarnation,
  path: CgroupPath,
  at: Timestamp,
  /** CLOCK_BOOTTIME */
  boottimeMsec: Counter,
  final: z.boolean(),
  reading: Reading,
  /** From when it was taken up. */
  accumulators: Accumulators,
});
export type CgroupReading = z.infer<typeof CgroupReading>;
