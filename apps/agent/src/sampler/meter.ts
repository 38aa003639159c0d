import type { CgroupReader } from '@bulkhead/cgroup';
import type { Accumulators, Container, HostId, Reading, ReadingRecord, Sample } from '@bulkhead/model';
import type { Moment } from './clock.ts';
import { Integrals } from './integrals.ts';
import type { KeptIntegrals } from './kept-integrals.ts';
import { Ring } from './ring.ts';

/** Gauges say nothing of use that was not counted; of two readings with equal counters the second is no news. */
const countersOf = ({ memoryCurrentBytes: _, memoryPeakBytes: __, pidsCurrent: ___, ...counters }: Reading): string =>
  JSON.stringify(counters);

/** Everything measured of one container over one life of its cgroup. */
export class Meter implements Disposable {
  container: Container;
  readonly ring: Ring;
  readonly #reader: CgroupReader;
  readonly #integrals: Integrals;
  /** Last process gone: gauges are no longer integrated. */
  #ended = false;
  #lastReading: Reading | undefined;
  #finalCounters: string | undefined;
  #recordedMsec: bigint;

  /** @param sinceNsec where the cgroup's life begins for us; time up to the first reading counts as not measured */
  constructor(
    container: Container,
    reader: CgroupReader,
    sinceNsec: bigint,
    { kept, liveSeconds }: { kept: KeptIntegrals | undefined; liveSeconds: number },
  ) {
    this.container = container;
    this.ring = new Ring(liveSeconds);
    this.#reader = reader;
    const same = kept?.cgroupIno === String(reader.ino) ? kept : undefined;
    this.#integrals = new Integrals(sinceNsec, same?.integrals);
    this.#recordedMsec = BigInt(same?.recordedMsec ?? 0);
    this.#finalCounters = same?.finalCounters;
    this.#ended = same?.finalCounters !== undefined;
  }

  get ended(): boolean {
    return this.#ended;
  }

  get lastReading(): Reading | undefined {
    return this.#lastReading;
  }

  get reader(): CgroupReader {
    return this.#reader;
  }

  /** Takes a reading of this container's cgroup, made at that moment. */
  take(reading: Reading, { boottimeNsec }: Pick<Moment, 'boottimeNsec'>): void {
    this.#lastReading = reading;
    if (this.#ended) return;
    const memory = reading.memoryCurrentBytes;
    this.#integrals.advance(boottimeNsec, memory === undefined ? undefined : BigInt(memory), this.container.limits);
  }

  /** A reading for the ring and the live charts too. */
  sample(reading: Reading, moment: Moment): Sample {
    this.take(reading, moment);
    this.ring.push({ atMsec: moment.wallMsec, reading });
    return { at: new Date(moment.wallMsec).toISOString(), containerId: this.container.id, tenantId: this.container.tenantId, reading };
  }

  /** A record of what was last read; where it is final and says nothing new, undefined. */
  record(moment: Moment, identity: { hostId: HostId; bootId: string }, final: boolean): ReadingRecord | undefined {
    const reading = this.#lastReading;
    if (reading === undefined) return undefined;
    if (final) {
      const counters = countersOf(reading);
      if (counters === this.#finalCounters) return undefined;
      this.#finalCounters = counters;
    }
    const { container } = this;
    const momentMsec = moment.boottimeNsec / 1_000_000n;
    // Two records of one incarnation never share a moment: readers tell them apart by it.
    this.#recordedMsec = momentMsec > this.#recordedMsec ? momentMsec : this.#recordedMsec + 1n;
    return {
      kind: 'reading',
      incarnation: { ...identity, cgroupIno: String(this.#reader.ino) },
      containerId: container.id,
      containerName: container.name,
      tenantId: container.tenantId,
      at: new Date(moment.wallMsec).toISOString(),
      boottimeMsec: String(this.#recordedMsec),
      final,
      reading: { ...reading, ...this.#reader.readRare() },
      accumulators: this.accumulators,
      memoryMaxBytes: container.limits.memoryMaxBytes ?? 'max',
      cpuMaxMillis: container.limits.cpuMaxMillis ?? 'max',
    };
  }

  get accumulators(): Accumulators {
    return this.#integrals.toAccumulators();
  }

  /** No process is left: time no longer passes for it. */
  end(): void {
    this.#ended = true;
  }

  keep(): KeptIntegrals {
    return {
      cgroupIno: String(this.#reader.ino),
      integrals: this.#integrals.toStored(),
      ...(this.#recordedMsec === 0n ? {} : { recordedMsec: String(this.#recordedMsec) }),
      ...(this.#finalCounters === undefined ? {} : { finalCounters: this.#finalCounters }),
    };
  }

  [Symbol.dispose](): void {
    this.#reader[Symbol.dispose]();
  }
}
