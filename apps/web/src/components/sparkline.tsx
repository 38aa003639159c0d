import { memo } from 'react';
import { sparklinePaths } from '../lib/sparkline.ts';
import css from './sparkline.module.css';

export const sparklineSize = { width: 88, height: 20 } as const;

/** The last 15 minutes in a line; what was not measured stays a gap. */
export const Sparkline = memo(function Sparkline({
  values,
  ceiling,
  tone,
  label,
}: {
  values: readonly (number | null)[];
  /** What the top edge stands for; undefined: the largest value. */
  ceiling?: number | undefined;
  tone: 'cpu' | 'memory' | 'io';
  label: string;
}) {
  const { width, height } = sparklineSize;
  const { line, area, dots } = sparklinePaths(values, { width, height, ceiling });
  return (
    <svg
      className={css.spark}
      data-tone={tone}
      width={width}
      height={height}
      viewBox={`0 0 ${width} ${height}`}
      role="img"
      aria-label={label}
    >
      <path className={css.base} d={`M0 ${height - 0.5}H${width}`} />
      <path className={css.area} d={area} />
      <path className={css.line} d={line} />
      {dots.map(({ x, y }) => (
        <circle key={x} className={css.dot} cx={x} cy={y} r={1} />
      ))}
    </svg>
  );
});
