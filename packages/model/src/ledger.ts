import { z } from 'zod';
import { Quantity } from './decimal.ts';
import { MeterId } from './meter.ts';
import { Counter, HostId, TenantId, Timestamp } from './primitives.ts';
import { Incarnation } from './reading.ts';

/** What is charged for: a container, or any other cgroup that was given to a tenant, by its path. */
export const Resource = z.strictObject({
  hostId: HostId,
  kind: z.enum(['container', 'cgroup', 'address', 'volume']),
  /** Container id, cgroup path, address. Unique among those of its kind on its host. */
  id: z.string().min(1).max(4096),
  /** What people call it. */
  name: z.string().max(4096),
});
export type Resource = z.infer<typeof Resource>;

/**
 * Meters of one incarnation of one resource as they stood at one moment. All but peaks are cumulative; an absent meter
 * was not measured, never 0. `toLedgerReading` of packages/accounting makes one of a container's ReadingRecord.
 */
export const LedgerReading = z.strictObject({
  resource: Resource,
  incarnation: Incarnation,
  /**
   * `created`: the agent made the cgroup, its counters begin at zero and the first reading is use.
   * `adopted`: it was there before us, and the first reading is the line from which use is counted.
   */
  origin: z.enum(['created', 'adopted']),
  /** Whose it is where no ownership says otherwise; null: nobody's. */
  tenantId: TenantId.nullable(),
  /** Wall clock, for labels. */
  at: Timestamp,
  /** CLOCK_BOOTTIME, for durations. */
  boottimeMsec: Counter,
  /** Time since the incarnation began, up to its end where it has ended; unknown of adopted ones. */
  ageMsec: Counter.optional(),
  /** The last of its incarnation. */
  final: z.boolean(),
  meters: z.partialRecord(MeterId, Quantity),
  /** Part of the age over which gauges were not measured. */
  unmeasuredMsec: Counter,
});
export type LedgerReading = z.infer<typeof LedgerReading>;

/** A moment of the event log, on both clocks. */
export const LoggedMoment = z.strictObject({ at: Timestamp, boottimeMsec: Counter });
export type LoggedMoment = z.infer<typeof LoggedMoment>;

/**
 * Something that was in force from one event to another of the same boot: a limit, a state, an address. What a
 * `presence` or `allocation` is charged by where no cumulative meter of it is read.
 */
export const Holding = z.strictObject({
  resource: Resource,
  /** As of a reading. */
  tenantId: TenantId.nullable(),
  /** Of kind `allocation` or `presence`. */
  meter: MeterId,
  /** Bytes or thousandths of a CPU that were set aside; how many there were of what is present. */
  amount: Quantity,
  from: LoggedMoment,
  to: LoggedMoment,
});
export type Holding = z.infer<typeof Holding>;

/** Whose a resource is from one moment to another. Where any is told of a resource, only these count. */
export const Ownership = z.strictObject({
  resource: Resource.pick({ hostId: true, kind: true, id: true }),
  tenantId: TenantId,
  from: Timestamp,
  /** Exclusive; absent while it goes on. */
  to: Timestamp.optional(),
});
export type Ownership = z.infer<typeof Ownership>;

/**
 * What is remarkable about a row.
 * - `reset`: a counter went down within one incarnation; what it then showed was added
 * - `conflict`: one moment was reported twice with different values; the first report counts
 * - `baseline`: a group that was there before us was taken up; its past is not in here
 * - `spread`: readings were missing; the quantity is exact over the gap, its place in time is not
 * - `clock`: the wall clock was set; labels follow the new time, durations the boot clock
 * - `estimate`: too short a life for a gauge to be measured well; the quantity is what was measured of it
 * - `unmeasured`: over part of the time the gauge was not measured, and nothing is charged for that part
 * - `allotted`: a share of what nobody owned, by the method that the invoice names
 */
export const UsageRowFlag = z.enum(['reset', 'conflict', 'baseline', 'spread', 'clock', 'estimate', 'unmeasured', 'allotted']);
export type UsageRowFlag = z.infer<typeof UsageRowFlag>;

/** Use of one resource by one meter for one owner within one hour, or within a part of it where something changed. */
export const UsageRow = z.strictObject({
  /** null: nobody's. */
  tenantId: TenantId.nullable(),
  resource: Resource,
  meter: MeterId,
  /** [start, end) in UTC, within one hour. */
  start: Timestamp,
  end: Timestamp,
  quantity: Quantity,
  /** Time on the boot clock that the quantity stems from. */
  durationMsec: Counter,
  /** Part of that over which the gauge was not measured; 0 for meters that are no integrals. */
  unmeasuredMsec: Counter,
  flags: z.array(UsageRowFlag),
});
export type UsageRow = z.infer<typeof UsageRow>;

/** Time of an incarnation about which less is known than its readings would tell. */
export const Gap = z.strictObject({
  resource: Resource,
  incarnation: Incarnation,
  /** `readings`: none came for longer than allowed. `gauge`: readings came, and gauges were not measured in between. */
  reason: z.enum(['readings', 'gauge']),
  /** The two readings it lies between; where the first is absent, the beginning of the incarnation. */
  from: Timestamp,
  to: Timestamp,
  durationMsec: Counter,
});
export type Gap = z.infer<typeof Gap>;
