import { CgroupFile, CgroupNode, CgroupPath, CgroupSample, CgroupUse, Counter, Timestamp } from '@bulkhead/model';
import { z } from 'zod';
import { query, subscription } from './contract.ts';

const Nothing = z.object({}).default({});

/** What a look at the tree could not read: a partial view says so. */
export const CgroupGaps = z.object({
  /** Cgroups of which something could not be read. */
  cgroups: z.number().int().nonnegative(),
  /** Cgroups beyond the bound, which are not read at all. */
  leftOut: z.number().int().nonnegative(),
  /** What this host does not count at all, and why: one sentence each ("Pressure: the kernel was built without PSI."). */
  reasons: z.array(z.string()).max(16),
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
};

/** A point of a stored chart of a cgroup. A missing point is a gap and stays one. */
export const CgroupHistoryPoint = CgroupUse.extend({
  at: Timestamp,
  /** Seconds that the point stands for. */
  stepSeconds: z.number().int().positive(),
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
