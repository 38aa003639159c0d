import type { LabPoint, LabRun } from '@bulkhead/model';

export interface ChartLine {
  key: LabRun['series'][number]['key'];
  isLimit: boolean;
  /** Pieces of a line, `x,y` each, in a square of 1,000; what was not measured is a gap. */
  pieces: string[];
  last: number | undefined;
}

export interface Chart {
  lines: ChartLine[];
  /** Value at the upper edge. */
  top: number;
  /** Milliseconds at the right edge. */
  endMsec: number;
}

/** A little room above the highest value. */
const headroom = 1.08;
const side = 1000;

function piecesOf(points: readonly LabPoint[], key: string, { top, endMsec }: Pick<Chart, 'top' | 'endMsec'>): string[] {
  const pieces: string[][] = [[]];
  for (const { atMsec, values } of points) {
    const value = values[key];
    if (value === undefined) {
      if (pieces.at(-1)?.length !== 0) pieces.push([]);
      continue;
    }
    const [x, y] = [(atMsec / endMsec) * side, side - (value / top) * side];
    pieces.at(-1)?.push(`${Math.round(x * 10) / 10},${Math.round(y * 10) / 10}`);
  }
  return pieces.filter(({ length }) => length > 0).map((piece) => piece.join(' '));
}

/** What a run measured as lines over its time, from zero. */
export function toChart({ series, points, seconds }: Pick<LabRun, 'series' | 'points' | 'seconds'>): Chart {
  const most = Math.max(0, ...points.flatMap(({ values }) => series.map(({ key }) => values[key] ?? 0)));
  const scale = { top: most === 0 ? 1 : most * headroom, endMsec: Math.max(seconds * 1000, points.at(-1)?.atMsec ?? 0) };
  return {
    ...scale,
    lines: series.map(({ key, isLimit = false }) => ({
      key,
      isLimit,
      pieces: piecesOf(points, key, scale),
      last: points.at(-1)?.values[key],
    })),
  };
}

/** How much of the CPU each of two has had so far, in percent; points are equally far apart. */
export function splitOf(points: readonly LabPoint[]): { less: number; more: number } | undefined {
  const sum = (key: string) => points.reduce((total, { values }) => total + (values[key] ?? 0), 0);
  const [less, more] = [sum('less'), sum('more')];
  return less + more === 0 ? undefined : { less: (less * 100) / (less + more), more: (more * 100) / (less + more) };
}
