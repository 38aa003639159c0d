import { z } from 'zod';
import { Maker } from './maker.ts';
import { HostId, Limit, Timestamp } from './primitives.ts';

/** Path of a cgroup below its hierarchy's mount point: `/` is the root, `/system.slice/ssh.service` a group. The same path in several v1 hierarchies is one cgroup. */
export const CgroupPath = z
  .string()
  .max(4096)
  .regex(/^\/(?:[^/\0]+(?:\/[^/\0]+)*)?$/, 'must begin with / and have no empty part')
  .refine((path) => !path.split('/').some((part) => part === '..' || part === '.'), 'must not contain . or ..');
export type CgroupPath = z.infer<typeof CgroupPath>;

/** Controllers by their v2 names; `io` is v1's blkio. */
export const CgroupController = z.enum([
  'cpu',
  'cpuset',
  'memory',
  'io',
  'pids',
  'devices',
  'freezer',
  'hugetlb',
  'rdma',
  'misc',
  'perf_event',
  'net_cls',
  'net_prio',
]);
export type CgroupController = z.infer<typeof CgroupController>;

const Share = z.number().min(0).max(1);

/** Share of the last ten seconds in which tasks stood still for want of something (pressure stall information, PSI). */
export const CgroupPressure = z.object({
  cpuSome: Share.optional(),
  memorySome: Share.optional(),
  memoryFull: Share.optional(),
  ioSome: Share.optional(),
  ioFull: Share.optional(),
});
export type CgroupPressure = z.infer<typeof CgroupPressure>;

/** Use of one cgroup and everything below it over the last second. An absent field was not measured, never 0. */
export const CgroupUse = z.object({
  /** Mean number of CPUs in use, in thousandths. */
  cpuMillis: z.number().nonnegative().optional(),
  /** Share of the quota's periods in which it was throttled. */
  throttled: Share.optional(),
  memoryBytes: z.number().nonnegative().optional(),
  ioReadBytesPerSecond: z.number().nonnegative().optional(),
  ioWriteBytesPerSecond: z.number().nonnegative().optional(),
  /** pids.current: threads count too. */
  pids: z.number().int().nonnegative().optional(),
  pressure: CgroupPressure.optional(),
});
export type CgroupUse = z.infer<typeof CgroupUse>;

export const CgroupLimits = z.object({
  cpuMaxMillis: Limit.optional(),
  cpuWeight: z.number().int().positive().optional(),
  memoryMaxBytes: Limit.optional(),
  memoryHighBytes: Limit.optional(),
  pidsMax: Limit.optional(),
});
export type CgroupLimits = z.infer<typeof CgroupLimits>;

/** One cgroup of the host's tree. */
export const CgroupNode = z.object({
  path: CgroupPath,
  /** Hierarchies in which the path exists, by the controllers they carry; none for a group of v2 without any. */
  controllers: z.array(CgroupController),
  maker: Maker,
  /** Processes directly in it. */
  processes: z.number().int().nonnegative().optional(),
  frozen: z.boolean().optional(),
  limits: CgroupLimits,
  /** Processes that the OOM killer ended in it and below it, since it was made. */
  oomKills: z.number().int().nonnegative().optional(),
  /** Forks that a limit of processes refused in it and below it, since it was made. */
  pidsRefusals: z.number().int().nonnegative().optional(),
  use: CgroupUse,
});
export type CgroupNode = z.infer<typeof CgroupNode>;

/** One sample of a chart. */
export const CgroupSample = z.object({ at: Timestamp, use: CgroupUse });
export type CgroupSample = z.infer<typeof CgroupSample>;

/** A kernel file of a cgroup as it stands. */
export const CgroupFile = z.object({
  /** `memory.max`, `cpu.shares`. */
  name: z.string(),
  /** Absolute path on the host. */
  path: z.string(),
  content: z.string().max(65_536).optional(),
  /** Why the content is missing. */
  unreadable: z.string().optional(),
});
export type CgroupFile = z.infer<typeof CgroupFile>;

const Column = z.array(z.number().nonnegative().nullable()).max(1000).optional();

/**
 * Means of one minute of many cgroups, column by column in the order of `paths`. `null`: not measured; a column that is
 * missing was measured of none. Shares are 0 to 1. A cgroup that is missing was not looked at, and its chart has a gap.
 */
export const CgroupMinutes = z
  .object({
    kind: z.literal('cgroup-minutes'),
    hostId: HostId,
    /** When the minute began, on the wall clock. */
    at: Timestamp,
    /** Which of the records of this minute. */
    part: z.number().int().nonnegative(),
    paths: z.array(CgroupPath).max(1000),
    cpuMillis: Column,
    cpuMillisMost: Column,
    throttled: Column,
    memoryBytes: Column,
    memoryBytesMost: Column,
    ioReadBytesPerSecond: Column,
    ioWriteBytesPerSecond: Column,
    pids: Column,
    cpuSome: Column,
    memorySome: Column,
    memoryFull: Column,
    ioSome: Column,
    ioFull: Column,
  })
  .refine((minutes) => Object.values(minutes).every((value) => !Array.isArray(value) || value.length === minutes.paths.length), {
    message: 'every column must be as long as paths',
  });
export type CgroupMinutes = z.infer<typeof CgroupMinutes>;
