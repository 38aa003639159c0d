'use client';
import { Skeleton } from '@mantine/core';
import { useTranslations } from 'next-intl';
import { Link } from '../../components/link.tsx';
import { useFormat } from '../../components/measure.tsx';
import { type State, StateIcon } from '../../components/state-mark.tsx';
import { statusOf } from '../container/status.ts';
import { useContainers } from '../live/live-provider.tsx';
import css from './overview.module.css';

/** How many containers are in which state; each number leads to them. */
export function Counts() {
  const t = useTranslations('overview.counts');
  const format = useFormat();
  const containers = useContainers();
  const all = [...(containers?.values() ?? [])];
  const of = (wanted: (view: ReturnType<typeof statusOf>) => boolean) => all.filter((container) => wanted(statusOf(container))).length;
  const counts: { key: 'running' | 'stopped' | 'failed' | 'tenants'; count: number; href: string; state: State | undefined }[] = [
    { key: 'running', count: of((view) => view.word === 'running'), href: '/containers?status=running', state: 'good' },
    {
      key: 'stopped',
      count: all.filter((container) => container.status === 'stopped').length,
      href: '/containers?status=stopped',
      state: 'unknown',
    },
    {
      key: 'failed',
      count: of((view) => view.state === 'bad' || view.state === 'attention'),
      href: '/containers?sort=status',
      state: 'attention',
    },
    { key: 'tenants', count: new Set(all.map((container) => container.tenantId)).size, href: '/usage', state: undefined },
  ];
  return (
    <div className={css.counts}>
      {counts.map(({ key, count, href, state }) => (
        <Link key={key} className={css.count} href={href} data-count={key}>
          <span className={css.number}>
            {containers === undefined ? <Skeleton height={20} width={24} mt={4} mb={4} /> : format.integer(count)}
          </span>
          <span className={css.countWord}>
            {state && count > 0 && <StateIcon state={state} size={14} />}
            {t(key, { count })}
          </span>
        </Link>
      ))}
    </div>
  );
}
