'use client';
import type { SessionView } from '@bulkhead/api';
import { useTranslations } from 'next-intl';
import { PageHead, Section } from '../../components/page-head.tsx';
import { EventsView } from '../event/events-view.tsx';
import { AwayNotice } from '../live/away-notice.tsx';
import { useSamples } from '../live/live-provider.tsx';
import { Attention } from './attention.tsx';
import { Counts } from './counts.tsx';
import { HostHead, HostUsePanel, OwnProcesses } from './host-panels.tsx';
import css from './overview.module.css';
import { PressurePanel } from './pressure-panel.tsx';
import { RuntimeCounts } from './runtime-counts.tsx';
import { StoragePanel } from './storage-panel.tsx';
import { TopWorkloads } from './top-workloads.tsx';
import { useHost } from './use-host.ts';

/** How the host and what runs on it are doing, on one page. */
export function OverviewPage({ session }: { session: SessionView }) {
  const t = useTranslations('overview');
  const administrator = session.tenants === 'all';
  const host = useHost(administrator);
  useSamples();
  return (
    <>
      {administrator ? <HostHead host={host} /> : <PageHead title={t('title')} />}
      <AwayNotice />
      <Counts />
      {administrator && <Attention warnings={host.view?.warnings ?? []} />}
      {administrator && <RuntimeCounts />}
      {administrator && <HostUsePanel host={host} />}
      <div className={css.columns}>
        <Section title={t('topCpu')}>
          <TopWorkloads by="cpu" administrator={administrator} />
        </Section>
        <Section title={t('topMemory')}>
          <TopWorkloads by="memory" administrator={administrator} />
        </Section>
        {administrator && <PressurePanel />}
      </div>
      <Section title={t('recent')}>
        <EventsView filter={{}} limit={8} />
      </Section>
      {administrator && (
        <div className={css.columns}>
          <OwnProcesses host={host} />
          <StoragePanel />
        </div>
      )}
    </>
  );
}
