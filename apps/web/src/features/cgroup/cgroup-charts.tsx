'use client';
import type { CgroupNode, CgroupUse, Limit } from '@bulkhead/model';
import { useTranslations } from 'next-intl';
import { useMemo } from 'react';
import {
  byteIncrements,
  ChartPanel,
  coreIncrements,
  countIncrements,
  type PanelChart,
  shareIncrements,
} from '../../components/chart-panel.tsx';
import { useFormat } from '../../components/measure.tsx';
import { TroubleNotice } from '../../components/trouble-notice.tsx';
import { useChartWindow } from '../../components/use-chart-window.ts';
import { troubleOf } from '../../lib/api.ts';
import { type Series, seriesOf } from '../../lib/series.ts';
import { useEventMarks } from '../event/use-event-marks.ts';
import { worstPressure } from './pressure.ts';
import type { UseSample } from './samples.ts';
import type { useMissing } from './use-missing.ts';
import { useCgroupSamples } from './use-samples.ts';
import { useStoredSamples } from './use-stored.ts';

/** Samples come once a second; after this long one was missed. */
const liveGapMsec = 5_000;

const reads = {
  cpu: (use: CgroupUse) => use.cpuMillis,
  memory: (use: CgroupUse) => use.memoryBytes,
  read: (use: CgroupUse) => use.ioReadBytesPerSecond,
  written: (use: CgroupUse) => use.ioWriteBytesPerSecond,
  pids: (use: CgroupUse) => use.pids,
  pressure: (use: CgroupUse) => worstPressure(use.pressure)?.share,
} as const;

const seriesOfSamples = (samples: readonly UseSample[], read: (use: CgroupUse) => number | undefined, gapMsec: number): Series =>
  seriesOf(
    samples.map(({ atMsec, use }) => ({ atMsec, value: read(use) ?? null })),
    gapMsec,
  );

const bound = (limit: Limit | undefined): number | undefined => (typeof limit === 'number' ? limit : undefined);

/** What a cgroup and everything below it used, live or stored. */
export function CgroupCharts({
  path,
  node,
  missing,
  gone = false,
}: {
  path: string;
  /** As the tree has it; undefined where it is gone. */
  node: CgroupNode | undefined;
  missing: ReturnType<typeof useMissing>;
  /** Nothing of it is live any more: what was stored is shown. */
  gone?: boolean;
}) {
  const t = useTranslations('chart');
  const c = useTranslations('cgroup');
  const format = useFormat();
  const shown = useChartWindow({ gone });
  const live = useCgroupSamples(path);
  const stored = useStoredSamples(path, shown.stored);
  const marks = useEventMarks({ cgroup: path });
  const isLive = shown.range === 'live';
  const samples = isLive ? live.samples : stored.samples;
  const gapMsec = isLive ? liveGapMsec : stored.stepMsec * 2.5;
  // biome-ignore lint/correctness/useExhaustiveDependencies: the version stands for what the list of samples holds
  const series = useMemo(
    () =>
      Object.fromEntries(Object.entries(reads).map(([name, read]) => [name, seriesOfSamples(samples, read, gapMsec)])) as Record<
        keyof typeof reads,
        Series
      >,
    [samples, live.version, gapMsec],
  );
  const cpu = bound(node?.limits.cpuMaxMillis);
  const memory = bound(node?.limits.memoryMaxBytes);
  const pids = bound(node?.limits.pidsMax);
  const integer = (value: number) => ({ text: format.integer(Math.round(value)), exact: format.integer(value) });
  const percent = (value: number) => ({ text: format.percent(value), exact: String(value) });
  const limit = (value: number | undefined, text: (value: number) => { text: string }) => ({
    limit: value,
    limitLabel: value === undefined ? undefined : t('limit', { limit: text(value).text }),
  });
  const charts: PanelChart[] = [
    {
      column: 'cpu_millis',
      title: t('cpu'),
      tone: 'cpu',
      series: series.cpu,
      format: format.cores,
      increments: coreIncrements,
      missing: isLive ? missing(node, 'cpu') : undefined,
      ...limit(cpu, format.cores),
    },
    {
      column: 'memory_bytes',
      title: t('memory'),
      tone: 'memory',
      series: series.memory,
      format: format.bytes,
      increments: byteIncrements,
      missing: isLive ? missing(node, 'memory') : undefined,
      ...limit(memory, format.bytes),
    },
    {
      column: 'io_read_bytes_per_second',
      title: t('read'),
      tone: 'io',
      series: series.read,
      format: format.bytesPerSecond,
      increments: byteIncrements,
      missing: isLive ? missing(node, 'io') : undefined,
    },
    {
      column: 'io_write_bytes_per_second',
      title: t('written'),
      tone: 'io',
      series: series.written,
      format: format.bytesPerSecond,
      increments: byteIncrements,
      missing: isLive ? missing(node, 'io') : undefined,
    },
    {
      column: 'pids',
      title: t('pids'),
      tone: 'cpu',
      series: series.pids,
      format: integer,
      increments: countIncrements,
      missing: isLive ? missing(node, 'pids') : undefined,
      ...limit(pids, integer),
    },
    {
      column: 'pressure_share',
      title: c('pressureTitle'),
      tone: 'memory',
      series: series.pressure,
      format: percent,
      increments: shareIncrements,
      missing: isLive ? missing(node, 'pressure') : undefined,
    },
  ];
  return (
    <>
      {stored.error && !isLive && <TroubleNotice trouble={troubleOf(stored.error)} retry={() => void stored.refetch()} />}
      <ChartPanel
        name={`cgroup${path === '/' ? '' : path.replaceAll('/', '-')}`}
        window={shown}
        charts={charts}
        gone={gone}
        marks={marks}
      />
    </>
  );
}
