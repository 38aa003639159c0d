'use client';
import type { Runtime } from '@bulkhead/model';
import { Skeleton } from '@mantine/core';
import { useTranslations } from 'next-intl';
import { Link } from '../../components/link.tsx';
import { RuntimeBadge } from '../../components/maker-badge.tsx';
import { useFormat } from '../../components/measure.tsx';
import { Section } from '../../components/page-head.tsx';
import { byRuntime } from '../namespace/rooms.ts';
import { useInventory } from '../namespace/use-inventory.ts';
import css from './overview.module.css';

/** What runs on the host, by who made it. */
export function RuntimeCounts() {
  const t = useTranslations('overview.runtimes');
  const format = useFormat();
  const { namespaces, workloads } = useInventory();
  const counts = new Map<Runtime, { workloads: number; processes: number }>();
  for (const { maker, processes } of workloads.values()) {
    const before = counts.get(maker.runtime) ?? { workloads: 0, processes: 0 };
    counts.set(maker.runtime, { workloads: before.workloads + 1, processes: before.processes + processes });
  }
  return (
    <Section
      title={t('title')}
      aside={
        namespaces !== undefined && (
          <Link className={css.more} href="/namespaces">
            {t('namespaces', { count: namespaces.size })}
          </Link>
        )
      }
    >
      {namespaces === undefined ? (
        <Skeleton height={32} />
      ) : (
        <ul className={css.runtimes}>
          {[...counts]
            .sort(([a], [b]) => byRuntime(a, b))
            .map(([runtime, count]) => (
              <li key={runtime} data-runtime={runtime}>
                <Link href={`/containers?runtime=${runtime}`}>
                  <strong>{format.integer(count.workloads)}</strong>
                  <RuntimeBadge runtime={runtime} />
                  <span className={css.faint}>{t('processes', { count: count.processes })}</span>
                </Link>
              </li>
            ))}
        </ul>
      )}
    </Section>
  );
}
