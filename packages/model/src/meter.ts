import { z } from 'zod';

/**
 * How a quantity comes out of what was read, and what a missed reading costs.
 * - `counter`: new less old; exact in total over a gap, which is spread evenly
 * - `integral`: a gauge times the time it was held; what lies beyond the hold is not measured
 * - `allocation`: a limit or reservation times the time it was in force; exact
 * - `peak`: the most there was; never added up over time
 * - `presence`: time in a state; exact
 */
export const MeterKind = z.enum(['counter', 'integral', 'allocation', 'peak', 'presence']);
export type MeterKind = z.infer<typeof MeterKind>;

/** Whether what was used is charged or what was set aside, used or not. Every price and every invoice line says it. */
export const MeterBasis = z.enum(['used', 'allocated']);
export type MeterBasis = z.infer<typeof MeterBasis>;

interface MeterFacts {
  kind: MeterKind;
  basis: MeterBasis;
  /** The unit that quantities are whole numbers of. */
  unit: 'usec' | 'byte-seconds' | 'cpu-milli-seconds' | 'bytes' | 'operations' | 'msec';
  /** The unit that prices are for, as FOCUS writes units. */
  pricingUnit: string;
  /** How many `unit` one `pricingUnit` is, exactly. */
  unitsPerPricingUnit: bigint;
}

const gib = 1n << 30n;
const coreHours = { unit: 'usec', pricingUnit: 'Core-Hours', unitsPerPricingUnit: 3_600_000_000n } as const;
const allocatedCoreHours = { unit: 'cpu-milli-seconds', pricingUnit: 'Core-Hours', unitsPerPricingUnit: 3_600_000n } as const;
const gibHours = { unit: 'byte-seconds', pricingUnit: 'GiB-Hours', unitsPerPricingUnit: gib * 3600n } as const;
const gibs = { unit: 'bytes', pricingUnit: 'GiB', unitsPerPricingUnit: gib } as const;
const millionOperations = { unit: 'operations', pricingUnit: '1000000 Operations', unitsPerPricingUnit: 1_000_000n } as const;
const hours = { unit: 'msec', pricingUnit: 'Hours', unitsPerPricingUnit: 3_600_000n } as const;
const stallHours = { unit: 'usec', pricingUnit: 'Hours', unitsPerPricingUnit: 3_600_000_000n } as const;

/** Everything that can be charged, in the order in which lines of an invoice stand. */
export const meterFacts = {
  /** cpu.stat usage_usec; v1 cpuacct.usage, floored to microseconds. */
  'cpu-used': { kind: 'counter', basis: 'used', ...coreHours },
  /** cpu.max in thousandths of a CPU, times the time it was in force. None where there is no limit. */
  'cpu-allocated': { kind: 'allocation', basis: 'allocated', ...allocatedCoreHours },
  /** memory.current; v1 memory.usage_in_bytes. */
  'memory-used': { kind: 'integral', basis: 'used', ...gibHours },
  /** memory.max times the time it was in force. */
  'memory-allocated': { kind: 'allocation', basis: 'allocated', ...gibHours },
  /** memory.peak; v1 memory.max_usage_in_bytes. */
  'memory-peak': { kind: 'peak', basis: 'used', ...gibs },
  'disk-used': { kind: 'integral', basis: 'used', ...gibHours },
  /** io.stat rbytes, wbytes, rios, wios; v1 blkio. */
  'io-read-bytes': { kind: 'counter', basis: 'used', ...gibs },
  'io-write-bytes': { kind: 'counter', basis: 'used', ...gibs },
  'io-read-operations': { kind: 'counter', basis: 'used', ...millionOperations },
  'io-write-operations': { kind: 'counter', basis: 'used', ...millionOperations },
  /** Seen from the host's end of the link: what the container received and sent. */
  'network-in-bytes': { kind: 'counter', basis: 'used', ...gibs },
  'network-out-bytes': { kind: 'counter', basis: 'used', ...gibs },
  /** From the making of the cgroup to the end of its last process; frozen time is part of it. */
  'running-time': { kind: 'presence', basis: 'used', ...hours },
  /** The part of it that was frozen. */
  'paused-time': { kind: 'presence', basis: 'used', ...hours },
  'address-held': { kind: 'presence', basis: 'allocated', unit: 'msec', pricingUnit: 'Address-Hours', unitsPerPricingUnit: 3_600_000n },
  /** Total of the `some` line of cpu.pressure, memory.pressure, io.pressure. */
  'cpu-stalled': { kind: 'counter', basis: 'used', ...stallHours },
  'memory-stalled': { kind: 'counter', basis: 'used', ...stallHours },
  'io-stalled': { kind: 'counter', basis: 'used', ...stallHours },
} as const satisfies Record<string, MeterFacts>;

export type MeterId = keyof typeof meterFacts;
export const meterIds = Object.keys(meterFacts) as [MeterId, ...MeterId[]];
export const MeterId = z.enum(meterIds);

export interface Meter extends MeterFacts {
  id: MeterId;
}

export const meterOf = (id: MeterId): Meter => ({ id, ...meterFacts[id] });
