import {
  checkLedger,
  dropCgroups,
  dropReadings,
  dropUsage,
  type KnownCgroups,
  preparePartitions,
  rollUpDay,
  rollUpHour,
  rollUpUsage,
  thinReadings,
} from '@bulkhead/db';
import type { Retention } from '@bulkhead/model';
import type { Logger } from 'pino';
import type { Source } from './collect.ts';

/** So long at a time: after a long absence there is much to do, and the journal goes first. */
const atOnceMsec = 100;
/** An hour is turned about when its last minute has surely come. */
const hourGraceMsec = 10 * 60_000;
/** Readings of an hour that is over have come by then, as a rule: those that have not mark it again. */
const ledgerGraceMsec = 2 * 60_000;
const dayMsec = 86_400_000;

export type Progress = 'done' | 'unfinished';

/** One step after another for a moment. @returns what went, and whether it came to its end */
async function forAMoment(step: () => Promise<{ removed: number; finished: boolean }>): Promise<{ removed: number; finished: boolean }> {
  const untilMsec = performance.now() + atOnceMsec;
  let removed = 0;
  for (;;) {
    const done = await step();
    removed += done.removed;
    if (done.finished || performance.now() >= untilMsec) return { removed, finished: done.finished };
  }
}

/** Turns whole hours of cgroups about, as soon as they are over. */
export async function rollUpHours({ database, hostId }: Pick<Source, 'database' | 'hostId'>): Promise<Progress> {
  const before = new Date(Date.now() - hourGraceMsec);
  return (await forAMoment(() => rollUpHour(database, hostId, before))).finished ? 'done' : 'unfinished';
}

/** The same day of the month so many months ago, UTC; the last of that month where it is shorter. */
export function monthsBefore(now: Date, months: number): Date {
  const day = now.getUTCDate();
  const then = new Date(now);
  then.setUTCDate(1);
  then.setUTCMonth(then.getUTCMonth() - months);
  const lastDay = new Date(Date.UTC(then.getUTCFullYear(), then.getUTCMonth() + 1, 0)).getUTCDate();
  then.setUTCDate(Math.min(day, lastDay));
  return then;
}

/** Makes minutes that are old into hours, and drops hours that are. */
export async function applyRetention(
  { database, hostId, cgroups }: Pick<Source, 'database' | 'hostId'> & { cgroups: KnownCgroups },
  { minuteDays, hourMonths, dayMonths }: Retention,
  log: Pick<Logger, 'info'>,
): Promise<Progress> {
  const now = new Date();
  const minutes = new Date(now.getTime() - minuteDays * dayMsec);
  const hours = monthsBefore(now, hourMonths);
  const works = [
    ['readings thinned to two an hour', minutes, thinReadings],
    ['readings dropped', hours, dropReadings],
    ['hours of cgroups made into days', minutes, rollUpDay],
    ['days of cgroups dropped', hours, dropCgroups],
  ] as const;
  let progress: Progress = 'done';
  for (const [what, before, work] of works) {
    const { removed, finished } = await forAMoment(() => work(database, hostId, before));
    if (removed > 0) log.info({ removed, before }, what);
    if (work === dropCgroups && removed > 0) cgroups.forget();
    if (!finished) progress = 'unfinished';
  }
  await preparePartitions(database, now);
  const dropped = await dropUsage(database, { hours, days: monthsBefore(now, dayMonths) });
  if (dropped > 0) log.info({ dropped, before: hours }, 'partitions of use dropped');
  return progress;
}

/** Makes rows of use of hours that are over, and of those that readings came late for; holds them against the kernel's sums. */
export async function rollUpLedger({ database, hostId }: Pick<Source, 'database' | 'hostId'>): Promise<Progress> {
  const before = new Date(Date.now() - ledgerGraceMsec);
  let progress: Progress = 'done';
  for (const work of [rollUpUsage, checkLedger]) {
    const { finished } = await forAMoment(async () => {
      const { rows, finished: isLast } = await work(database, hostId, before);
      return { removed: rows, finished: isLast };
    });
    if (!finished) progress = 'unfinished';
  }
  return progress;
}
