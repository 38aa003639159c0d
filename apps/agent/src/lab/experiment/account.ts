import { Problem } from '@bulkhead/model';
import { cpuNsecBetween, expectWithin } from '../arithmetic.ts';
import type { Experiment } from './experiment.ts';

/** How far a program's CPU time may be off what it set out to use: it has to be started, and looks at its clock now and then. */
const toleranceShare = 0.05;
const usecPerSecond = 1e6;

/** Works until the scheduler says that it ran so long (proc_pid_schedstat: the first number, nanoseconds). */
const work = (seconds: number): string[] => [
  'sh',
  '-c',
  `
read -r begin rest < /proc/self/schedstat
end=$((begin + ${seconds}000000000))
while read -r ran rest < /proc/self/schedstat; [ "$ran" -lt "$end" ]; do
  i=0
  while [ $i -lt 1000 ]; do i=$((i+1)); done
done`.trim(),
];

/** Two programs whose CPU time is known beforehand, counted in their groups, and in the group above as their sum. */
export const runAccount: Experiment = async (session) => {
  const { cgroups } = session;
  const seconds = { first: session.seconds, second: 2 * session.seconds };
  const first = await session.create('first', work(seconds.first));
  const second = await session.create('second', work(seconds.second));
  const parent = first.path.slice(0, first.path.lastIndexOf('/'));
  const others = cgroups
    .children(parent)
    .filter((path) => path !== first.path && path !== second.path && cgroups.processes(path).length > 0);
  if (others.length > 0)
    throw new Problem('conflict', `/${parent} would count others as well: ${others.map((path) => `/${path}`).join(', ')}`, {
      remedy: 'stop the containers of the tenant lab first',
    });
  using sum = cgroups.reader(parent);
  const readAll = () => ({ first: session.read(first), second: session.read(second), sum: session.read({ reader: sum }) });
  const begin = readAll();
  await session.start(first, second);
  session.phase('working');
  const ending = Promise.all([session.ended(first), session.ended(second)]);
  let last = begin;
  const nsec = (of: keyof typeof begin) => cpuNsecBetween(begin[of].reading, last[of].reading);
  const usec = (of: keyof typeof begin) => toUsec(nsec(of));
  const measure = () => {
    last = readAll();
    return { first: usec('first'), second: usec('second'), sum: usec('sum') };
  };
  await session.sample(60_000, measure, { until: ending });
  await ending;
  session.point(measure());
  const [one, two, both] = [nsec('first'), nsec('second'), nsec('sum')];
  const difference = one === undefined || two === undefined || both === undefined ? undefined : both - one - two;
  const worked = (key: 'first-work' | 'second-work', asked: number, measured: number | undefined) => {
    const expected = asked * usecPerSecond;
    return expectWithin({ key, unit: 'usec', expected, tolerance: expected * toleranceShare, measured });
  };
  return [
    // Where the kernel tells microseconds, each of the three has lost less than one at both ends.
    expectWithin({
      key: 'sum-difference',
      unit: 'usec',
      expected: 0,
      tolerance: begin.sum.reading.cpuUsageNsec === undefined ? 3 : 0,
      measured: toUsec(difference),
    }),
    worked('first-work', seconds.first, usec('first')),
    worked('second-work', seconds.second, usec('second')),
  ];
};

const toUsec = (nsec: bigint | undefined): number | undefined => (nsec === undefined ? undefined : Number(nsec) / 1000);
