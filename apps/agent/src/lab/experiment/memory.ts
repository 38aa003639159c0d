import { expectAtLeast, expectAtMost, expectWithin } from '../arithmetic.ts';
import type { Experiment } from './experiment.ts';

const limitBytes = 32 * 1024 ** 2;
const killSignal = 9;
/** Takes 2 MiB more five times a second, and touches all of it. */
const hog = `
block=$(head -c 2097152 /dev/zero | tr '\\0' x)
i=0
while :; do
  eval "held$i=\\$block"
  i=$((i+1))
  sleep 0.2
done`;

/** A program that takes more and more memory, in a group that may have 32 MiB and no swap. */
export const runMemory: Experiment = async (session) => {
  const { control } = session;
  const held = await session.create('hog', ['sh', '-c', hog.trim()]);
  session.set(held.path, 'memory.max', String(limitBytes));
  if (control.has(held.path, 'memory.swap.max')) session.set(held.path, 'memory.swap.max', '0');
  await session.start(held);
  session.phase('growing');
  const ending = session.ended(held, session.seconds * 1000);
  const used = () => session.read(held).reading.memoryCurrentBytes;
  await session.sample(
    session.seconds * 1000,
    () => {
      const bytes = used();
      return { used: bytes === undefined ? undefined : Number(bytes), limit: limitBytes };
    },
    { until: ending },
  );
  const exitStatus = await ending;
  const { memoryPeakBytes, memoryOomKills } = session.read(held).reading;
  return [
    expectAtMost({
      key: 'memory-peak',
      unit: 'bytes',
      expected: limitBytes,
      measured: memoryPeakBytes === undefined ? undefined : Number(memoryPeakBytes),
    }),
    expectAtLeast({
      key: 'oom-kills',
      unit: 'count',
      expected: 1,
      measured: memoryOomKills === undefined ? undefined : Number(memoryOomKills),
    }),
    expectWithin({
      key: 'end-signal',
      unit: 'signal',
      expected: killSignal,
      tolerance: 0,
      measured: exitStatus?.kind === 'signaled' ? exitStatus.signal : undefined,
    }),
  ];
};
