import { z } from 'zod';
import { BootId, ContainerId, Counter, HostId, Limit, TenantId, Timestamp } from './primitives.ts';

/**
 * Raw, cumulative counters of one cgroup at one moment. An absent field was not measured, never 0.
 * Sources: cpu.stat, memory.current, io.stat, pids.current (v2); cpuacct.usage, memory.usage_in_bytes,
 * blkio.throttle.io_service_bytes_recursive, pids.current (v1).
 */
export const Reading = z.object({
  cpuUsageUsec: Counter.optional(),
  cpuUserUsec: Counter.optional(),
  cpuSystemUsec: Counter.optional(),
  /** Nanoseconds where the kernel counts them (v1 cpuacct.usage); then cpuUsageUsec is this, floored. */
  cpuUsageNsec: Counter.optional(),
  cpuThrottledUsec: Counter.optional(),
  cpuPeriods: Counter.optional(),
  cpuThrottledPeriods: Counter.optional(),
  memoryCurrentBytes: Counter.optional(),
  memoryPeakBytes: Counter.optional(),
  memoryOomKills: Counter.optional(),
  ioReadBytes: Counter.optional(),
  ioWriteBytes: Counter.optional(),
  ioReadOperations: Counter.optional(),
  ioWriteOperations: Counter.optional(),
  pidsCurrent: Counter.optional(),
  /** Total of the `some` line of cpu.pressure, memory.pressure, io.pressure (v2). In records alone, not in samples. */
  cpuStalledUsec: Counter.optional(),
  memoryStalledUsec: Counter.optional(),
  ioStalledUsec: Counter.optional(),
});
export type Reading = z.infer<typeof Reading>;

/** Gauges integrated over the life of the incarnation by the sampler. */
export const Accumulators = z.object({
  /** Sum of memory.current times the time it was held, left-hold. */
  memoryByteSeconds: Counter,
  memoryLimitByteSeconds: Counter.optional(),
  cpuLimitMilliSeconds: Counter.optional(),
  /** Time over which gauges were measured. */
  measuredMsec: Counter,
  /** Time over which they were not (the agent was away): flagged, never filled in. */
  unmeasuredMsec: Counter,
});
export type Accumulators = z.infer<typeof Accumulators>;

/** Which life of which counter: counters of two incarnations never meet. */
export const Incarnation = z.object({
  hostId: HostId,
  bootId: BootId,
  /** Inode of the container's cgroup directory (cpuacct on v1, the one tree on v2). */
  cgroupIno: Counter,
});
export type Incarnation = z.infer<typeof Incarnation>;

/** One sample as live charts use it. */
export const Sample = z.object({ at: Timestamp, containerId: ContainerId, tenantId: TenantId, reading: Reading });
export type Sample = z.infer<typeof Sample>;

/** A durable record of one incarnation: one a minute and one at its end (`final`). */
export const ReadingRecord = z.object({
  kind: z.literal('reading'),
  incarnation: Incarnation,
  containerId: ContainerId,
  containerName: z.string(),
  tenantId: TenantId,
  at: Timestamp,
  /** CLOCK_BOOTTIME, for durations. */
  boottimeMsec: Counter,
  final: z.boolean(),
  reading: Reading,
  accumulators: Accumulators,
  memoryMaxBytes: Limit.optional(),
  cpuMaxMillis: Limit.optional(),
});
export type ReadingRecord = z.infer<typeof ReadingRecord>;
