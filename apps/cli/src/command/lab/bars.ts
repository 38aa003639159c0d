import type { LabPoint, LabRun, LabSeries } from '@bulkhead/model';
import { formatValue, seriesNames } from './words.ts';

const narrowest = 10;
const widest = 50;
const nameWidth = 13;
/** Room for the number behind a bar. */
const valueWidth = 24;
const oneCpuMillis = 1000;
const eighths = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];

/** What a full bar stands for: the limit where there is one, one CPU, or the most that was seen. */
function fullOf(series: LabSeries, run: Pick<LabRun, 'series' | 'points'>): number {
  const most = (keys: readonly string[]) => Math.max(0, ...run.points.flatMap(({ values }) => keys.map((key) => values[key] ?? 0)));
  const alike = run.series.filter(({ unit }) => unit === series.unit);
  const seen = most(alike.map(({ key }) => key));
  return series.unit === 'cpuMillis' ? Math.max(oneCpuMillis, seen) : seen;
}

function bar(share: number, limitShare: number | undefined, width: number): string {
  const cells = Math.max(0, Math.min(1, share)) * width;
  const whole = Math.floor(cells);
  const drawn = [...('█'.repeat(whole) + (eighths[Math.floor((cells - whole) * 8)] ?? '')).padEnd(width, '·')].slice(0, width);
  const mark = limitShare === undefined ? -1 : Math.round(limitShare * width) - 1;
  if (mark >= 0 && mark < width) drawn[mark] = '┃';
  return drawn.join('');
}

/** A bar for each thing that is measured, the limit marked in it; in the columns there are. */
export function drawBars(run: Pick<LabRun, 'series' | 'points'>, columns: number): string[] {
  const last: LabPoint | undefined = run.points.at(-1);
  if (last === undefined) return [];
  const width = Math.max(narrowest, Math.min(widest, columns - nameWidth - valueWidth - 2));
  const limit = run.series.find(({ isLimit }) => isLimit === true);
  const limitValue = limit === undefined ? undefined : last.values[limit.key];
  return run.series
    .filter(({ isLimit }) => isLimit !== true)
    .map((series) => {
      const name = seriesNames[series.key].padEnd(nameWidth);
      const value = last.values[series.key];
      if (value === undefined) return `${name} ${'·'.repeat(width)} not measured`;
      const full = fullOf(series, run);
      const share = (of: number) => (full === 0 ? 0 : of / full);
      const limitShare =
        limitValue === undefined || limit?.unit !== series.unit || series.key === 'refused' ? undefined : share(limitValue);
      const shown = formatValue(series.unit, series.unit === 'usec' ? Math.round(value) : value);
      return `${name} ${bar(share(value), limitShare, width)} ${shown}`;
    });
}
