import { randomUUID } from 'node:crypto';
import { largestPage } from '../../apps/collector/src/collect.ts';
import { ingest, KnownCgroups, rollUpDay, rollUpHour } from '../../packages/db/src/index.ts';
import { type MinuteOf, makeCgroupMinutes } from '../../packages/db/test/cgroup-minutes.ts';
import { type FreshDatabase, freshDatabase } from '../../packages/db/test/fresh-database.ts';
import { toEntries } from '../../packages/db/test/journal.ts';
import { startPostgres } from '../support/postgres.ts';
import type { BenchResult } from './result.ts';

const cgroups = 5000;
const hours = 24;
/** Records of a minute hold so many, as the agent writes them. */
const recordCgroups = 500;
/** Few steps may keep the journal waiting for longer: it is looked at every half second where nothing is new. */
const mostStepMsec = 500;
const minuteMsec = 60_000;
const hourMsec = 60 * minuteMsec;
const beginMsec = Date.UTC(2026, 5, 1);

/** One in ten is busy; the others stand still, as most groups of a host do. */
const useOf = (index: number, minute: number): MinuteOf =>
  index % 10 === 0
    ? {
        path: `/group-${index}`,
        cpuMillis: (index * 7 + minute * 13) % 2000,
        memoryBytes: 1_000_000 + ((index + minute * 4099) % 500) * 4096,
        ioReadBytesPerSecond: (minute * index) % 9000,
        ioWriteBytesPerSecond: minute * 17,
        pids: 3 + (minute % 5),
      }
    : { path: `/group-${index}`, cpuMillis: 0, memoryBytes: 4_194_304, pids: 1 };

class Host {
  readonly id = randomUUID();
  readonly #database: FreshDatabase;
  readonly #known = new KnownCgroups();
  #seq = 0;

  constructor(database: FreshDatabase) {
    this.#database = database;
  }

  /** Stores minutes as the collector does. @returns how long the longest page took, in milliseconds */
  async store(fromMinute: number, count: number): Promise<number> {
    const records = Array.from({ length: count }, (_, index) => fromMinute + index).flatMap((minute) =>
      Array.from({ length: cgroups / recordCgroups }, (_, part) =>
        makeCgroupMinutes(
          this.id,
          new Date(beginMsec + minute * minuteMsec).toISOString(),
          Array.from({ length: recordCgroups }, (_, index) => useOf(part * recordCgroups + index, minute)),
          part,
        ),
      ),
    );
    let longest = 0;
    for (let from = 0; from < records.length; from += largestPage / 40) {
      const entries = toEntries(records.slice(from, from + largestPage / 40), this.#seq);
      const begin = performance.now();
      await ingest(this.#database.collector, { hostId: this.id, after: this.#seq, entries }, undefined, this.#known);
      longest = Math.max(longest, performance.now() - begin);
      this.#seq += entries.length;
    }
    return longest;
  }
}

/** Every step until nothing is left. @returns how long each took, in milliseconds */
async function stepsOf(step: () => Promise<{ finished: boolean }>): Promise<number[]> {
  const steps: number[] = [];
  for (let finished = false; !finished; ) {
    const begin = performance.now();
    ({ finished } = await step());
    steps.push(performance.now() - begin);
  }
  return steps;
}

const most = (values: readonly number[]): number => values.reduce((one, other) => Math.max(one, other), 0);
const p95 = (values: readonly number[]): number =>
  values.toSorted((one, other) => one - other)[Math.floor(values.length * 0.95)] ?? Number.NaN;
const sum = (values: readonly number[]): number => values.reduce((one, other) => one + other, 0);

/**
 * A day of minutes of 5,000 cgroups, turned into hours as each is over and into a day at its end: how long a
 * step is, for so long the journal waits. There is no peer.
 */
export async function run(): Promise<BenchResult> {
  await using server = await startPostgres({ max_wal_size: '4GB' });
  await using database = await freshDatabase(server);
  const host = new Host(database);
  const perHour: number[] = [];
  const [hourSteps, pages]: [number[], number[]] = [[], []];
  for (let hour = 0; hour < hours; hour += 1) {
    pages.push(await host.store(hour * 60, 60));
    const steps = await stepsOf(() => rollUpHour(database.collector, host.id, new Date(beginMsec + (hour + 1) * hourMsec)));
    perHour.push(sum(steps));
    hourSteps.push(...steps);
  }
  const daySteps = await stepsOf(() => rollUpDay(database.collector, host.id, new Date(beginMsec + 24 * hourMsec)));
  const { rows } = await database.owner.query(
    'SELECT (SELECT count(*) FROM cgroup_minute)::int AS minutes, (SELECT count(*) FROM cgroup_hour)::int AS hours, (SELECT count(*) FROM cgroup_day)::int AS days',
  );
  const isWhole = rows[0].minutes === 0 && rows[0].hours === 0 && rows[0].days === cgroups;
  const ours = Math.max(p95(hourSteps), p95(daySteps));
  return {
    name: 'rollup',
    unit: 'ms a step (p95)',
    ours,
    peer: Number.NaN,
    ratio: ours / mostStepMsec,
    goal: { atMost: 1 },
    failures: isWhole ? 0 : 1,
    notes: [
      `an hour: ${Math.round(most(perHour))} ms at most, in ${hourSteps.length / hours} steps of ${Math.round(most(hourSteps))} ms at most`,
      `the day: ${Math.round(sum(daySteps))} ms, in ${daySteps.length} steps of ${Math.round(most(daySteps))} ms at most`,
      `a page of 50 records took ${Math.round(most(pages))} ms at most`,
    ],
  };
}
