'use client';
import { Button, SegmentedControl, Skeleton } from '@mantine/core';
import { IconDownload, IconTable } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import dynamic from 'next/dynamic';
import { useSearchParams } from 'next/navigation';
import { useLocale, useTranslations } from 'next-intl';
import { useEffect, useMemo, useState } from 'react';
import { NotMeasured, useFormat } from '../../../components/measure.tsx';
import { isTyping } from '../../../components/shortcuts.tsx';
import table from '../../../components/table.module.css';
import type { ChartMark } from '../../../components/time-chart.tsx';
import { TroubleNotice } from '../../../components/trouble-notice.tsx';
import { useNow } from '../../../components/use-now.ts';
import { troubleOf, useTRPC } from '../../../lib/api.ts';
import { download } from '../../../lib/download.ts';
import { formatExactTime } from '../../../lib/format.ts';
import { toCsv } from '../../../lib/series.ts';
import { useShown } from './container-frame.tsx';
import css from './detail.module.css';
import { type ContainerSeries, liveMsec, useLiveSeries, useStoredSeries } from './use-series.ts';

const TimeChart = dynamic(() => import('../../../components/time-chart.tsx').then((module) => module.TimeChart), {
  ssr: false,
  loading: () => <Skeleton height={192} />,
});

const ranges = { live: liveMsec, '1h': 3_600_000, '24h': 86_400_000, '7d': 604_800_000 } as const;
type Range = keyof typeof ranges;
const storedRefreshMsec = 30_000;

/** Steps at which the axes are marked: round in cores, round in binary bytes. */
const coreIncrements = [1, 2, 5, 10, 20, 50, 100, 200, 250, 500, 1000, 2000, 4000, 8000, 16_000, 32_000, 64_000];
const byteIncrements = Array.from({ length: 46 }, (_, power) => 2 ** power);

const markStates = { 'container.started': 'unknown', 'container.oom-killed': 'bad', 'container.exited': 'unknown' } as const;

function useMarks(containerId: string): ChartMark[] {
  const t = useTranslations('chart');
  const trpc = useTRPC();
  const { data } = useQuery({
    ...trpc.event.list.queryOptions({ container: containerId, limit: 200 }),
    refetchInterval: storedRefreshMsec,
  });
  return useMemo(
    () =>
      (data ?? []).flatMap((event) => {
        const state = markStates[event.kind as keyof typeof markStates];
        return state === undefined
          ? []
          : [
              {
                atMsec: Date.parse(event.at),
                label: t(`mark.${event.kind as keyof typeof markStates}`.replace('container.', '') as 'mark.started'),
                state,
              },
            ];
      }),
    [data, t],
  );
}

function Numbers({ series }: { series: ContainerSeries }) {
  const t = useTranslations('chart');
  const format = useFormat();
  const locale = useLocale();
  const memory = new Map(series.memory.x.map((x, index) => [x, series.memory.y[index] ?? null]));
  const rows = series.cpu.x
    .map((x, index) => ({ x, cpu: series.cpu.y[index] ?? null, memory: memory.get(x) ?? null }))
    .filter((row) => row.cpu !== null || row.memory !== null)
    .reverse();
  const missing = <NotMeasured reason={t('notMeasured')} />;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, and scrolling must work without a pointer
    <section className={css.numbers} tabIndex={0} aria-label={t('numbers')}>
      <table className={table.table}>
        <thead>
          <tr>
            <th scope="col">{t('time')}</th>
            <th scope="col" className={table.number}>
              {t('cpu')}
            </th>
            <th scope="col" className={table.number}>
              {t('memory')}
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.x}>
              <th scope="row">{formatExactTime(locale, row.x * 1000)}</th>
              <td className={table.number}>
                {row.cpu === null ? missing : <span title={format.cores(row.cpu).exact}>{format.cores(row.cpu).text}</span>}
              </td>
              <td className={table.number}>
                {row.memory === null ? missing : <span title={format.bytes(row.memory).exact}>{format.bytes(row.memory).text}</span>}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

