'use client';
import type { Runtime } from '@bulkhead/model';
import { NativeSelect, SegmentedControl, Skeleton } from '@mantine/core';
import dynamic from 'next/dynamic';
import { useSearchParams } from 'next/navigation';
import { useTranslations } from 'next-intl';
import { useEffect, useMemo } from 'react';
import { ColumnMenu } from '../../components/data-table.tsx';
import { Empty } from '../../components/empty.tsx';
import { useFormat } from '../../components/measure.tsx';
import { PageHead } from '../../components/page-head.tsx';
import { RowsSkeleton } from '../../components/rows-skeleton.tsx';
import { SearchField } from '../../components/search-field.tsx';
import { useColumnChoice } from '../../components/use-column-choice.ts';
import { known, namespaceTypes } from '../../lib/known.ts';
import { AwayNotice } from '../live/away-notice.tsx';
import { isEmpty } from './holders.ts';
import { InventoryNotice } from './inventory-notice.tsx';
import css from './namespaces.module.css';
import { type NamespaceRow, NamespacesTable, useNamespaceColumns } from './namespaces-table.tsx';
import { graphType, type NamespacesView, readView, writeView } from './namespaces-url.ts';
import { byRuntime, inhabitantsByNamespace, searchTextOf } from './rooms.ts';
import { useInventory } from './use-inventory.ts';

const loadGraph = () => import('./graph/namespace-graph.tsx');
const NamespaceGraph = dynamic(() => loadGraph().then((module) => module.NamespaceGraph), {
  ssr: false,
  loading: () => <Skeleton className={css.loading ?? ''} />,
});

/** Every namespace of the host, as a table and as rooms of a house. */
export function NamespacesPage() {
  const t = useTranslations('namespacesPage');
  const r = useTranslations('runtime.name');
  const format = useFormat();
  const params = useSearchParams();
  const view = useMemo(() => readView(params), [params]);
  const inventory = useInventory();
  const { namespaces, workloads } = inventory;
  const columns = useNamespaceColumns();
  const choice = useColumnChoice(
    'namespaces',
    columns.filter((column) => column.usuallyHidden).map(({ id }) => id),
  );

  // The address itself is read: what was rendered may be a key behind it.
  const show = (changed: Partial<NamespacesView>, how: 'push' | 'replace' = 'push') => {
    const current = readView(new URLSearchParams(window.location.search));
    window.history[`${how}State`](null, '', `/namespaces${writeView({ ...current, ...changed })}`);
  };

  const isGraph = view.view === 'graph';
  const drawn = isGraph ? (view.type ?? graphType) : undefined;
  const inhabitants = useMemo(() => {
    // The graph shows one type: of a host with thousands of namespaces the others are not looked at.
    const wanted = drawn === undefined ? undefined : { has: (key: string) => namespaces?.get(key)?.type === drawn };
    return inhabitantsByNamespace(workloads.values(), wanted);
  }, [workloads, namespaces, drawn]);
  const rows = useMemo<NamespaceRow[]>(() => {
    const found: NamespaceRow[] = [];
    if (view.view === 'graph') return found;
    const wanted = view.search.trim().toLowerCase();
    for (const namespace of namespaces?.values() ?? []) {
      if (view.type !== undefined && namespace.type !== view.type) continue;
      if (view.runtime !== undefined && namespace.maker.runtime !== view.runtime) continue;
      if (view.empty && !isEmpty(namespace)) continue;
      const living = inhabitants.get(namespace.key) ?? [];
      if (
        wanted !== '' &&
        !searchTextOf(namespace).includes(wanted) &&
        !living.some(({ workload }) => workload.maker.name.toLowerCase().includes(wanted))
      )
        continue;
      found.push({ namespace, inhabitants: living });
    }
    return found;
  }, [namespaces, inhabitants, view]);
  const runtimes = useMemo(() => {
    const present = new Set<Runtime>([...(namespaces?.values() ?? [])].map(({ maker }) => maker.runtime));
    if (view.runtime !== undefined) present.add(view.runtime);
    return [...present].sort(byRuntime);
  }, [namespaces, view.runtime]);

  // The canvas is fetched while the host is being asked, not afterwards.
  useEffect(() => {
    if (isGraph) void loadGraph().then((module) => module.warmUp());
  }, [isGraph]);
  const filtered = view.search !== '' || view.type !== undefined || view.runtime !== undefined || view.empty;
  return (
    <>
      <PageHead
        title={t('title')}
        actions={
          <SegmentedControl
            size="xs"
            aria-label={t('view.label')}
            value={view.view}
            onChange={(value) => show({ view: value === 'graph' ? 'graph' : 'table' })}
            data={[
              { value: 'table', label: t('view.table') },
              { value: 'graph', label: t('view.graph') },
            ]}
          />
        }
      />
      <AwayNotice />
      <InventoryNotice inventory={inventory} />
      <div className={css.toolbar}>
        <SearchField
          className={css.search}
          label={t(isGraph ? 'find' : 'search')}
          value={view.search}
          onSearch={(search) => show({ search }, 'replace')}
        />
        <NativeSelect
          className={css.filter ?? ''}
          size="xs"
          aria-label={t('type.label')}
          value={isGraph ? (view.type ?? graphType) : (view.type ?? '')}
          onChange={(event) =>
            show({ type: known(namespaceTypes, event.currentTarget.value), room: undefined, focus: undefined, open: [] })
          }
          data={[...(isGraph ? [] : [{ value: '', label: t('type.all') }]), ...namespaceTypes.map((value) => ({ value, label: value }))]}
        />
        <NativeSelect
          className={css.filter ?? ''}
          size="xs"
          aria-label={t('maker.label')}
          value={view.runtime ?? ''}
          onChange={(event) => show({ runtime: runtimes.find((runtime) => runtime === event.currentTarget.value) })}
          data={[{ value: '', label: t('maker.all') }, ...runtimes.map((value) => ({ value, label: r(value) }))]}
        />
        <NativeSelect
          className={css.filter ?? ''}
          size="xs"
          aria-label={t('held.label')}
          value={view.empty ? 'empty' : ''}
          onChange={(event) => show({ empty: event.currentTarget.value === 'empty' })}
          data={[
            { value: '', label: t('held.all') },
            { value: 'empty', label: t('held.empty') },
          ]}
        />
        {namespaces !== undefined && !isGraph && (
          <span className={css.count} aria-live="polite">
            {filtered
              ? t('countOf', { shown: format.integer(rows.length), all: format.integer(namespaces.size) })
              : t('count', { count: namespaces.size })}
          </span>
        )}
        {!isGraph && <ColumnMenu columns={columns} choice={choice} />}
      </div>
      {isGraph ? (
        <NamespaceGraph namespaces={namespaces} inhabitants={inhabitants} view={view} show={show} />
      ) : namespaces === undefined ? (
        inventory.trouble === undefined && <RowsSkeleton rows={12} height={40} />
      ) : rows.length === 0 ? (
        <Empty title={t(filtered ? 'nothing.title' : 'empty.title')} {...(filtered ? {} : { command: 'lsns' })}>
          {t(filtered ? 'nothing.what' : 'empty.what')}
        </Empty>
      ) : (
        <NamespacesTable rows={rows} columns={columns} hidden={choice.hidden} sort={view.sort} onSort={(sort) => show({ sort })} />
      )}
    </>
  );
}
