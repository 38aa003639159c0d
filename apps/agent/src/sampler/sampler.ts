import type { CgroupReader, Cgroups } from '@bulkhead/cgroup';
import { initName } from '@bulkhead/container';
import { hasErrno } from '@bulkhead/kernel';
import type {
  BootId,
  CgroupSums,
  Container,
  ContainerId,
  HostId,
  PostMortemRecord,
  Reading,
  ReadingRecord,
  Sample,
  Timestamp,
} from '@bulkhead/model';
import type { Journal } from '../journal/journal.ts';
import { explain, type Log } from '../log.ts';
import { Broadcast } from '../stream/broadcast.ts';
import { ClockWatch, type Moment, now, SecondTimer } from './clock.ts';
import type { GroupMeters } from './group-meters.ts';
import type { KeptIntegrals, KeptIntegralsFile } from './kept-integrals.ts';
import { Meter } from './meter.ts';

/** A container is first read this long after it began: one that ends before is counted at its end, from counters alone. */
const firstReadingMsec = 100;
const recordEverySeconds = 60n;
/** Rounds that wait for a slow client; older ones are left out, charts only show a gap. */
const waitingRounds = 5;

export interface SampleRound {
  at: string;
  samples: Sample[];
}

/** A container that has not been read yet. */
interface Begun {
  container: Container;
  sinceNsec: bigint;
  timer?: NodeJS.Timeout;
  /** Its files, opened while it runs: at its end somebody waits. */
  reader?: CgroupReader | undefined;
}

export interface SamplerOptions {
  hostId: HostId;
  bootId: BootId;
  cgroups: Cgroups;
  journal: Pick<Journal, 'append'>;
  kept: KeptIntegralsFile;
  /** Samples kept of each container for charts, one a second. */
  liveSeconds: number;
  cgroupPath(container: { tenantId: string; id: ContainerId }): string;
  /** Told of each reading of a running container's cgroup, once a second. */
  onReading?(cgroupPath: string, reading: Reading): void;
  /**
   * A container has ended: what is to be journalled with its last reading, in one go.
   *
   * @param isWhole false where its cgroup was gone before it could be read once more
   */
  onFinal?(container: Container, reading: Reading | undefined, isWhole: boolean): PostMortemRecord | undefined;
  /** Groups of others that are metered with the containers. */
  groups?: Pick<GroupMeters, 'sample' | 'records' | 'keep'>;
  /** Reads sums of groups beside the containers' records of a minute. */
  readSums?(moment: Moment): CgroupSums;
  /** The wall clock was set by so much. */
  onClockStep(msec: number): void;
  log: Log;
}

/** When it was on the boot clock at a time of the wall clock that is not long ago. */
function boottimeOf(at: Timestamp, { boottimeNsec, wallMsec }: Moment): bigint {
  const ago = BigInt(Math.max(0, wallMsec - Date.parse(at))) * 1_000_000n;
  return ago > boottimeNsec ? 0n : boottimeNsec - ago;
}

/**
 * Reads every container's cgroup once a second through kept descriptors: into the ring for charts, into the integrals
 * that bills need, and once a minute and at the end into the journal.
 */
export class Sampler implements Disposable {
  readonly rounds = new Broadcast<SampleRound>(waitingRounds);
  readonly #options: SamplerOptions;
  readonly #meters = new Map<ContainerId, Meter>();
  /** Containers that have not been read yet. */
  readonly #begun = new Map<ContainerId, Begun>();
  readonly #clock = new ClockWatch();
  readonly #keptBefore: Map<ContainerId, KeptIntegrals>;
  #timer: SecondTimer | undefined;
  #minute: bigint;
  #lastKept = '';

  constructor(options: SamplerOptions) {
    this.#options = options;
    this.#keptBefore = options.kept.read();
    this.#minute = now().boottimeNsec / 1_000_000_000n / recordEverySeconds;
  }

  start(): void {
    this.#timer = new SecondTimer(() => this.#tick());
  }

