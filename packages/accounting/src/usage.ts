import type { ContainerId, Counter, HostId, Incarnation, ReadingRecord, TenantId, Timestamp } from '@bulkhead/model';
import { growthOf, inOrder } from './step.ts';

/** Cumulative quantities that usage is made of. */
const meterFields = ['cpuUsageUsec', 'cpuUsageNsec', 'memoryByteSeconds', 'ioReadBytes', 'ioWriteBytes', 'unmeasuredMsec'] as const;
export type MeterField = (typeof meterFields)[number];

/** An absent meter was not measured, which is not 0. */
export type Meters = Partial<Record<MeterField, bigint>>;

/**
 * Counted are readings taken after `from` and not after `to`: each measures the time that ends with it, so that windows
 * which meet share none and lose none. An absent bound is open.
 */
export interface UsageWindow {
  from?: Timestamp | undefined;
  to?: Timestamp | undefined;
}

/**
 * - `reset`: a counter went down within one incarnation; what it then showed was added
 * - `conflict`: one moment was reported twice with different values; the first report counts
 */
export type UsageFlag = 'reset' | 'conflict';

/** Use of one incarnation over a window. */
export interface IncarnationUsage {
  incarnation: Incarnation;
  containerId: ContainerId;
  containerName: string;
  tenantId: TenantId;
  meters: Meters;
  /** Times of the first and the last reading that were counted. */
  firstAt: Timestamp;
  lastAt: Timestamp;
  /** True where the last reading of the incarnation is among those counted. */
  final: boolean;
  flags: UsageFlag[];
}

const metersOf = ({ reading, accumulators }: ReadingRecord): Record<MeterField, Counter | undefined> => ({
  cpuUsageUsec: reading.cpuUsageUsec,
  cpuUsageNsec: reading.cpuUsageNsec,
  memoryByteSeconds: accumulators.memoryByteSeconds,
  ioReadBytes: reading.ioReadBytes,
  ioWriteBytes: reading.ioWriteBytes,
  unmeasuredMsec: accumulators.unmeasuredMsec,
});

const keyOf = ({ incarnation, containerId }: ReadingRecord): string =>
  `${incarnation.hostId} ${incarnation.bootId} ${incarnation.cgroupIno} ${containerId}`;

function sameReading(left: ReadingRecord, right: ReadingRecord): boolean {
  const [one, other] = [metersOf(left), metersOf(right)];
  return left.at === right.at && left.final === right.final && meterFields.every((field) => one[field] === other[field]);
}

function useOf(records: readonly ReadingRecord[], { from, to }: UsageWindow): IncarnationUsage | undefined {
  const { readings, conflicts } = inOrder(records, sameReading);
  const isCounted = ({ at }: ReadingRecord): boolean => (from === undefined || at > from) && (to === undefined || at <= to);
  const counted = readings.filter(isCounted);
  const [first] = counted;
  if (first === undefined) return undefined;

  const meters: Meters = {};
  let reset = false;
  // The agent makes the cgroup, so its counters begin at zero and the first value is use.
  const before = new Map<MeterField, bigint>();
  for (const record of readings) {
    for (const [field, text] of Object.entries(metersOf(record)) as [MeterField, Counter | undefined][]) {
      if (text === undefined) continue;
      const value = BigInt(text);
      const { quantity, isReset } = growthOf(before.get(field) ?? 0n, value);
      before.set(field, value);
      reset ||= isReset;
      if (isCounted(record)) meters[field] = (meters[field] ?? 0n) + quantity;
    }
  }
  const times = counted.map(({ at }) => at).sort();
  return {
    incarnation: first.incarnation,
    containerId: first.containerId,
    containerName: first.containerName,
    tenantId: first.tenantId,
    meters,
    firstAt: times[0] as Timestamp,
    lastAt: times.at(-1) as Timestamp,
    final: readings.some((record) => record.final && (to === undefined || record.at <= to)),
    flags: [...(reset ? (['reset'] as const) : []), ...(conflicts.size > 0 ? (['conflict'] as const) : [])],
  };
}

/**
 * Use of each incarnation that has a reading in the window, by its identity. The order in which readings came, and how
 * often, changes nothing; no quantity is ever negative.
 */
export function usageOfIncarnations(records: readonly ReadingRecord[], window: UsageWindow = {}): IncarnationUsage[] {
  return [...Map.groupBy(records, keyOf)]
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([, readings]) => useOf(readings, window))
    .filter((usage) => usage !== undefined);
}

/** Use of one container: the sum over its incarnations. */
export interface ContainerUsage {
  hostId: HostId;
  containerId: ContainerId;
  containerName: string;
  tenantId: TenantId;
  meters: Meters;
  firstAt: Timestamp;
  lastAt: Timestamp;
  /** Whether the latest incarnation has ended. */
  final: boolean;
  flags: UsageFlag[];
}

export function addMeters(all: readonly Meters[]): Meters {
  const sum: Meters = {};
  for (const meters of all)
    for (const [field, value] of Object.entries(meters) as [MeterField, bigint][]) sum[field] = (sum[field] ?? 0n) + value;
  return sum;
}

/** Joins the incarnations of each container, in order of tenant, first reading, host and container. */
export function usageOfContainers(usages: readonly IncarnationUsage[]): ContainerUsage[] {
  const containers = Map.groupBy(usages, ({ tenantId, incarnation, containerId }) => `${tenantId} ${incarnation.hostId} ${containerId}`);
  const order = ({ tenantId, firstAt, hostId, containerId }: ContainerUsage): string => `${tenantId} ${firstAt} ${hostId} ${containerId}`;
  return [...containers.values()]
    .map((parts) => {
      const byEnd = parts.toSorted((left, right) => (left.lastAt < right.lastAt ? -1 : left.lastAt > right.lastAt ? 1 : 0));
      const latest = byEnd.at(-1) as IncarnationUsage;
      return {
        hostId: latest.incarnation.hostId,
        containerId: latest.containerId,
        containerName: latest.containerName,
        tenantId: latest.tenantId,
        meters: addMeters(parts.map(({ meters }) => meters)),
        firstAt: parts.map(({ firstAt }) => firstAt).sort()[0] as Timestamp,
        lastAt: latest.lastAt,
        final: latest.final,
        flags: [...new Set(parts.flatMap(({ flags }) => flags))].sort(),
      };
    })
    .sort((left, right) => (order(left) < order(right) ? -1 : 1));
}
