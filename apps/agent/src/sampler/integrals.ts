import type { Accumulators, ContainerLimits } from '@bulkhead/model';
import { z } from 'zod';

/** A gauge is held this long after it was last read; what lies beyond is not measured. */
export const maximumHoldNsec = 3_000_000_000n;

const Integer = z.string().regex(/^\d+$/);

/** Integrals as they are kept between two lives of the agent, in nanoseconds so that rounding never adds up. */
export const StoredIntegrals = z.object({
  memoryByteNsec: Integer,
  memoryLimitByteNsec: Integer.optional(),
  cpuLimitMilliNsec: Integer.optional(),
  measuredNsec: Integer,
  unmeasuredNsec: Integer,
  /** CLOCK_BOOTTIME up to which time is accounted for. */
  untilNsec: Integer,
});
export type StoredIntegrals = z.infer<typeof StoredIntegrals>;

/**
 * Gauges of one incarnation multiplied by the time they were held (left-hold), and limits by the time they were in
 * force. Time without a gauge is counted as not measured, never filled in; limits are known all the time.
 */
export class Integrals {
  #memoryByteNsec = 0n;
  #memoryLimitByteNsec: bigint | undefined;
  #cpuLimitMilliNsec: bigint | undefined;
  #measuredNsec = 0n;
  #unmeasuredNsec = 0n;
  #untilNsec: bigint;
  /** The gauge that is held; undefined where none was read. */
  #memoryBytes: bigint | undefined;

  /** @param sinceNsec CLOCK_BOOTTIME at which the incarnation begins */
  constructor(sinceNsec: bigint, stored?: StoredIntegrals) {
    this.#untilNsec = sinceNsec;
    if (stored === undefined) return;
    this.#memoryByteNsec = BigInt(stored.memoryByteNsec);
    this.#memoryLimitByteNsec = stored.memoryLimitByteNsec === undefined ? undefined : BigInt(stored.memoryLimitByteNsec);
    this.#cpuLimitMilliNsec = stored.cpuLimitMilliNsec === undefined ? undefined : BigInt(stored.cpuLimitMilliNsec);
    this.#measuredNsec = BigInt(stored.measuredNsec);
    this.#unmeasuredNsec = BigInt(stored.unmeasuredNsec);
    this.#untilNsec = BigInt(stored.untilNsec);
  }

  get untilNsec(): bigint {
    return this.#untilNsec;
  }

  /**
   * Accounts for the time up to now, under the limits in force until now.
   *
   * @param memoryBytes the gauge from now on; undefined where it could not be read
   */
  advance(nowNsec: bigint, memoryBytes: bigint | undefined, limits: ContainerLimits): void {
    const passed = nowNsec > this.#untilNsec ? nowNsec - this.#untilNsec : 0n;
    const held = this.#memoryBytes === undefined ? 0n : passed > maximumHoldNsec ? maximumHoldNsec : passed;
    this.#memoryByteNsec += (this.#memoryBytes ?? 0n) * held;
    this.#measuredNsec += held;
    this.#unmeasuredNsec += passed - held;
    if (limits.memoryMaxBytes !== undefined)
      this.#memoryLimitByteNsec = (this.#memoryLimitByteNsec ?? 0n) + BigInt(limits.memoryMaxBytes) * passed;
    if (limits.cpuMaxMillis !== undefined) this.#cpuLimitMilliNsec = (this.#cpuLimitMilliNsec ?? 0n) + BigInt(limits.cpuMaxMillis) * passed;
    this.#memoryBytes = memoryBytes;
    this.#untilNsec += passed;
  }

  /** In the units of a record, rounded down. */
  toAccumulators(): Accumulators {
    const inSeconds = (value: bigint): string => String(value / 1_000_000_000n);
    return {
      memoryByteSeconds: inSeconds(this.#memoryByteNsec),
      ...(this.#memoryLimitByteNsec === undefined ? {} : { memoryLimitByteSeconds: inSeconds(this.#memoryLimitByteNsec) }),
      ...(this.#cpuLimitMilliNsec === undefined ? {} : { cpuLimitMilliSeconds: inSeconds(this.#cpuLimitMilliNsec) }),
      measuredMsec: String(this.#measuredNsec / 1_000_000n),
      unmeasuredMsec: String(this.#unmeasuredNsec / 1_000_000n),
    };
  }

  toStored(): StoredIntegrals {
    return {
      memoryByteNsec: String(this.#memoryByteNsec),
      ...(this.#memoryLimitByteNsec === undefined ? {} : { memoryLimitByteNsec: String(this.#memoryLimitByteNsec) }),
      ...(this.#cpuLimitMilliNsec === undefined ? {} : { cpuLimitMilliNsec: String(this.#cpuLimitMilliNsec) }),
      measuredNsec: String(this.#measuredNsec),
      unmeasuredNsec: String(this.#unmeasuredNsec),
      untilNsec: String(this.#untilNsec),
    };
  }
}
