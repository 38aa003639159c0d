import { cpuMillisBetween, cpuUsecBetween, expectWithin, percentOf } from '../arithmetic.ts';
import type { Experiment } from './experiment.ts';

/** The shares of two groups that want the same CPU. */
const shares = { less: 200, more: 800 } as const;
/** How far the measured split may be off, in points of percent. */
const tolerance = 2;
/** A busy loop, as in every introduction to control groups. */
const busyLoop = ['sh', '-c', 'a=1; while :; do a=$((a+1)); done'];

/** Two busy loops on one CPU: who gets how much of it goes by the shares of their groups. */
export const runShares: Experiment = async (session) => {
  const { control } = session;
  const less = await session.create('less', busyLoop);
  const more = await session.create('more', busyLoop);
  const cpu = control.cpusOf(less.inner).at(-1);
  for (const { inner } of [less, more]) session.set(inner, 'cpuset.cpus', String(cpu));
  session.set(less.path, 'cpu.shares', String(shares.less));
  session.set(more.path, 'cpu.shares', String(shares.more));
  await session.start(less, more);
  session.phase('together');
  const begin = { less: session.read(less), more: session.read(more) };
  let last = begin;
  await session.sample(session.seconds * 1000, () => {
    const now = { less: session.read(less), more: session.read(more) };
    const values = { less: cpuMillisBetween(last.less, now.less), more: cpuMillisBetween(last.more, now.more) };
    last = now;
    return values;
  });
  const used = (of: 'less' | 'more') => cpuUsecBetween(begin[of].reading, last[of].reading);
  const measured = percentOf(used('less'), used('more'));
  const owed = percentOf(control.cpuWeightOf(less.path), control.cpuWeightOf(more.path)) ?? Number.NaN;
  return [
    expectWithin({ key: 'less-share', unit: 'percent', expected: percentOf(shares.less, shares.more) as number, tolerance, measured }),
    expectWithin({ key: 'owed-share', unit: 'percent', expected: owed, tolerance, measured }),
  ];
};
