import { describe, expect, it } from 'vitest';
import { historyStepMsec, joinSeries, seriesOf, summarise, toCsv } from './series.ts';

describe('seriesOf', () => {
  it('draws no line across time in which nothing was measured', () => {
    const series = seriesOf(
      [
        { atMsec: 1000, value: 1 },
        { atMsec: 2000, value: 2 },
        { atMsec: 9000, value: 3 },
      ],
      5000,
    );
    expect(series.y).toEqual([1, 2, null, 3]);
    expect(series.x.every((x, index) => index === 0 || x > (series.x[index - 1] ?? 0))).toBe(true);
  });

  it('takes no point twice and none out of order', () => {
    const points = [1000, 2000, 2000, 1500, 3000].map((atMsec) => ({ atMsec, value: atMsec }));
    expect(seriesOf(points, 5000).x).toEqual([1, 2, 3]);
  });
});

describe('joinSeries', () => {
  const coarse = { x: [10, 20, 30], y: [1, 2, 3] };
  it('lets the finer series replace what it covers', () => {
    expect(joinSeries(coarse, { x: [25, 26], y: [9, 9] }, 15_000)).toEqual({ x: [10, 20, 25, 26], y: [1, 2, 9, 9] });
  });
  it('keeps a gap between them', () => {
    expect(joinSeries(coarse, { x: [60], y: [9] }, 15_000).y).toEqual([1, 2, 3, null, 9]);
  });
  it('is the earlier one where there is no later one', () => {
    expect(joinSeries(coarse, { x: [], y: [] }, 1)).toEqual(coarse);
  });
});

it('sums up what was measured and nothing else', () => {
  expect(summarise({ x: [1, 2, 3], y: [2, null, 4] })).toEqual({ last: 4, min: 2, max: 4, mean: 3 });
  expect(summarise({ x: [1], y: [null] })).toBeUndefined();
});

it('knows the step of each window', () => {
  expect(historyStepMsec(3_600_000)).toBe(60_000);
  expect(historyStepMsec(86_400_000)).toBe(180_000);
});

it('writes CSV that keeps commas, quotes and gaps', () => {
  expect(
    toCsv(
      ['time', 'a,b'],
      [
        ['x"y', null],
        ['z', 1.5],
      ],
    ),
  ).toBe('"time","a,b"\r\n"x""y",\r\n"z",1.5\r\n');
});
