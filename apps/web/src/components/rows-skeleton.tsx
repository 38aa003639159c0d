import { Skeleton } from '@mantine/core';
import css from './rows-skeleton.module.css';

const widths = ['62%', '48%', '71%', '55%', '66%', '44%'];

/** Keeps the place of rows that are on their way; shows itself only to those who wait longer than 300 ms. */
export function RowsSkeleton({ rows = 6, height = 44 }: { rows?: number; height?: number }) {
  return (
    <div className={css.rows} aria-hidden="true">
      {Array.from({ length: rows }, (_, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: rows without identity
        <div key={index} className={css.row} style={{ height }}>
          <Skeleton height={12} width={widths[index % widths.length] ?? '50%'} />
        </div>
      ))}
    </div>
  );
}
