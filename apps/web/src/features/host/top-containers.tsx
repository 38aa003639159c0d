'use client';
import { useTranslations } from 'next-intl';
import { useEffect, useState } from 'react';
import { Link } from '../../components/link.tsx';
import { Measure, useFormat } from '../../components/measure.tsx';
import { UseBar } from '../../components/use-bar.tsx';
import { useContainers, useLiveStore } from '../live/live-provider.tsx';
import css from './overview.module.css';

const shown = 5;
const refreshMsec = 2_000;

/** The containers that use most of something, with their part of what the first uses. */
export function TopContainers({ by }: { by: 'cpu' | 'memory' }) {
  const t = useTranslations('overview');
  const format = useFormat();
  const store = useLiveStore();
  const containers = useContainers();
  const [, setTick] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => setTick((tick) => tick + 1), refreshMsec);
    return () => clearInterval(timer);
  }, []);
  const ranked = [...(containers?.values() ?? [])]
    .flatMap((container) => {
      const use = store.latestUse(container.id);
      const value = by === 'cpu' ? use?.cpuMillis : use?.memoryBytes;
      return value === undefined ? [] : [{ container, value }];
    })
    .sort((a, b) => b.value - a.value)
    .slice(0, shown);
  const most = ranked[0]?.value ?? 0;
  if (containers === undefined || ranked.length === 0)
    return <p className={css.none}>{t(containers === undefined ? 'waiting' : 'noneRunning')}</p>;
  return (
    <ol className={css.top}>
      {ranked.map(({ container, value }) => (
        <li key={container.id}>
          <Link className={css.topName} href={`/containers/${container.id}`}>
            {container.name} <span>{container.tenantId}</span>
          </Link>
          <span className={css.topBar}>
            <UseBar used={value} limit={most} tone={by} label={container.name} plain />
          </span>
          <span className={css.topValue}>
            <Measure quantity={by === 'cpu' ? format.cores(value) : format.bytes(value)} />
          </span>
        </li>
      ))}
    </ol>
  );
}
