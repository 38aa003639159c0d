'use client';
import { useTranslations } from 'next-intl';
import { byteIncrements, ChartPanel, coreIncrements } from '../../../components/chart-panel.tsx';
import { useFormat } from '../../../components/measure.tsx';
import { TroubleNotice } from '../../../components/trouble-notice.tsx';
import { useChartWindow } from '../../../components/use-chart-window.ts';
import { troubleOf } from '../../../lib/api.ts';
import { useEventMarks } from '../../event/use-event-marks.ts';
import { useShown } from './container-frame.tsx';
import { useLiveSeries, useStoredSeries } from './use-series.ts';

/** CPU and memory of the shown container, live or stored. */
export function Charts() {
  const t = useTranslations('chart');
  const { container, gone } = useShown();
  const format = useFormat();
  const shown = useChartWindow({ gone, endedAtMsec: container.finishedAt === undefined ? undefined : Date.parse(container.finishedAt) });
  const live = useLiveSeries(container.id, shown.range === 'live' && !gone);
  const stored = useStoredSeries(container.id, shown.stored);
  const marks = useEventMarks({ container: container.id });
  const series = shown.range === 'live' ? live : stored.series;
  const { cpuMaxMillis, memoryMaxBytes } = container.limits;
  return (
    <>
      {stored.error && shown.range !== 'live' && <TroubleNotice trouble={troubleOf(stored.error)} retry={() => void stored.refetch()} />}
      <ChartPanel
        name={container.name}
        window={shown}
        gone={gone}
        marks={marks}
        charts={[
          {
            column: 'cpu_millis',
            title: t('cpu'),
            tone: 'cpu',
            series: series.cpu,
            format: format.cores,
            increments: coreIncrements,
            limit: cpuMaxMillis,
            limitLabel: cpuMaxMillis === undefined ? undefined : t('limit', { limit: format.cores(cpuMaxMillis).text }),
          },
          {
            column: 'memory_bytes',
            title: t('memory'),
            tone: 'memory',
            series: series.memory,
            format: format.bytes,
            increments: byteIncrements,
            limit: memoryMaxBytes,
            limitLabel: memoryMaxBytes === undefined ? undefined : t('limit', { limit: format.bytes(memoryMaxBytes).text }),
          },
        ]}
      />
    </>
  );
}
