import { CgroupFile, CgroupNode, CgroupPath, CgroupSample, CgroupUse, Counter, Timestamp } from '@bulkhead/model';
import { z } from 'zod';
import { cgroupConfigContract } from './cgroup-config.ts';
import { cgroupControlContract } from './cgroup-control.ts';
import { query, subscription } from './contract.ts';

const Nothing = z.object({}).default({});

/**
 * Why a host does not count something of any cgroup.
 * - `cpu-unmounted`, `memory-missing`, `pids-missing`, `io-missing`: no controller that counts it is there
 * - `io-uncounted`: the kernel begins to count I/O with the first throttling rule on a disk
 * - `pressure-unbuilt`, `pressure-off`: the kernel was built without PSI, or it is switched off
 * - `pressure-v1`: cgroup v1 does not tell it, and no v2 tree is mounted
 * - `pressure-hybrid`: told of cgroups in the v2 tree alone
 * - `events-v1`: the kernel tells of the first refused fork of a group alone, and not of pressure of CPU and I/O
 * - `events-unnamed`: the kernel's log cannot be read, so whom the OOM killer chose is not known
 * - `events-beyond`: more groups have limits than are listened to
 */
export const CgroupReason = z.enum([
  'cpu-unmounted',
  'memory-missing',
  'pids-missing',
  'io-missing',
  'io-uncounted',
  'pressure-unbuilt',
  'pressure-off',
  'pressure-v1',
  'pressure-hybrid',
  'events-v1',
  'events-unnamed',
  'events-beyond',
]);
export type CgroupReason = z.infer<typeof CgroupReason>;

/** What a look at the tree could not read: a partial view says so. */
export const CgroupGaps = z.object({
  /** Cgroups of which something could not be read. */
  cgroups: z.number().int().nonnegative(),
  /** Cgroups beyond the bound, which are not read at all. */
  leftOut: z.number().int().nonnegative(),
  /** Where those are: how many below which cgroup, most first; what is not listed is below others. */
  leftOutBelow: z.array(z.object({ path: CgroupPath, count: z.number().int().positive() })).max(8),
  /** So late a new cgroup may be seen, in seconds, where there are too many for the kernel to tell of; absent where it tells. */
  lateSeconds: z.number().int().positive().optional(),
  /** What this host does not count at all, and why. */
  reasons: z.array(CgroupReason).max(16),
});
export type CgroupGaps = z.infer<typeof CgroupGaps>;

export const CgroupTree = z.object({
  at: Timestamp,
  /** Parents before children. */
  cgroups: z.array(CgroupNode),
  gaps: CgroupGaps,
});
export type CgroupTree = z.infer<typeof CgroupTree>;

export const CgroupChange = z.discriminatedUnion('type', [
  /** First item, and again after anything was missed: replaces all that is known. */
  CgroupTree.extend({ type: z.literal('snapshot') }),
  z.object({
    type: z.literal('changed'),
    at: Timestamp,
    /** New ones, and those of which more than use changed. */
    cgroups: z.array(CgroupNode),
    removed: z.array(CgroupPath),
    /** Use of those where it changed since the item before. */
    use: z.array(z.object({ path: CgroupPath, use: CgroupUse })),
    gaps: CgroupGaps,
  }),
]);
export type CgroupChange = z.infer<typeof CgroupChange>;

/** The cgroup tree of a whole host, the same at the agent and at the control plane; administrators and local root. */
export const cgroupContract = {
  ...cgroupControlContract,
  tree: query({ permission: 'cgroup:read', scope: 'host', input: Nothing, output: CgroupTree }),
  inspect: query({
    permission: 'cgroup:read',
    scope: 'host',
    input: z.object({ path: CgroupPath }),
    output: z.object({
      cgroup: CgroupNode,
      /** Every kernel file of it in every hierarchy, as it stands. */
      files: z.array(CgroupFile).max(512),
    }),
  }),
  watch: subscription({ permission: 'cgroup:read', scope: 'host', input: Nothing, output: CgroupChange }),
  /** The last 15 minutes, one sample a second, oldest first. A missing second is a gap. */
  recent: query({
    permission: 'cgroup:read',
    scope: 'host',
    input: z.object({ path: CgroupPath }),
    output: z.array(CgroupSample),
  }),
  ...cgroupConfigContract,
};

/** A point of a stored chart of a cgroup. A missing point is a gap and stays one. */
export const CgroupHistoryPoint = CgroupUse.extend({
  at: Timestamp,
  /** Seconds that the point stands for. */
  stepSeconds: z.number().int().positive(),
  /** A mean, as all the others. */
  pids: z.number().nonnegative().optional(),
  cpuMillisMost: z.number().nonnegative().optional(),
  memoryBytesMost: z.number().nonnegative().optional(),
});
export type CgroupHistoryPoint = z.infer<typeof CgroupHistoryPoint>;

/** What the control plane knows beyond that, out of its database. */
export const cgroupHistoryContract = {
  history: query({
    permission: 'cgroup:read',
    scope: 'host',
    input: z.object({ path: CgroupPath, from: Timestamp, to: Timestamp }),
    output: z.array(CgroupHistoryPoint),
  }),
};

/** What is stored, and what the product itself costs the host. */
export const StorageReport = z.object({
  at: Timestamp,
  databaseBytes: Counter,
  tables: z.array(z.object({ name: z.string(), bytes: Counter, rows: Counter })),
  /** How long is kept what, as set. */
  retention: z.object({ minuteDays: z.number().positive(), hourMonths: z.number().positive() }),
  /** Bytes of the agent's journal that are not in the database yet. */
  journalBytes: Counter.optional(),
});
export type StorageReport = z.infer<typeof StorageReport>;
