'use client';
import type { Limit } from '@bulkhead/model';
import { useTranslations } from 'next-intl';
import type { Quantity } from '../lib/format.ts';
import { Measure, NotMeasured } from './measure.tsx';
import { UseBar } from './use-bar.tsx';
import css from './use-cell.module.css';

/** A use now against its limit where there is one, as one bar; a dash with the reason where it was not measured. */
export function UseCell({
  used,
  limit,
  reserved,
  heat,
  tone,
  format,
  label,
  missing,
}: {
  used: number | undefined;
  limit?: Limit | undefined;
  /** From here on the kernel slows it down or takes back (memory.high). */
  reserved?: Limit | undefined;
  /** Of pressure, 0 to 4; drawn as a thin strip below. */
  heat?: number | undefined;
  tone: 'cpu' | 'memory' | 'io';
  format(value: number): Quantity;
  /** Says what the bar is of, with the limit's text. */
  label(limit: string): string;
  missing: string;
}) {
  const t = useTranslations('use');
  if (used === undefined) return <NotMeasured reason={missing} />;
  const bound = typeof limit === 'number' ? limit : undefined;
  return (
    <span className={css.use}>
      <span className={css.text}>
        <Measure quantity={format(used)} />
        {bound !== undefined && <span className={css.limit}>{t('ofLimit', { limit: format(bound).text })}</span>}
      </span>
      {bound !== undefined && (
        <UseBar
          used={used}
          limit={bound}
          tone={tone}
          label={label(format(bound).text)}
          reserved={typeof reserved === 'number' ? reserved : undefined}
        />
      )}
      {heat !== undefined && heat > 0 && <span className={css.heat} data-heat={heat} />}
    </span>
  );
}
