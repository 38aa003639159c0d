import type { LabCheck, Reading } from '@bulkhead/model';
import { cpuMillisBetween, differenceOf, expectAtLeast, expectWithin, type TimedReading } from '../arithmetic.ts';
import type { Experiment } from './experiment.ts';

const periodUsec = 100_000;
const quotas = { first: 500, second: 200 } as const;
/** How far the measured use may be off, in thousandths of a CPU: the period that a reading cuts in two. */
const toleranceMillis = 30;
/** Five periods, so that each point has whole ones. */
const everyMsec = 500;
/** What the busy loop may take before the first quota, to have something to compare with. */
const freeMsec = 1500;

/**
 * Never more than the quota. Less only as far as other work on the host kept it from being used up: in a period in which the
 * group was throttled it was, in each other one it may not have been.
 */
function expectQuota(key: LabCheck['key'], quota: number, [begin, end]: [TimedReading, TimedReading]): LabCheck {
  const measured = cpuMillisBetween(begin, end);
  const periods = differenceOf('cpuPeriods', begin.reading, end.reading);
  const throttled = differenceOf('cpuThrottledPeriods', begin.reading, end.reading);
  const unused = periods === undefined || throttled === undefined || periods === 0 ? 0 : Math.max(0, 1 - throttled / periods);
  const tolerance = measured !== undefined && measured < quota ? toleranceMillis + Math.ceil(quota * unused) : toleranceMillis;
  return expectWithin({ key, unit: 'cpuMillis', expected: quota, tolerance, measured });
}

/** A busy loop whose quota is first half a CPU, then a fifth. */
export const runQuota: Experiment = async (session) => {
  const loop = await session.create('loop', ['sh', '-c', 'while :; do :; done']);
  await session.start(loop);
  let last = session.read(loop);
  const measure = (quota: number | undefined) => () => {
    const now = session.read(loop);
    const used = cpuMillisBetween(last, now);
    last = now;
    return { used, quota };
  };
  session.phase('free');
  await session.sample(freeMsec, measure(undefined), { everyMsec });

  const hold = async (phase: 'first-quota' | 'second-quota', quota: number): Promise<[TimedReading, TimedReading]> => {
    session.set(loop.path, 'cpu.max', `${(quota * periodUsec) / 1000} ${periodUsec}`);
    session.phase(phase);
    // The period under way still has what it began with.
    await session.sample(everyMsec, measure(quota), { everyMsec });
    const begin = session.read(loop);
    await session.sample(session.seconds * 1000, measure(quota), { everyMsec });
    return [begin, last];
  };
  const first = await hold('first-quota', quotas.first);
  const second = await hold('second-quota', quotas.second);
  const throttled = (field: keyof Reading) => differenceOf(field, first[0].reading, second[1].reading);
  const periods = throttled('cpuPeriods');
  return [
    expectQuota('first-quota', quotas.first, first),
    expectQuota('second-quota', quotas.second, second),
    // Half of them, for a host with other work may leave it less than its quota now and then.
    expectAtLeast({
      key: 'throttled-periods',
      unit: 'count',
      expected: periods === undefined ? Number.NaN : Math.ceil(periods / 2),
      measured: throttled('cpuThrottledPeriods'),
    }),
  ];
};
