import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { CgroupReader, Cgroups } from '@bulkhead/cgroup';
import { hasErrno } from '@bulkhead/kernel';
import { BootId, CgroupPath, type CgroupReading, Counter, type HostId, type Reading } from '@bulkhead/model';
import { z } from 'zod';
import { explain, type Log } from '../log.ts';
import { type Moment, now } from './clock.ts';
import { Integrals, StoredIntegrals } from './integrals.ts';

/** What is kept of each group: over the agent's death while the host runs, the list of them for good. */
const KeptGroups = z.object({
  paths: z.array(CgroupPath),
  bootId: BootId,
  integrals: z.array(z.object({ path: CgroupPath, cgroupIno: Counter, integrals: StoredIntegrals })),
});
type KeptGroups = z.infer<typeof KeptGroups>;

export interface GroupMetersOptions {
  hostId: HostId;
  bootId: BootId;
  cgroups: Pick<Cgroups, 'foreignReader' | 'readMany'>;
  /** The list that was told last, and integrals: so that metering goes on while nobody can tell. */
  file: string;
  log: Log;
}

interface Metered {
  path: string;
  reader: CgroupReader;
  integrals: Integrals;
  last: Reading;
}

/**
 * Meters groups that are no containers of ours, those that tenants own: read with the containers, once a second, and
 * recorded with them. A group that goes is recorded as it was last seen; one that comes again begins another life.
 */
export class GroupMeters implements Disposable {
  readonly #options: GroupMetersOptions;
  #paths: readonly string[];
  readonly #groups = new Map<string, Metered>();
  #kept: KeptGroups['integrals'];
  /** Last records of groups that went, or are metered no more, until they are taken. */
  #lasts: CgroupReading[] = [];

  constructor(options: GroupMetersOptions) {
    this.#options = options;
    const kept = this.#read();
    this.#paths = kept?.paths ?? [];
    this.#kept = kept?.bootId === options.bootId ? kept.integrals : [];
  }

  #read(): KeptGroups | undefined {
    try {
      return KeptGroups.parse(JSON.parse(readFileSync(this.#options.file, 'utf8')));
    } catch {
      // Told anew by the collector, before long.
      return undefined;
    }
  }

  /** Every group that is to be metered, by its path with a slash before it; those that are not there yet among them. */
  set(paths: readonly string[]): void {
    const before = JSON.stringify(this.#paths);
    this.#paths = [...new Set(paths)].sort();
    const left = [...this.#groups.values()].filter(({ path }) => !this.#paths.includes(path));
    if (left.length > 0) this.sample(now());
    for (const { path } of left) {
      const group = this.#groups.get(path);
      // Not its end: it may be metered again, and go on from there.
      if (group !== undefined) this.#lasts.push(this.#record(group, now(), false));
      this.#leave(path);
    }
    if (JSON.stringify(this.#paths) !== before) this.keep();
  }

  /** Those of them that are there. */
  get present(): string[] {
    return [...this.#groups.keys()].sort();
  }

  /** Reads them all. */
  sample(moment: Moment): void {
    for (const path of this.#paths) if (!this.#groups.has(path)) this.#open(path, moment);
    const groups = [...this.#groups.values()];
    const outcomes = this.#options.cgroups.readMany(groups.map(({ reader }) => reader));
    for (const [index, group] of groups.entries()) {
      const outcome = outcomes[index];
      if (outcome === undefined) continue;
      if ('reading' in outcome) this.#take(group, outcome.reading, moment);
      else if (hasErrno(outcome.failure, 'ENOENT', 'ENODEV')) {
        this.#lasts.push(this.#record(group, moment, true));
        this.#leave(group.path);
      } else this.#options.log.error({ cgroup: group.path, error: explain(outcome.failure) }, 'a group could not be metered');
    }
  }

  #open(path: string, moment: Moment): void {
    let reader: CgroupReader;
    try {
      reader = this.#options.cgroups.foreignReader(path.slice(1));
    } catch (failure) {
      if (!hasErrno(failure, 'ENOENT', 'ENODEV'))
        this.#options.log.error({ cgroup: path, error: explain(failure) }, 'a group cannot be metered');
      return;
    }
    const known = this.#kept.find((each) => each.path === path && each.cgroupIno === String(reader.ino));
    this.#groups.set(path, { path, reader, integrals: new Integrals(moment.boottimeNsec, known?.integrals), last: {} });
  }

  #take(group: Metered, reading: Reading, { boottimeNsec }: Moment): void {
    group.last = reading;
    const { memoryCurrentBytes } = reading;
    group.integrals.advance(boottimeNsec, memoryCurrentBytes === undefined ? undefined : BigInt(memoryCurrentBytes), {});
  }

  #leave(path: string): void {
    this.#groups.get(path)?.reader[Symbol.dispose]();
    this.#groups.delete(path);
  }

  #record({ path, reader, integrals, last }: Metered, moment: Moment, final: boolean): CgroupReading {
    const { hostId, bootId } = this.#options;
    return {
      kind: 'cgroup-reading',
      incarnation: { hostId, bootId, cgroupIno: String(reader.ino) },
      path,
      at: new Date(moment.wallMsec).toISOString(),
      boottimeMsec: String(moment.boottimeNsec / 1_000_000n),
      final,
      reading: { ...last, ...reader.readRare() },
      accumulators: integrals.toAccumulators(),
    };
  }

  /** As they were last read, with those that went since. */
  records(moment: Moment): CgroupReading[] {
    const lasts = this.#lasts;
    this.#lasts = [];
    return [...lasts, ...[...this.#groups.values()].map((group) => this.#record(group, moment, false))];
  }

  /** Keeps the list, and integrals. A failure costs gauges of the time up to the agent's death. */
  keep(): void {
    const { file, bootId, log } = this.#options;
    const integrals = [...this.#groups.values()].map((group) => ({
      path: group.path,
      cgroupIno: String(group.reader.ino),
      integrals: group.integrals.toStored(),
    }));
    try {
      mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
      writeFileSync(`${file}.new`, JSON.stringify({ paths: [...this.#paths], bootId, integrals } satisfies KeptGroups), { mode: 0o600 });
      renameSync(`${file}.new`, file);
    } catch (failure) {
      log.error({ error: explain(failure) }, 'the list of metered groups cannot be kept');
    }
  }

  [Symbol.dispose](): void {
    for (const path of [...this.#groups.keys()]) this.#leave(path);
  }
}
