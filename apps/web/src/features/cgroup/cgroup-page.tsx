'use client';
import dynamic from 'next/dynamic';
import { useParams, useSearchParams } from 'next/navigation';
import { useTranslations } from 'next-intl';
import { useEffect } from 'react';
import { Link } from '../../components/link.tsx';
import { RuntimeBadge } from '../../components/maker-badge.tsx';
import { Notice } from '../../components/notice.tsx';
import { PageHead } from '../../components/page-head.tsx';
import { RowsSkeleton } from '../../components/rows-skeleton.tsx';
import { StateMark } from '../../components/state-mark.tsx';
import { TabLinks } from '../../components/tab-links.tsx';
import { TroubleNotice } from '../../components/trouble-notice.tsx';
import { AwayNotice } from '../live/away-notice.tsx';
import { CgroupActions } from './act/cgroup-actions.tsx';
import css from './cgroups.module.css';
import { cgroupHref, cgroupTabs, pathOfSegments, tabHref, tabOf } from './cgroups-url.ts';
import { displayName } from './display-name.ts';
import { nameOf, parentOf } from './rows.ts';
import { useMissing } from './use-missing.ts';
import { useTree } from './use-tree.ts';

// Rendered by the server like the rest, and fetched with their own tab alone.
const CgroupCharts = dynamic(() => import('./cgroup-charts.tsx').then((module) => module.CgroupCharts));
const CgroupFacts = dynamic(() => import('./cgroup-overview.tsx').then((module) => module.CgroupFacts));
const FilesTab = dynamic(() => import('./cgroup-files.tsx').then((module) => module.FilesTab));
const loading = () => <RowsSkeleton rows={10} height={40} />;
// The registry of settings is as large as a page: who looks at charts does not need it.
const SettingsTab = dynamic(() => import('./settings/settings-tab.tsx').then((module) => module.SettingsTab), { ssr: false, loading });
const ProcessesTab = dynamic(() => import('./processes/processes-tab.tsx').then((module) => module.ProcessesTab), { ssr: false, loading });

function Crumbs({ path }: { path: string }) {
  const t = useTranslations('cgroupPage');
  const parts: string[] = [];
  for (let at: string | undefined = path; at !== undefined; at = parentOf(at)) parts.unshift(at);
  return (
    <nav className={css.crumbs} aria-label={t('crumbs')}>
      <Link href="/cgroups">{t('all')}</Link>
      {parts.map((part) => (
        <span key={part}>
          <span aria-hidden="true">{part === '/' ? '· ' : parentOf(part) === '/' ? '' : '/ '}</span>
          <Link href={cgroupHref(part)} aria-current={part === path ? 'page' : undefined}>
            {nameOf(part)}
          </Link>
        </span>
      ))}
    </nav>
  );
}

/** One cgroup: what it uses over time, its settings, the processes in it, and the kernel's files as they stand. */
export function CgroupPage() {
  const t = useTranslations('cgroupPage');
  const { path: segments } = useParams<{ path?: string[] }>();
  const path = pathOfSegments(segments);
  const tab = tabOf(useSearchParams());
  const tree = useTree();
  const missing = useMissing(tree);
  const node = tree.cgroups?.get(path);
  const gone = tree.cgroups !== undefined && node === undefined;
  useEffect(() => {
    document.title = `${nameOf(path)} · Bulkhead`;
  }, [path]);
  return (
    <>
      <PageHead
        title={node === undefined ? nameOf(path) : displayName(node).text}
        state={
          node && (
            <>
              <RuntimeBadge runtime={node.maker.runtime} />
              {node.frozen && <StateMark state="attention">{t('frozen')}</StateMark>}
            </>
          )
        }
        lead={<Crumbs path={path} />}
        actions={node && <CgroupActions node={node} />}
      />
      <AwayNotice />
      {tree.trouble && <TroubleNotice trouble={tree.trouble} />}
      {gone && (
        <Notice state="unknown" title={t('gone.title')}>
          {t('gone.what')}
        </Notice>
      )}
      <TabLinks
        label={t('tabs.label')}
        tabs={cgroupTabs.map((each) => ({ href: tabHref(path, each), word: t(`tabs.${each}`), isShown: each === tab }))}
      />
      {tab === 'overview' || gone ? (
        <>
          <CgroupCharts path={path} node={node} missing={missing} gone={gone} />
          {node && <CgroupFacts node={node} tree={tree} />}
        </>
      ) : node === undefined ? (
        loading()
      ) : tab === 'settings' ? (
        <SettingsTab key={path} node={node} missing={missing} />
      ) : tab === 'processes' ? (
        <ProcessesTab key={path} node={node} />
      ) : (
        <FilesTab path={path} />
      )}
    </>
  );
}