/** CPU and memory of the shown container, live or stored. */
export function Charts() {
  const t = useTranslations('chart');
  const { container, gone } = useShown();
  const format = useFormat();
  const locale = useLocale();
  const params = useSearchParams();
  const nowMsec = useNow();
  const asked = params.get('range') as Range | null;
  const range: Range = asked !== null && asked in ranges ? asked : gone ? '24h' : 'live';
  const zoomFrom = Number(params.get('from'));
  const zoomTo = Number(params.get('to'));
  const zoom = zoomFrom > 0 && zoomTo > zoomFrom ? { from: zoomFrom, to: zoomTo } : undefined;
  const [asTable, setAsTable] = useState(false);

  const show = (next: { range?: Range; from?: number; to?: number }) => {
    const query = new URLSearchParams();
    const wanted = next.range ?? range;
    if (wanted !== 'live') query.set('range', wanted);
    if (next.from !== undefined && next.to !== undefined) {
      query.set('from', String(Math.floor(next.from)));
      query.set('to', String(Math.ceil(next.to)));
    }
    const text = query.toString();
    window.history.pushState(null, '', `${window.location.pathname}${text === '' ? '' : `?${text}`}`);
  };

  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key === 't' && !event.ctrlKey && !event.metaKey && !event.altKey && !isTyping(event.target))
        setAsTable((before) => !before);
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, []);

  // A stored window moves on now and then, not with every second.
  const stepMsec = Math.floor(nowMsec / storedRefreshMsec) * storedRefreshMsec;
  // What ended long ago is looked at where it ended.
  const endMsec = gone && container.finishedAt !== undefined ? Math.min(stepMsec, Date.parse(container.finishedAt) + 60_000) : stepMsec;
  const storedWindow =
    range === 'live' || nowMsec === 0
      ? undefined
      : zoom
        ? { fromMsec: zoom.from * 1000, toMsec: zoom.to * 1000 }
        : { fromMsec: endMsec - ranges[range], toMsec: endMsec };
  const live = useLiveSeries(container.id, range === 'live' && !gone);
  const stored = useStoredSeries(container.id, storedWindow);
  const marks = useMarks(container.id);
  const series = range === 'live' ? live : stored.series;
  const shown =
    zoom ??
    (storedWindow
      ? { from: storedWindow.fromMsec / 1000, to: storedWindow.toMsec / 1000 }
      : { from: (nowMsec - liveMsec) / 1000, to: nowMsec / 1000 });
  const { cpuMaxMillis, memoryMaxBytes } = container.limits;

  const save = () => {
    const memory = new Map(series.memory.x.map((x, index) => [x, series.memory.y[index] ?? null]));
    const rows = series.cpu.x.map(
      (x, index) => [new Date(x * 1000).toISOString(), series.cpu.y[index] ?? null, memory.get(x) ?? null] as const,
    );
    download(`${container.name}.csv`, 'text/csv', toCsv(['time', 'cpu_millis', 'memory_bytes'], rows));
  };
  const shared = {
    window: shown,
    marks,
    locale,
    cursorKey: 'container',
    live: range === 'live',
    onZoom: (from: number, to: number) => show({ from, to }),
  };

  return (
    <section aria-label={t('label')}>
      <div className={css.chartBar}>
        <SegmentedControl
          size="xs"
          aria-label={t('range.label')}
          value={range}
          onChange={(value) => show({ range: value as Range })}
          data={(gone ? (['1h', '24h', '7d'] as const) : (['live', '1h', '24h', '7d'] as const)).map((value) => ({
            value,
            label: t(`range.${value}`),
          }))}
        />
        {zoom && (
          <Button size="compact-sm" variant="default" onClick={() => show({ range })}>
            {t('resetZoom')}
          </Button>
        )}
        <div className={css.chartActions}>
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
      {stored.error && range !== 'live' && <TroubleNotice trouble={troubleOf(stored.error)} retry={() => void stored.refetch()} />}
      {asTable ? (
        <Numbers series={series} />
      ) : (
        <div className={css.charts}>
          {nowMsec > 0 && (
            <>
              <TimeChart
                {...shared}
                title={t('cpu')}
                tone="cpu"
                series={series.cpu}
                format={(value) => format.cores(value).text}
                increments={coreIncrements}
                limit={cpuMaxMillis}
                limitLabel={cpuMaxMillis === undefined ? undefined : t('limit', { limit: format.cores(cpuMaxMillis).text })}
              />
              <TimeChart
                {...shared}
                title={t('memory')}
                tone="memory"
                series={series.memory}
                format={(value) => format.bytes(value).text}
                increments={byteIncrements}
                limit={memoryMaxBytes}
                limitLabel={memoryMaxBytes === undefined ? undefined : t('limit', { limit: format.bytes(memoryMaxBytes).text })}
              />
            </>
          )}
        </div>
      )}
    </section>
  );
}