  /** Takes up a container of a life before this one, or notes a change of one. */
  note(container: Container): void {
    const meter = this.#meters.get(container.id);
    if (meter !== undefined) {
      meter.container = container;
      return;
    }
    const known = this.#begun.get(container.id);
    if (known !== undefined) known.container = container;
    if (container.status === 'stopped') return;
    const begun = known ?? this.#expect(container);
    if (container.status === 'running') setImmediate(() => this.#openEarly(begun));
  }

  #expect(container: Container): Begun {
    const timer = setTimeout(() => this.#begin(container.id), firstReadingMsec);
    const begun = { container, sinceNsec: boottimeOf(container.createdAt, now()), timer };
    this.#begun.set(container.id, begun);
    return begun;
  }

  /** Opens the files of a container that runs now. Where that fails, it is tried again at its first reading. */
  #openEarly(begun: Begun): void {
    if (this.#begun.get(begun.container.id) !== begun || begun.reader !== undefined) return;
    try {
      begun.reader = this.#readerOf(begun.container);
    } catch {
      // Told then, if it lasts.
    }
  }

  #readerOf(container: Container): CgroupReader {
    return this.#options.cgroups.reader(this.#options.cgroupPath(container), [initName]);
  }

  /** Nothing of it is left on the host. */
  forget(id: ContainerId): void {
    const begun = this.#begun.get(id);
    clearTimeout(begun?.timer);
    begun?.reader?.[Symbol.dispose]();
    this.#begun.delete(id);
    this.#meters.get(id)?.[Symbol.dispose]();
    this.#meters.delete(id);
    this.#keptBefore.delete(id);
  }

  /** Opens the cgroup's files of a container that has not been read yet; undefined where there is no cgroup. */
  #open(id: ContainerId): Meter | undefined {
    const begun = this.#begun.get(id);
    if (begun === undefined) return this.#meters.get(id);
    const { container, sinceNsec } = begun;
    try {
      const reader = begun.reader ?? this.#readerOf(container);
      const meter = new Meter(container, reader, sinceNsec, { kept: this.#keptBefore.get(id), liveSeconds: this.#options.liveSeconds });
      clearTimeout(begun.timer);
      this.#begun.delete(id);
      this.#keptBefore.delete(id);
      this.#meters.set(id, meter);
      return meter;
    } catch (failure) {
      if (!hasErrno(failure, 'ENOENT', 'ENODEV'))
        this.#options.log.error({ container: id, error: explain(failure) }, 'the cgroup of a container cannot be read');
      return undefined;
    }
  }

  /** Reads those that run, in one go: the kernel is quicker when asked file type by file type. */
  *#read(meters: readonly Meter[]): Generator<{ meter: Meter; reading: Reading }> {
    const running = meters.filter(({ ended }) => !ended);
    const outcomes = this.#options.cgroups.readMany(running.map(({ reader }) => reader));
    for (const [index, meter] of running.entries()) {
      const outcome = outcomes[index];
      if (outcome === undefined) continue;
      if ('reading' in outcome) yield { meter, reading: outcome.reading };
      else if (hasErrno(outcome.failure, 'ENOENT', 'ENODEV')) this.#lost(meter);
      else this.#options.log.error({ container: meter.container.id, error: explain(outcome.failure) }, 'a container could not be measured');
    }
  }

