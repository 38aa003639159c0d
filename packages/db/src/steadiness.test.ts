import { describe, expect, test } from 'vitest';
import { makeReading } from '../test/journal.ts';
import { goesOn, KnownIncarnations, standingOf } from './steadiness.ts';

const hostId = '0198a000-0000-7000-8000-000000000001';
const bootId = '0198a000-0000-4000-8000-000000000002';
const reading = (facts: Partial<Parameters<typeof makeReading>[0]> & { minute: number }) => makeReading({ hostId, bootId, ...facts });

describe('a reading goes on from the one before', () => {
  const last = standingOf(reading({ minute: 5, cpuUsec: 999 }));

  test.each([
    ['with more', { minute: 6, cpuUsec: 1000 }, true],
    ['with as much', { minute: 6, cpuUsec: 999 }, true],
    ['not with less', { minute: 6, cpuUsec: 998 }, false],
    ['not from an earlier time', { minute: 4, cpuUsec: 1000 }, false],
    ['not from the same time', { minute: 5, cpuUsec: 1000 }, false],
    ['not with a meter unmeasured', { minute: 6, cpuUsec: undefined }, false],
    ['not with a further meter', { minute: 6, cpuUsec: 1000, ioReadBytes: 1 }, false],
  ])('%s', (_, facts, expected) => {
    expect(goesOn(last, standingOf(reading({ memoryByteSeconds: 80_530_636_800, ...facts })))).toBe(expected);
  });
});

describe('what the database must be told of', () => {
  const first = [reading({ minute: 1, container: 1 }), reading({ minute: 1, container: 2 })];
  const known = () => {
    const memory = new KnownIncarnations();
    memory.remember(hostId, { after: 0, seq: 2, records: first });
    return memory;
  };

  test('everything, where nothing is known', () => {
    expect(new KnownIncarnations().remarkable(hostId, { after: 0, records: first })).toEqual(first);
  });

  test('nothing of incarnations that simply go on', () => {
    expect(
      known().remarkable(hostId, { after: 2, records: [reading({ minute: 2, container: 1 }), reading({ minute: 3, container: 1 })] }),
    ).toEqual([]);
  });

  test('everything, once somebody else has moved the cursor', () => {
    const next = [reading({ minute: 2, container: 1 })];
    expect(known().remarkable(hostId, { after: 7, records: next })).toEqual(next);
    expect(known().remarkable('0198a000-0000-7000-8000-000000000009', { after: 2, records: next })).toEqual(next);
  });

  test('all records of an incarnation that is new, ends or goes back, and of no other', () => {
    const steady = reading({ minute: 2, container: 2 });
    for (const odd of [
      reading({ minute: 3, container: 1, final: true }),
      reading({ minute: 3, container: 1, cpuUsec: 0 }),
      reading({ minute: 3, container: 3 }),
    ]) {
      const before = reading({ minute: 2, container: odd.containerId === first[0]?.containerId ? 1 : 3 });
      expect(known().remarkable(hostId, { after: 2, records: [before, steady, odd] })).toEqual([before, odd]);
    }
  });

  test('an incarnation that ended is known no more', () => {
    const memory = known();
    memory.remember(hostId, { after: 2, seq: 3, records: [reading({ minute: 2, container: 1, final: true })] });
    const again = reading({ minute: 3, container: 1 });
    expect(memory.remarkable(hostId, { after: 3, records: [again, reading({ minute: 3, container: 2 })] })).toEqual([again]);
  });
});
