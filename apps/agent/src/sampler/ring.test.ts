import type { Reading } from '@bulkhead/model';
import { describe, expect, it } from 'vitest';
import { Ring, type RingSample } from './ring.ts';

/** A generator with a seed: the same figures in every run. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

const roundTrip = (samples: readonly RingSample[]): RingSample[] => {
  const ring = new Ring();
  for (const sample of samples) ring.push(sample);
  return ring.read();
};

describe('ring of samples', () => {
  it('gives back what it was given, exactly', () => {
    const samples: RingSample[] = [
      { atMsec: 1_800_000_000_000, reading: { cpuUsageUsec: '0', memoryCurrentBytes: '4096', pidsCurrent: '3' } },
      { atMsec: 1_800_000_001_000, reading: { cpuUsageUsec: '18446744073709551615', memoryCurrentBytes: '0', pidsCurrent: '2' } },
      { atMsec: 1_800_000_002_003, reading: { cpuUsageUsec: '12' } },
      // A clock that was set back, and a gauge that falls.
      {
        atMsec: 1_700_000_000_000,
        reading: { cpuUsageUsec: '99999999999999999', memoryCurrentBytes: '1073741824', ioReadBytes: '9007199254740993' },
      },
      { atMsec: 1_700_000_000_001, reading: {} },
    ];
    expect(roundTrip(samples)).toEqual(samples);
  });

  it('gives back counters and gauges of any size', () => {
    const next = random(7);
    const value = (digits: number): string =>
      String(BigInt(Math.floor(next() * 2 ** 53)) * 10n ** BigInt(Math.max(0, digits - 16))).slice(0, digits);
    const samples = Array.from({ length: 500 }, (_, index): RingSample => {
      const reading: Reading = {};
      for (const field of ['cpuUsageUsec', 'cpuUserUsec', 'memoryCurrentBytes', 'memoryPeakBytes', 'ioWriteBytes', 'pidsCurrent'] as const)
        if (next() > 0.2) reading[field] = String(BigInt(value(1 + Math.floor(next() * 19))));
      return { atMsec: 1_800_000_000_000 + index * 1000 + Math.floor(next() * 5), reading };
    });
    expect(roundTrip(samples)).toEqual(samples);
  });

  it('keeps 15 minutes, and never much more', () => {
    const ring = new Ring();
    for (let second = 0; second < 5000; second += 1) ring.push({ atMsec: second * 1000, reading: { cpuUsageUsec: String(second) } });
    const samples = ring.read();
    expect(samples.length).toBeGreaterThanOrEqual(900);
    expect(samples.length).toBeLessThanOrEqual(960);
    expect(samples.at(-1)).toEqual({ atMsec: 4_999_000, reading: { cpuUsageUsec: '4999' } });
    expect(samples.every(({ atMsec }, index) => index === 0 || atMsec === (samples[index - 1]?.atMsec ?? 0) + 1000)).toBe(true);
  });

  it('needs less than 64 KB for 15 minutes of a busy container', () => {
    const ring = new Ring();
    const next = random(3);
    const counter = { cpu: 0, io: 0, operations: 0 };
    for (let second = 0; second < 900; second += 1) {
      counter.cpu += Math.floor(next() * 2_000_000);
      counter.io += Math.floor(next() * 500_000_000);
      counter.operations += Math.floor(next() * 5000);
      ring.push({
        atMsec: 1_800_000_000_000 + second * 1000,
        reading: {
          cpuUsageUsec: String(counter.cpu),
          cpuUserUsec: String(counter.cpu >> 1),
          cpuSystemUsec: String(counter.cpu >> 2),
          cpuThrottledUsec: String(counter.cpu >> 3),
          cpuPeriods: String(second * 10),
          cpuThrottledPeriods: String(second * 5),
          memoryCurrentBytes: String(Math.floor(next() * 1_000_000) * 4096),
          memoryPeakBytes: '4096000000',
          memoryOomKills: '0',
          ioReadBytes: String(counter.io),
          ioWriteBytes: String(counter.io * 2),
          ioReadOperations: String(counter.operations),
          ioWriteOperations: String(counter.operations),
          pidsCurrent: String(Math.floor(next() * 100)),
        },
      });
    }
    expect(ring.size).toBeLessThan(64 * 1024);
  });
});
