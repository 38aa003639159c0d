import { z } from 'zod';
import { BootId, Counter, HostId, Timestamp } from './primitives.ts';

/** How the host's control groups are mounted. */
export const CgroupSetup = z.enum(['legacy', 'hybrid', 'unified']);
export type CgroupSetup = z.infer<typeof CgroupSetup>;

export const HostInfo = z.object({
  hostId: HostId,
  instance: z.string(),
  hostname: z.string(),
  bootId: BootId,
  bootedAt: Timestamp,
  kernelRelease: z.string(),
  architecture: z.enum(['x64', 'arm64']),
  cpus: z.number().int().positive(),
  memoryBytes: z.number().int().positive(),
  cgroupSetup: CgroupSetup,
  agentVersion: z.string(),
  agentStartedAt: Timestamp,
  /** What this host lacks and what that costs, one sentence each. */
  warnings: z.array(z.string()),
});
export type HostInfo = z.infer<typeof HostInfo>;

/** CPU and memory of the host and of our own processes, for Overview. */
export const HostUse = z.object({
  at: Timestamp,
  /** Time all CPUs spent not idle since boot (first line of /proc/stat). */
  cpuBusyUsec: z.string(),
  memoryUsedBytes: z.string(),
  /** Bytes of the agent's journal that the collector has yet to fetch. */
  journalBytes: Counter.optional(),
  processes: z.array(z.object({ name: z.string(), pid: z.number().int(), residentBytes: z.string(), cpuUsec: z.string() })),
});
export type HostUse = z.infer<typeof HostUse>;

/**
 * What a control plane may ask of this host; /etc/bulkhead/<instance>/policy.json, written with these defaults at the
 * first `up`. A local root is not capped by it.
 */
export const HostPolicy = z.strictObject({
  version: z.literal(1).default(1),
  privilegedContainers: z.boolean().default(false),
  hostPaths: z.array(z.string().startsWith('/')).default([]),
  hostNamespaces: z.boolean().default(false),
  execIntoInitialUserNamespace: z.boolean().default(false),
  foreignCgroups: z.enum(['off', 'limits', 'all']).default('limits'),
  hostNetwork: z.enum(['own', 'all']).default('own'),
});
export type HostPolicy = z.infer<typeof HostPolicy>;