  #sample(meters: readonly Meter[], moment: Moment): Sample[] {
    return [...this.#read(meters)].map(({ meter, reading }) => {
      this.#options.onReading?.(this.#options.cgroupPath(meter.container), reading);
      return meter.sample(reading, moment);
    });
  }

  /** The first reading: from here on gauges are held. */
  #begin(id: ContainerId): void {
    const meter = this.#open(id);
    if (meter !== undefined) this.#sample([meter], now());
  }

  #tick(): void {
    const moment = now();
    const stepped = this.#clock.look(moment);
    if (stepped !== undefined) this.#options.onClockStep(stepped);
    const dueNsec = moment.boottimeNsec - BigInt(firstReadingMsec) * 1_000_000n;
    const minute = moment.boottimeNsec / 1_000_000_000n / recordEverySeconds;
    const isRecorded = minute !== this.#minute;
    // What is held against the sums of a minute must not lack the youngest.
    for (const [id, { sinceNsec }] of [...this.#begun]) if (isRecorded || sinceNsec <= dueNsec) this.#open(id);
    const samples = this.#sample([...this.#meters.values()], moment);
    this.#options.groups?.sample(moment);
    const sums = isRecorded ? this.#readSums(moment) : [];
    this.rounds.publish({ at: new Date(moment.wallMsec).toISOString(), samples });
    if (isRecorded) {
      this.#minute = minute;
      const records = [...this.#records(moment), ...(this.#options.groups?.records(moment) ?? []), ...sums];
      this.#options.groups?.keep();
      // Durable before long; where the disk is full the journal says so and tries again.
      if (records.length > 0) void this.#options.journal.append(records).catch(() => undefined);
    }
    this.#keep();
  }

  #readSums(moment: Moment): CgroupSums[] {
    try {
      const sums = this.#options.readSums?.(moment);
      return sums === undefined ? [] : [sums];
    } catch (failure) {
      this.#options.log.error(
        { error: explain(failure) },
        'the sums of groups could not be read; the ledger is held against the next ones',
      );
      return [];
    }
  }

  /** Somebody else removed the cgroup: what was last read is the last that is known. */
  #lost(meter: Meter): void {
    this.#options.log.error({ container: meter.container.id }, 'the cgroup of a container is gone; its last reading counts');
    meter.end();
    const record = meter.record(now(), this.#identity, true);
    if (record !== undefined) void this.#options.journal.append([record]).catch(() => undefined);
  }

  #records(moment: Moment): ReadingRecord[] {
    return [...this.#meters.values()]
      .filter(({ ended }) => !ended)
      .map((meter) => meter.record(moment, this.#identity, false))
      .filter((record) => record !== undefined);
  }

  get #identity(): { hostId: HostId; bootId: BootId } {
    return { hostId: this.#options.hostId, bootId: this.#options.bootId };
  }

  #keep(): void {
    const kept = [...[...this.#meters].map(([id, meter]) => [id, meter.keep()] as const), ...this.#keptBefore];
    const text = JSON.stringify(kept);
    if (text === this.#lastKept) return;
    try {
      this.#options.kept.write(kept);
      this.#lastKept = text;
    } catch (failure) {
      this.#options.log.error({ error: explain(failure) }, 'integrals cannot be kept; the death of the agent would cost them');
    }
  }

  /** A reading of every running container, and of the sums over them, durable when it resolves. */
  async flush(): Promise<void> {
    const moment = now();
    for (const id of [...this.#begun.keys()]) this.#open(id);
    for (const { meter, reading } of this.#read([...this.#meters.values()])) meter.take(reading, moment);
    this.#options.groups?.sample(moment);
    const sums = this.#readSums(moment);
    await this.#options.journal.append([...this.#records(moment), ...(this.#options.groups?.records(moment) ?? []), ...sums]);
    this.#keep();
  }

  /**
   * The last process of a container has ended, or its cgroup is about to go: makes its last reading durable. Called
   * again, it writes again only where counters moved.
   */
  async finish(container: Container): Promise<void> {
    const { id } = container;
    if (!this.#meters.has(id) && !this.#begun.has(id))
      this.#begun.set(id, { container, sinceNsec: boottimeOf(container.createdAt, now()) });
    const meter = this.#open(id);
    if (meter === undefined) {
      this.#begun.delete(id);
      await this.#append([this.#options.onFinal?.(container, undefined, false)]);
      return;
    }
    meter.container = container;
    const moment = now();
    let isWhole = true;
    try {
      // One that ended while the agent was away was not running up to now.
      const reading = meter.reader.read();
      meter.take(reading, container.finishedAt === undefined ? moment : { boottimeNsec: boottimeOf(container.finishedAt, moment) });
    } catch (failure) {
      if (!hasErrno(failure, 'ENOENT', 'ENODEV')) throw failure;
      isWhole = false;
    }
    meter.end();
    // Its integrals need not be kept here: killed now, the agent would come to the same record again.
    await this.#append([meter.record(moment, this.#identity, true), this.#options.onFinal?.(container, meter.lastReading, isWhole)]);
  }

  async #append(records: readonly (ReadingRecord | PostMortemRecord | undefined)[]): Promise<void> {
    const known = records.filter((record) => record !== undefined);
    if (known.length > 0) await this.#options.journal.append(known);
  }

  /** What is kept of containers that no longer exist is no use. */
  keepOnly(ids: ReadonlySet<ContainerId>): void {
    for (const id of this.#keptBefore.keys()) if (!ids.has(id)) this.#keptBefore.delete(id);
  }

  recent(container: Container): Sample[] {
    const meter = this.#meters.get(container.id);
    return (meter?.ring.read() ?? []).map(({ atMsec, reading }) => ({
      at: new Date(atMsec).toISOString(),
      containerId: container.id,
      tenantId: container.tenantId,
      reading,
    }));
  }

  lastReading(id: ContainerId): Reading | undefined {
    return this.#meters.get(id)?.lastReading;
  }

  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]();
    for (const { timer, reader } of this.#begun.values()) {
      clearTimeout(timer);
      reader?.[Symbol.dispose]();
    }
    this.#begun.clear();
    for (const meter of this.#meters.values()) meter[Symbol.dispose]();
    this.#meters.clear();
    this.rounds.close();
  }
}
