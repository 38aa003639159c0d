'use client';
import type { Container, Runtime } from '@bulkhead/model';
import { NativeSelect, SegmentedControl } from '@mantine/core';
import { useSearchParams } from 'next/navigation';
import { useTranslations } from 'next-intl';
import { useMemo } from 'react';
import { ColumnMenu } from '../../components/data-table.tsx';
import { Empty } from '../../components/empty.tsx';
import { useFormat } from '../../components/measure.tsx';
import { PageHead } from '../../components/page-head.tsx';
import { RowsSkeleton } from '../../components/rows-skeleton.tsx';
import { SearchField } from '../../components/search-field.tsx';
import { useColumnChoice } from '../../components/use-column-choice.ts';
import { containerStatuses, known } from '../../lib/known.ts';
import { useTree } from '../cgroup/use-tree.ts';
import { AwayNotice } from '../live/away-notice.tsx';
import { useContainers, useLeaving, useSamples } from '../live/live-provider.tsx';
import { InventoryNotice } from '../namespace/inventory-notice.tsx';
import { byRuntime } from '../namespace/rooms.ts';
import { useInventory } from '../namespace/use-inventory.ts';
import { countByCgroup, ownCgroup } from '../workload/own-cgroup.ts';
import css from './containers.module.css';
import { ContainersTable, useContainerColumns, usuallyHidden } from './containers-table.tsx';
import { type ContainersView, readView, writeView } from './containers-url.ts';
import { fitsRuntime, isForeign, type Listed, ofContainer, type RuntimeFilter, searchTextOf } from './listed.ts';
import { PastContainers } from './past-containers.tsx';

const firstCommand = './bulkhead run -d --name hello --image host -- sleep 600';
const nobody: ReadonlyMap<string, Container> = new Map();

function matches(row: Listed, view: ContainersView): boolean {
  if (!fitsRuntime(row.runtime, view.runtime)) return false;
  if (view.tenant !== undefined && (row.kind !== 'container' || row.container.tenantId !== view.tenant)) return false;
  if (view.status !== undefined && (row.kind === 'container' ? row.container.status : 'running') !== view.status) return false;
  const wanted = view.search.trim().toLowerCase();
  return wanted === '' || searchTextOf(row).includes(wanted);
}

/** Containers of this instance, and beside them what other runtimes run on the host. */
export function ContainersPage({ administrator }: { administrator: boolean }) {
  const t = useTranslations('containers');
  const r = useTranslations('runtime.name');
  const format = useFormat();
  const params = useSearchParams();
  const view = useMemo(() => readView(params), [params]);
  const containers = useContainers();
  const leaving = useLeaving();
  const inventory = useInventory(administrator);
  const tree = useTree(administrator);
  useSamples();

  // The address itself is read: what was rendered may be a key behind it.
  const show = (changed: Partial<ContainersView>, how: 'push' | 'replace') => {
    const current = readView(new URLSearchParams(window.location.search));
    window.history[`${how}State`](null, '', `/containers${writeView({ ...current, ...changed })}`);
  };

  const all = useMemo<Listed[]>(() => {
    const own = [...(containers?.values() ?? [])].map((container) => ofContainer(container, false));
    if (!administrator) return own;
    const counts = countByCgroup(inventory.workloads.values());
    const foreign = [...inventory.workloads.values()]
      .filter((workload) => isForeign(workload, containers ?? nobody))
      // A container of ours whose list has not come yet is not somebody else's.
      .filter(({ maker }) => maker.runtime !== 'bulkhead' || maker.instance !== undefined)
      .map(
        (workload): Listed => ({
          kind: 'workload',
          id: workload.id,
          name: workload.maker.name,
          runtime: workload.maker.runtime,
          workload,
          cgroup: ownCgroup(workload, counts),
        }),
      );
    return [...own, ...foreign];
  }, [containers, inventory.workloads, administrator]);
  const tenants = useMemo(
    () => [...new Set(all.flatMap((row) => (row.kind === 'container' ? [row.container.tenantId] : [])))].sort(),
    [all],
  );
  const runtimes = useMemo(() => {
    const counts = new Map<Runtime, number>();
    for (const { runtime } of all) counts.set(runtime, (counts.get(runtime) ?? 0) + 1);
    if (view.runtime !== 'all' && view.runtime !== 'containers' && !counts.has(view.runtime)) counts.set(view.runtime, 0);
    return [...counts].sort(([a], [b]) => byRuntime(a, b));
  }, [all, view.runtime]);
  const rows = useMemo<Listed[]>(
    () => [...all, ...[...leaving.values()].map((container) => ofContainer(container, true))].filter((row) => matches(row, view)),
    [all, leaving, view],
  );
  const present = rows.filter((row) => row.kind === 'workload' || !row.leaving).length;
  const whole = all.filter(({ runtime }) => fitsRuntime(runtime, view.runtime)).length;
  const filtered = view.search !== '' || view.tenant !== undefined || view.status !== undefined;
  const columns = useContainerColumns(tree, []);
  const choice = useColumnChoice('containers', usuallyHidden);

  return (
    <>
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
      {administrator && !view.gone && <InventoryNotice inventory={inventory} of="workloads" />}
      {view.gone ? (
        <PastContainers search={view.search} onSearch={(search) => show({ search }, 'replace')} />
      ) : (
        <>
          <div className={css.toolbar}>
            <SearchField
              className={css.search}
              label={t('search')}
              value={view.search}
              onSearch={(search) => show({ search }, 'replace')}
            />
            {administrator && (
              <NativeSelect
                className={css.filter ?? ''}
                size="xs"
                aria-label={t('runtime.label')}
                value={view.runtime}
                onChange={(event) => show({ runtime: event.currentTarget.value as RuntimeFilter }, 'push')}
                data={[
                  { value: 'containers', label: t('runtime.containers') },
                  { value: 'all', label: t('runtime.all') },
                  ...runtimes.map(([runtime, count]) => ({ value: runtime, label: `${r(runtime)} (${format.integer(count)})` })),
                ]}
              />
            )}
            <NativeSelect
              className={css.filter ?? ''}
              size="xs"
              aria-label={t('status.label')}
              value={view.status ?? ''}
              onChange={(event) => show({ status: known(containerStatuses, event.currentTarget.value) }, 'push')}
              data={[
                { value: '', label: t('status.all') },
                ...containerStatuses.map((status) => ({ value: status, label: t(`status.${status}`) })),
              ]}
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
                  ? t('countOf', { shown: format.integer(present), all: format.integer(whole) })
                  : view.runtime === 'containers' || view.runtime === 'bulkhead'
                    ? t('count', { count: whole })
                    : t('countWorkloads', { count: whole })}
              </span>
            )}
            <ColumnMenu columns={columns} choice={choice} />
          </div>
          {containers === undefined ? (
            <RowsSkeleton />
          ) : rows.length > 0 ? (
            <ContainersTable rows={rows} tree={tree} sort={view.sort} hidden={choice.hidden} onSort={(sort) => show({ sort }, 'push')} />
          ) : filtered || (view.runtime !== 'containers' && view.runtime !== 'bulkhead') ? (
            <Empty title={t('nothing.title')}>{t('nothing.what')}</Empty>
          ) : (
            <Empty title={t('empty.title')} command={firstCommand}>
              {t('empty.what')}
            </Empty>
          )}
        </>
      )}
    </>
  );
}
