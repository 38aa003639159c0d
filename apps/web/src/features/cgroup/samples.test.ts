import { describe, expect, it } from 'vitest';
import { mergeSamples, trendOf, trendSteps } from './samples.ts';

const sample = (atMsec: number, cpuMillis?: number) => ({ atMsec, use: cpuMillis === undefined ? {} : { cpuMillis } });

describe('samples of a cgroup', () => {
  it('join what is remembered and what came, each moment once', () => {
    expect(
      mergeSamples([sample(1, 1), sample(2, 2)], [sample(2, 9), sample(3, 3)]).map(({ atMsec, use }) => [atMsec, use.cpuMillis]),
    ).toEqual([
      [1, 1],
      [2, 9],
      [3, 3],
    ]);
  });

  it('make a trend of means, and a step that nobody measured stays empty', () => {
    const now = 1_000_000_000;
    const trend = trendOf(
      [sample(now - 20_000, 4), sample(now - 19_000, 8), sample(now - 10_000), sample(now, 5)],
      (use) => use.cpuMillis,
      now,
    );
    expect(trend).toHaveLength(trendSteps);
    expect(trend.slice(-3)).toEqual([6, null, 5]);
  });
});
