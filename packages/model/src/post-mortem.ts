import { z } from 'zod';
import { CgroupPath } from './cgroup.ts';
import { EffectiveLimits, ExitStatus } from './container.ts';
import { ContainerId, HostId, TenantId, Timestamp } from './primitives.ts';
import { Reading } from './reading.ts';
import { Subject } from './subject.ts';

/** A process that the OOM killer ended, by what the kernel's log told. */
export const OomVictim = z.object({
  pid: z.number().int().positive(),
  /** comm: at most 15 characters. */
  command: z.string().max(64),
  /** The cgroup whose limit was reached; absent where the whole host had run out of memory. */
  limitPath: CgroupPath.optional(),
});
export type OomVictim = z.infer<typeof OomVictim>;

/** Time that tasks of a cgroup stood still for want of something over its life (`total` of pressure stall information), and the share of the last minute. */
export const PressureTotal = z.object({ someUsec: z.number().nonnegative(), someLastMinute: z.number().min(0).max(1) });
export type PressureTotal = z.infer<typeof PressureTotal>;

/** Limits that somebody set: with the container, or later. */
export const LimitChange = z.object({
  at: Timestamp,
  /** Absent where it is not known any more. */
  subject: Subject.optional(),
  /** Those that were set, and no others. */
  limits: EffectiveLimits,
});
export type LimitChange = z.infer<typeof LimitChange>;

/**
 * What is known of a container that ended, kept for as long as the container is remembered. Sealed with the last reading
 * of its cgroup, before that goes. An absent field was not measured, never 0.
 */
export const PostMortem = z.object({
  containerId: ContainerId,
  tenantId: TenantId,
  sealedAt: Timestamp,
  exitStatus: ExitStatus,
  startedAt: Timestamp.optional(),
  finishedAt: Timestamp.optional(),
  /** Path below each hierarchy's mount point, with a slash before it. */
  cgroupPath: CgroupPath,
  /** Whose files were read: pressure is told by version 2 alone. */
  cgroupVersion: z.union([z.literal(1), z.literal(2)]),
  /** False where its cgroup was gone before it could be read: then counters are those of a second before, or none. */
  isWhole: z.boolean(),
  /** Counters at the end. */
  reading: Reading.optional(),
  /** Forks that pids.max refused, of the container and below it. */
  pidsRefusals: z.number().int().nonnegative().optional(),
  /** Those of the OOM killer's victims that are known; `reading.memoryOomKills` says how many there were. */
  victims: z.array(OomVictim).max(8),
  pressure: z.object({ cpu: PressureTotal.optional(), memory: PressureTotal.optional(), io: PressureTotal.optional() }).optional(),
  /** Limits in force at the end, as the kernel held them. */
  limits: EffectiveLimits.optional(),
  /** Who set limits, oldest first. */
  limitChanges: z.array(LimitChange).max(50),
  /** The last who asked for a signal that ends. */
  signalled: z.object({ at: Timestamp, subject: Subject, signal: z.number().int().min(1).max(64) }).optional(),
});
export type PostMortem = z.infer<typeof PostMortem>;

/** The card as it is journalled and stored; one that comes later replaces it. */
export const PostMortemRecord = z.object({ kind: z.literal('post-mortem'), hostId: HostId, card: PostMortem });
export type PostMortemRecord = z.infer<typeof PostMortemRecord>;
