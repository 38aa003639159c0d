'use client';
import { Button, SegmentedControl, Skeleton } from '@mantine/core';
import { IconDownload, IconTable } from '@tabler/icons-react';
import dynamic from 'next/dynamic';
import { useLocale, useTranslations } from 'next-intl';
import { useEffect, useState } from 'react';
import { download } from '../lib/download.ts';
import { formatExactTime, type Quantity } from '../lib/format.ts';
import { type Series, toCsv } from '../lib/series.ts';
import css from './chart-panel.module.css';
import { NotMeasured } from './measure.tsx';
import { isTyping } from './shortcuts.tsx';
import table from './table.module.css';
import type { ChartMark } from './time-chart.tsx';
import type { ChartWindow } from './use-chart-window.ts';

const TimeChart = dynamic(() => import('./time-chart.tsx').then((module) => module.TimeChart), {
  ssr: false,
  loading: () => <Skeleton height={200} />,
});

/** Steps at which the axes are marked: round in cores, round in binary bytes, round in numbers. */
export const coreIncrements = [1, 2, 5, 10, 20, 50, 100, 200, 250, 500, 1000, 2000, 4000, 8000, 16_000, 32_000, 64_000, 128_000];
export const byteIncrements = Array.from({ length: 46 }, (_, power) => 2 ** power);
export const countIncrements = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000];
export const shareIncrements = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.25, 0.5];

export interface PanelChart {
  /** Name of its column in a spreadsheet, with the unit: `memory_bytes`. */
  column: string;
  title: string;
  tone: 'cpu' | 'memory' | 'io';
  series: Series;
  format(value: number): Quantity;
  increments: readonly number[];
  limit?: number | undefined;
  limitLabel?: string | undefined;
  /** Why there is nothing, where the reason is known. */
  missing?: string | undefined;
}

interface Row {
  x: number;
  values: (number | null)[];
}

function rowsOf(charts: readonly PanelChart[]): Row[] {
  const rows = new Map<number, (number | null)[]>();
  for (const [index, { series }] of charts.entries())
    for (const [place, x] of series.x.entries()) {
      const value = series.y[place] ?? null;
      if (value === null) continue;
      const row = rows.get(x) ?? charts.map(() => null);
      row[index] = value;
      rows.set(x, row);
    }
  return [...rows].map(([x, values]) => ({ x, values })).sort((a, b) => a.x - b.x);
}

function Numbers({ charts }: { charts: readonly PanelChart[] }) {
  const t = useTranslations('chart');
  const locale = useLocale();
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, and scrolling must work without a pointer
    <section className={css.numbers} tabIndex={0} aria-label={t('numbers')}>
      <table className={table.table}>
        <thead>
          <tr>
            <th scope="col">{t('time')}</th>
            {charts.map(({ column, title }) => (
              <th key={column} scope="col" className={table.number}>
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rowsOf(charts)
            .reverse()
            .map(({ x, values }) => (
              <tr key={x}>
                <th scope="row">{formatExactTime(locale, x * 1000)}</th>
                {charts.map(({ column, format }, index) => {
                  const value = values[index] ?? null;
                  return (
                    <td key={column} className={table.number}>
                      {value === null ? (
                        <NotMeasured reason={t('notMeasured')} />
                      ) : (
                        <span title={format(value).exact}>{format(value).text}</span>
                      )}
                    </td>
                  );
                })}
              </tr>
            ))}
        </tbody>
      </table>
    </section>
  );
}

/** The charts of a page with their time range, as a table too, and as a file. */
export function ChartPanel({
  name,
  charts,
  window: shown,
  gone = false,
  marks = [],
}: {
  /** Of the file, and of cursors that move together. */
  name: string;
  charts: readonly PanelChart[];
  window: ChartWindow;
  gone?: boolean;
  marks?: readonly ChartMark[];
}) {
  const t = useTranslations('chart');
  const locale = useLocale();
  const [asTable, setAsTable] = useState(false);

  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key === 't' && !event.ctrlKey && !event.metaKey && !event.altKey && !isTyping(event.target))
        setAsTable((before) => !before);
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, []);

  const save = () => {
    const rows = rowsOf(charts).map(({ x, values }) => [new Date(x * 1000).toISOString(), ...values] as const);
    download(`${name}.csv`, 'text/csv', toCsv(['time', ...charts.map(({ column }) => column)], rows));
  };

  return (
    <section aria-label={t('label')}>
      <div className={css.bar}>
        <SegmentedControl
          size="xs"
          aria-label={t('range.label')}
          value={shown.range}
          onChange={(value) => shown.show({ range: value as ChartWindow['range'] })}
          data={(gone ? (['1h', '24h', '7d'] as const) : (['live', '1h', '24h', '7d'] as const)).map((value) => ({
            value,
            label: t(`range.${value}`),
          }))}
        />
        {shown.zoomed && (
          <Button size="compact-sm" variant="default" onClick={() => shown.show({ range: shown.range })}>
            {t('resetZoom')}
          </Button>
        )}
        <div className={css.actions}>
          <Button
            size="compact-sm"
            variant="subtle"
            color="gray"
            aria-pressed={asTable}
            onClick={() => setAsTable(!asTable)}
            leftSection={<IconTable size={14} aria-hidden="true" />}
          >
            {t(asTable ? 'asChart' : 'asTable')}
          </Button>
          <Button
            size="compact-sm"
            variant="subtle"
            color="gray"
            onClick={save}
            leftSection={<IconDownload size={14} aria-hidden="true" />}
          >
            CSV
          </Button>
        </div>
      </div>
      {asTable ? (
        <Numbers charts={charts} />
      ) : (
        <div className={css.charts}>
          {shown.ready &&
            charts.map((chart) => (
              <TimeChart
                key={chart.column}
                title={chart.title}
                series={chart.series}
                tone={chart.tone}
                format={(value) => chart.format(value).text}
                increments={chart.increments}
                limit={chart.limit}
                limitLabel={chart.limitLabel}
                missing={chart.missing}
                marks={marks}
                window={shown.shown}
                locale={locale}
                live={shown.range === 'live'}
                cursorKey={name}
                onZoom={(from, to) => shown.show({ from, to })}
              />
            ))}
        </div>
      )}
    </section>
  );
}
