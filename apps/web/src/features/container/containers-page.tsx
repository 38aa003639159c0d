'use client';
import type { Container } from '@bulkhead/model';
import { NativeSelect, SegmentedControl } from '@mantine/core';
import { useSearchParams } from 'next/navigation';
import { useTranslations } from 'next-intl';
import { useMemo } from 'react';
import { Empty } from '../../components/empty.tsx';
import { useFormat } from '../../components/measure.tsx';
import { PageHead } from '../../components/page-head.tsx';
import { RowsSkeleton } from '../../components/rows-skeleton.tsx';
import { SearchField } from '../../components/search-field.tsx';
import { AwayNotice } from '../live/away-notice.tsx';
import { useContainers, useLeaving, useSamples } from '../live/live-provider.tsx';
import css from './containers.module.css';
import { ContainersTable, type Row } from './containers-table.tsx';
import { type ContainersView, readView, writeView } from './containers-url.ts';
import { PastContainers } from './past-containers.tsx';

const statuses = ['running', 'stopped', 'created', 'creating'] as const;
const firstCommand = './bulkhead run -d --name hello --image host -- sleep 600';

function matches(container: Container, view: ContainersView): boolean {
  if (view.tenant !== undefined && container.tenantId !== view.tenant) return false;
  if (view.status !== undefined && container.status !== view.status) return false;
  const wanted = view.search.trim().toLowerCase();
  return (
    wanted === '' ||
    [container.name, container.tenantId, container.id, container.image, container.args.join(' ')].some((text) =>
      text.toLowerCase().includes(wanted),
    )
  );
}

export function ContainersPage() {
  const t = useTranslations('containers');
  const format = useFormat();
  const params = useSearchParams();
  const view = readView(params);
  const containers = useContainers();
  const leaving = useLeaving();
  useSamples();

  // The address itself is read: what was rendered may be a key behind it.
  const show = (changed: Partial<ContainersView>, how: 'push' | 'replace') => {
    const current = readView(new URLSearchParams(window.location.search));
    window.history[`${how}State`](null, '', `/containers${writeView({ ...current, ...changed })}`);
  };

  const all = useMemo(() => [...(containers?.values() ?? [])], [containers]);
  const tenants = useMemo(() => [...new Set(all.map((container) => container.tenantId))].sort(), [all]);
  const rows = useMemo<Row[]>(() => {
    const wanted = readView(params);
    return [
      ...all.filter((container) => matches(container, wanted)).map((container) => ({ container, leaving: false })),
      ...[...leaving.values()].filter((container) => matches(container, wanted)).map((container) => ({ container, leaving: true })),
    ];
  }, [all, leaving, params]);
  const present = rows.filter((row) => !row.leaving).length;
  const filtered = view.search !== '' || view.tenant !== undefined || view.status !== undefined;

  return (
    <div className={css.page}>
      <PageHead
        title={t('title')}
        actions={
          <SegmentedControl
            size="xs"
            aria-label={t('show.label')}
            value={view.gone ? 'gone' : 'present'}
            onChange={(value) => show({ gone: value === 'gone' }, 'push')}
            data={[
              { value: 'present', label: t('show.present') },
              { value: 'gone', label: t('show.gone') },
            ]}
          />
        }
      />
      <AwayNotice />
      {view.gone ? (
        <PastContainers />
      ) : (
        <>
          <div className={css.toolbar}>
            <SearchField
              className={css.search}
              label={t('search')}
              value={view.search}
              onSearch={(search) => show({ search }, 'replace')}
            />
            <NativeSelect
              className={css.filter ?? ''}
              size="xs"
              aria-label={t('status.label')}
              value={view.status ?? ''}
              onChange={(event) => show({ status: statuses.find((status) => status === event.currentTarget.value) }, 'push')}
              data={[{ value: '', label: t('status.all') }, ...statuses.map((status) => ({ value: status, label: t(`status.${status}`) }))]}
            />
            <NativeSelect
              className={css.filter ?? ''}
              size="xs"
              aria-label={t('tenant.label')}
              value={view.tenant ?? ''}
              onChange={(event) => show({ tenant: event.currentTarget.value || undefined }, 'push')}
              data={[
                { value: '', label: t('tenant.all') },
                ...[...new Set([...tenants, ...(view.tenant === undefined ? [] : [view.tenant])])].map((tenant) => ({
                  value: tenant,
                  label: tenant,
                })),
              ]}
            />
            {containers !== undefined && (
              <span className={css.count} aria-live="polite">
                {filtered
                  ? t('countOf', { shown: format.integer(present), all: format.integer(all.length) })
                  : t('count', { count: all.length })}
              </span>
            )}
          </div>
          {containers === undefined ? (
            <RowsSkeleton />
          ) : rows.length > 0 ? (
            <ContainersTable rows={rows} sort={view.sort} onSort={(sort) => show({ sort }, 'push')} />
          ) : filtered ? (
            <Empty title={t('nothing.title')}>{t('nothing.what')}</Empty>
          ) : (
            <Empty title={t('empty.title')} command={firstCommand}>
              {t('empty.what')}
            </Empty>
          )}
        </>
      )}
    </div>
  );
}
