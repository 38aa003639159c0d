'use client';
import type { ContainerTrend } from '@bulkhead/api';
import type { Container } from '@bulkhead/model';
import { useTranslations } from 'next-intl';
import { Measure, NotMeasured, useFormat } from '../../components/measure.tsx';
import { Sparkline } from '../../components/sparkline.tsx';
import { UseBar } from '../../components/use-bar.tsx';
import { useUse } from '../live/live-provider.tsx';
import css from './containers.module.css';

const notRunning = (container: Pick<Container, 'status'>): boolean => container.status !== 'running';

/** CPU in use now, against its quota where there is one. */
export function CpuNow({ container }: { container: Container }) {
  const t = useTranslations('container');
  const format = useFormat();
  const use = useUse(container.id);
  if (notRunning(container)) return <NotMeasured reason={t('missing.notRunning')} />;
  if (use?.cpuMillis === undefined) return <NotMeasured reason={t('missing.notYet')} />;
  const limit = container.limits.cpuMaxMillis;
  const quantity = format.cores(use.cpuMillis);
  return (
    <span className={css.use}>
      <span className={css.useText}>
        <Measure quantity={quantity} />
        {limit !== undefined && <span className={css.limit}>{t('ofLimit', { limit: format.cores(limit).text })}</span>}
      </span>
      {limit !== undefined && <UseBar used={use.cpuMillis} limit={limit} label={t('cpuOfLimit', { limit: format.cores(limit).text })} />}
    </span>
  );
}

/** Memory in use now, against its limit where there is one. */
export function MemoryNow({ container }: { container: Container }) {
  const t = useTranslations('container');
  const format = useFormat();
  const use = useUse(container.id);
  if (notRunning(container)) return <NotMeasured reason={t('missing.notRunning')} />;
  if (use?.memoryBytes === undefined) return <NotMeasured reason={t('missing.notYet')} />;
  const limit = container.limits.memoryMaxBytes;
  return (
    <span className={css.use}>
      <span className={css.useText}>
        <Measure quantity={format.bytes(use.memoryBytes)} />
        {limit !== undefined && <span className={css.limit}>{t('ofLimit', { limit: format.bytes(limit).text })}</span>}
      </span>
      {limit !== undefined && (
        <UseBar used={use.memoryBytes} limit={limit} tone="memory" label={t('memoryOfLimit', { limit: format.bytes(limit).text })} />
      )}
    </span>
  );
}

export function TrendCell({ container, trend, tone }: { container: Container; trend: ContainerTrend | undefined; tone: 'cpu' | 'memory' }) {
  const t = useTranslations('container');
  if (trend === undefined) return null;
  const values = tone === 'cpu' ? trend.cpuMillis : trend.memoryBytes;
  const ceiling = tone === 'cpu' ? container.limits.cpuMaxMillis : container.limits.memoryMaxBytes;
  return <Sparkline values={values} ceiling={ceiling} tone={tone} label={tone === 'cpu' ? t('cpuTrend') : t('memoryTrend')} />;
}
