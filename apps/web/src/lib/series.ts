/** A series as uPlot takes it: seconds since 1970, and values of which null is a gap. */
export interface Series {
  x: number[];
  y: (number | null)[];
}

export interface Point {
  atMsec: number;
  value: number | null;
}

/** Puts a gap between points that lie further apart than measuring ever does. Points come oldest first. */
export function seriesOf(points: readonly Point[], gapMsec: number): Series {
  const series: Series = { x: [], y: [] };
  let before: number | undefined;
  for (const { atMsec, value } of points) {
    if (before !== undefined && atMsec <= before) continue;
    if (before !== undefined && atMsec - before > gapMsec) {
      series.x.push((before + 1) / 1000);
      series.y.push(null);
    }
    series.x.push(atMsec / 1000);
    series.y.push(value);
    before = atMsec;
  }
  return series;
}

/** One series after another, with a gap between them where `gapMsec` is passed. */
export function joinSeries(earlier: Series, later: Series, gapMsec: number): Series {
  const from = later.x[0];
  if (from === undefined) return earlier;
  const end = earlier.x.findIndex((x) => x >= from);
  const x = end < 0 ? [...earlier.x] : earlier.x.slice(0, end);
  const y = end < 0 ? [...earlier.y] : earlier.y.slice(0, end);
  const last = x.at(-1);
  if (last !== undefined && (from - last) * 1000 > gapMsec) {
    x.push(last + 0.001);
    y.push(null);
  }
  return { x: [...x, ...later.x], y: [...y, ...later.y] };
}

export interface Summary {
  last: number;
  min: number;
  max: number;
  mean: number;
}

/** What the series says in four numbers; undefined where nothing was measured. The mean is over points, gaps left out. */
export function summarise({ y }: Series): Summary | undefined {
  const values = y.filter((value) => value !== null);
  const last = values.at(-1);
  if (last === undefined) return undefined;
  return { last, min: Math.min(...values), max: Math.max(...values), mean: values.reduce((sum, value) => sum + value, 0) / values.length };
}

/** Length of a step of a stored chart: whole minutes, so many that a window has 500 points at most (packages/db, history). */
export function historyStepMsec(spanMsec: number): number {
  return Math.max(1, Math.ceil(spanMsec / 500 / 60_000)) * 60_000;
}

/** Text for a spreadsheet; every field quoted, so that no value can be taken for a formula's beginning or a separator. */
export function toCsv(header: readonly string[], rows: readonly (readonly (string | number | null)[])[]): string {
  const field = (value: string | number | null) =>
    value === null ? '' : typeof value === 'number' ? String(value) : `"${value.replaceAll('"', '""')}"`;
  return `${[header, ...rows].map((row) => row.map(field).join(',')).join('\r\n')}\r\n`;
}
