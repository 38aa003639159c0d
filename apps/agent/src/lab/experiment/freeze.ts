import { cpuMillisBetween, cpuUsecBetween, expectAtLeast, expectWithin } from '../arithmetic.ts';
import type { Experiment } from './experiment.ts';

const runningMsec = 1500;
/** Least CPU time of a second and a half after the thaw, on however busy a host. */
const thawedUsec = 10_000;
/** Tells where it is each so many rounds. */
const ticker = ['sh', '-c', 'i=0; while :; do i=$((i+1)); [ $((i % 100000)) -ne 0 ] || echo "tick $i"; done'];

/** A program that never rests, stopped for some seconds without its knowing, and let go again. */
export const runFreeze: Experiment = async (session) => {
  const held = await session.create('ticker', ticker);
  await session.start(held);
  let last = session.read(held);
  const measure = () => {
    const now = session.read(held);
    const used = cpuMillisBetween(last, now);
    last = now;
    return { used };
  };
  session.phase('free');
  await session.sample(runningMsec, measure);
  await session.setFrozen(held, true);
  session.phase('frozen');
  const frozen = session.read(held);
  last = frozen;
  await session.sample(session.seconds * 1000, measure);
  const still = session.read(held);
  await session.setFrozen(held, false);
  session.phase('thawed');
  await session.sample(runningMsec, measure);
  return [
    expectWithin({
      key: 'frozen-cpu',
      unit: 'usec',
      expected: 0,
      tolerance: 0,
      measured: cpuUsecBetween(frozen.reading, still.reading),
    }),
    expectAtLeast({
      key: 'thawed-cpu',
      unit: 'usec',
      expected: thawedUsec,
      measured: cpuUsecBetween(still.reading, session.read(held).reading),
    }),
  ];
};
