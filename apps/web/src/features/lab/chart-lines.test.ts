import { describe, expect, it } from 'vitest';
import { splitOf, toChart } from './chart-lines.ts';

const series = [
  { key: 'used', unit: 'cpuMillis' },
  { key: 'quota', unit: 'cpuMillis', isLimit: true },
] as const;

describe('the chart of a run', () => {
  it('goes from zero to a little above the highest value, limits included', () => {
    const chart = toChart({ series: [...series], seconds: 2, points: [{ atMsec: 1000, values: { used: 250, quota: 500 } }] });
    expect(chart.top).toBe(540);
    expect(chart.endMsec).toBe(2000);
    expect(chart.lines[0]?.pieces).toEqual(['500,537']);
    expect(chart.lines[1]).toMatchObject({ isLimit: true, last: 500 });
  });

  it('leaves a gap where nothing was measured, and draws no zero for it', () => {
    const at = (atMsec: number, quota?: number) => ({ atMsec, values: { used: 100, ...(quota === undefined ? {} : { quota }) } });
    const points = [at(0), at(250), at(500, 100), at(750, 100), at(1000), at(1250, 100)];
    const chart = toChart({ series: [...series], seconds: 1, points });
    expect(chart.lines[0]?.pieces).toHaveLength(1);
    expect(chart.lines[1]?.pieces.map((piece) => piece.split(' ').length)).toEqual([2, 1]);
    expect(chart.endMsec).toBe(1250);
  });

  it('of nothing is empty', () => {
    expect(toChart({ series: [...series], seconds: 3, points: [] })).toMatchObject({
      top: 1,
      endMsec: 3000,
      lines: [{ pieces: [] }, { pieces: [] }],
    });
  });
});

describe('the split', () => {
  it('is of all there was so far, and nothing before anything was', () => {
    expect(splitOf([])).toBe(undefined);
    expect(
      splitOf([
        { atMsec: 0, values: { less: 100, more: 700 } },
        { atMsec: 1, values: { less: 300, more: 900 } },
      ]),
    ).toEqual({ less: 20, more: 80 });
  });
});
