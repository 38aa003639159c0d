import { expectAtLeast, expectWithin, readRateBetween, type TimedReading } from '../arithmetic.ts';
import { findReading } from '../direct-reading.ts';
import type { Experiment } from './experiment.ts';

const limitBytesPerSecond = 4 * 1024 ** 2;
/** A throttled group is given its due in slices of a tenth of a second or more (block/blk-throttle.c, throtl_slice). */
const everyMsec = 500;
const toleranceShare = 0.1;

/** Reads a file of /usr past the page cache again and again, first freely, then 4 MiB a second. */
export const runIo: Experiment = async (session) => {
  const { file, device } = findReading();
  const reader = await session.create('reader', [
    'sh',
    '-c',
    `while dd if=${file} of=/dev/null bs=64k iflag=direct 2>/dev/null; do :; done`,
  ]);
  await session.start(reader);
  let last = session.read(reader);
  const measure = (limit: number | undefined) => () => {
    const now = session.read(reader);
    const read = readRateBetween(last, now);
    last = now;
    return { read, limit };
  };
  const span = async (msec: number, limit: number | undefined): Promise<[TimedReading, TimedReading]> => {
    const begin = session.read(reader);
    await session.sample(msec, measure(limit), { everyMsec });
    return [begin, last];
  };
  session.phase('free');
  const free = readRateBetween(...(await span((session.seconds * 1000) / 2, undefined)));
  // On version 1 the rule of a group is for its own processes alone, not for those of groups below.
  session.set(reader.inner, 'io.max', `${device} rbps=${limitBytesPerSecond}`);
  session.phase('limited');
  // What was under way when the rule came is let through.
  await span(everyMsec, limitBytesPerSecond);
  const limited = readRateBetween(...(await span(session.seconds * 1000, limitBytesPerSecond)));
  return [
    expectAtLeast({ key: 'free-rate', unit: 'bytesPerSecond', expected: 2 * limitBytesPerSecond, measured: free }),
    expectWithin({
      key: 'limited-rate',
      unit: 'bytesPerSecond',
      expected: limitBytesPerSecond,
      tolerance: limitBytesPerSecond * toleranceShare,
      measured: limited,
    }),
  ];
};
