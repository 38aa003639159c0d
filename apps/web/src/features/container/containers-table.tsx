'use client';
import type { ContainerTrend } from '@bulkhead/api';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useRouter } from 'next/navigation';
import { useTranslations } from 'next-intl';
import { useMemo, useState } from 'react';
import { type Column, DataTable } from '../../components/data-table.tsx';
import { Link } from '../../components/link.tsx';
import { RuntimeBadge } from '../../components/maker-badge.tsx';
import { NotMeasured, useFormat } from '../../components/measure.tsx';
import type { Sort } from '../../components/sort-rows.ts';
import { StateMark } from '../../components/state-mark.tsx';
import { RelativeTime } from '../../components/time.tsx';
import { useTRPC } from '../../lib/api.ts';
import type { Tree } from '../cgroup/tree-store.ts';
import { useMissing } from '../cgroup/use-missing.ts';
import { useHostLive, useLiveStore } from '../live/live-provider.tsx';
import { workloadHref } from '../namespace/namespaces-url.ts';
import { ContainerMenu } from './container-menu.tsx';
import { ContainerStatusMark } from './container-status.tsx';
import css from './containers.module.css';
import { type SortColumn, sortColumns } from './containers-url.ts';
import type { Listed } from './listed.ts';
import { ForeignTrend, ForeignUse, PidsNow, TrendCell, UseNow } from './use-cells.tsx';

const rowHeight = 44;
const trendRefreshMsec = 5_000;
/** Trends are asked of at most so many containers at once. */
const mostTrends = 200;

export const usuallyHidden: readonly string[] = ['processes', 'image'];

const imageOf = (row: Listed): string | undefined => (row.kind === 'container' ? row.container.image : row.workload.maker.image);

/** The columns of the page. Trends of our own containers are asked for together, for those in sight. */
export function useContainerColumns(tree: Tree, visible: readonly string[]): Column<Listed>[] {
  const t = useTranslations('container');
  const format = useFormat();
  const store = useLiveStore();
  const { tree: uses } = useHostLive();
  const missing = useMissing(tree);
  const trpc = useTRPC();
  const own = visible.filter((id) => /^[0-9a-f]{16}$/.test(id)).sort();
  const { data: trends } = useQuery({
    ...trpc.container.trends.queryOptions({ containers: own.slice(0, mostTrends) }),
    enabled: own.length > 0,
    refetchInterval: trendRefreshMsec,
    placeholderData: keepPreviousData,
  });
  const trendOf = useMemo(() => new Map<string, ContainerTrend>((trends ?? []).map((trend) => [trend.id, trend])), [trends]);
  return useMemo<Column<Listed>[]>(() => {
    const nodeOf = (row: Listed) => (row.kind === 'workload' && row.cgroup !== undefined ? tree.cgroups?.get(row.cgroup) : undefined);
    const trend = (tone: 'cpu' | 'memory') => (row: Listed) =>
      row.kind === 'container' ? (
        <TrendCell container={row.container} trend={trendOf.get(row.id)} tone={tone} />
      ) : (
        <ForeignTrend node={nodeOf(row)} tone={tone} />
      );
    const status = (row: Listed) =>
      row.kind === 'workload' ? (
        <StateMark state="good">{t('status.running')}</StateMark>
      ) : row.leaving ? (
        <span className={css.gone}>{t('deletedNow')}</span>
      ) : (
        <ContainerStatusMark container={row.container} />
      );
    return [
      {
        id: 'name',
        heading: t('column.name'),
        always: true,
        value: ({ name }) => name,
        cell: (row) => (
          <>
            {row.kind === 'container' && row.leaving ? (
              <span className={css.nameText}>{row.name}</span>
            ) : (
              <Link
                className={css.nameText}
                href={row.kind === 'container' ? `/containers/${row.id}` : workloadHref(row.workload)}
                title={row.kind === 'container' ? row.name : (row.workload.maker.externalId ?? row.name)}
              >
                {row.name}
              </Link>
            )}
            <span className={css.nameState}>
              {status(row)} {row.runtime !== 'bulkhead' && <RuntimeBadge runtime={row.runtime} />}
            </span>
          </>
        ),
      },
      {
        id: 'runtime',
        heading: t('column.runtime'),
        width: '104px',
        spare: 'narrow',
        value: ({ runtime }) => runtime,
        cell: ({ runtime }) => <RuntimeBadge runtime={runtime} />,
      },
      {
        id: 'tenant',
        heading: t('column.tenant'),
        width: '88px',
        spare: 'medium',
        value: (row) => (row.kind === 'container' ? row.container.tenantId : undefined),
        cell: (row) => (row.kind === 'container' ? row.container.tenantId : <NotMeasured reason={t('missing.noTenant')} />),
      },
      {
        id: 'status',
        heading: t('column.status'),
        width: '140px',
        spare: 'narrow',
        value: (row) => (row.kind === 'container' ? row.container.status : 'running'),
        cell: status,
      },
      {
        id: 'image',
        heading: t('column.image'),
        width: '160px',
        spare: 'medium',
        usuallyHidden: true,
        value: imageOf,
        cell: (row) => {
          const image = imageOf(row);
          return image === undefined ? <NotMeasured reason={t('missing.noImage')} /> : <span title={image}>{image}</span>;
        },
      },
      {
        id: 'processes',
        heading: t('column.processes'),
        width: '96px',
        number: true,
        spare: 'narrow',
        usuallyHidden: true,
        live: true,
        value: (row) => (row.kind === 'container' ? store.latestUse(row.id)?.pids : row.workload.processes),
        cell: (row) => (row.kind === 'container' ? <PidsNow container={row.container} /> : format.integer(row.workload.processes)),
      },
      {
        id: 'cpu',
        heading: t('column.cpu'),
        width: '176px',
        narrowWidth: '92px',
        number: true,
        live: true,
        value: (row) =>
          row.kind === 'container'
            ? store.latestUse(row.id)?.cpuMillis
            : row.cgroup === undefined
              ? undefined
              : uses.use(row.cgroup)?.cpuMillis,
        cell: (row) =>
          row.kind === 'container' ? (
            <UseNow container={row.container} tone="cpu" />
          ) : (
            <ForeignUse tone="cpu" node={nodeOf(row)} hasCgroup={row.cgroup !== undefined} missing={missing} />
          ),
      },
      { id: 'cpuTrend', heading: t('column.cpuTrend'), width: '104px', spare: 'narrow', cell: trend('cpu') },
      {
        id: 'memory',
        heading: t('column.memory'),
        width: '152px',
        narrowWidth: '80px',
        number: true,
        live: true,
        value: (row) =>
          row.kind === 'container'
            ? store.latestUse(row.id)?.memoryBytes
            : row.cgroup === undefined
              ? undefined
              : uses.use(row.cgroup)?.memoryBytes,
        cell: (row) =>
          row.kind === 'container' ? (
            <UseNow container={row.container} tone="memory" />
          ) : (
            <ForeignUse tone="memory" node={nodeOf(row)} hasCgroup={row.cgroup !== undefined} missing={missing} />
          ),
      },
      { id: 'memoryTrend', heading: t('column.memoryTrend'), width: '104px', spare: 'narrow', cell: trend('memory') },
      {
        id: 'created',
        heading: t('column.created'),
        width: '132px',
        spare: 'narrow',
        newestFirst: true,
        value: (row) => Date.parse(row.kind === 'container' ? row.container.createdAt : row.workload.startedAt),
        cell: (row) => <RelativeTime at={row.kind === 'container' ? row.container.createdAt : row.workload.startedAt} />,
      },
      {
        id: 'actions',
        heading: t('column.actions'),
        width: '44px',
        narrowWidth: '36px',
        quiet: true,
        cell: (row) => row.kind === 'container' && !row.leaving && <ContainerMenu container={row.container} />,
      },
    ];
  }, [t, format, store, uses, missing, tree.cgroups, trendOf]);
}

export function ContainersTable({
  rows,
  tree,
  sort,
  hidden,
  onSort,
}: {
  rows: readonly Listed[];
  tree: Tree;
  sort: Sort<SortColumn>;
  hidden: ReadonlySet<string>;
  onSort(sort: Sort<SortColumn>): void;
}) {
  const t = useTranslations('containers');
  const router = useRouter();
  const store = useLiveStore();
  const { inventory } = useHostLive();
  const [visible, setVisible] = useState<readonly string[]>([]);
  const columns = useContainerColumns(tree, visible);
  return (
    <DataTable
      label={t('title')}
      columns={columns}
      rows={rows}
      rowKey={({ id }) => id}
      rowHeight={rowHeight}
      sort={sort}
      onSort={({ column, descending }) => {
        const known = sortColumns.find((candidate) => candidate === column);
        if (known !== undefined) onSort({ column: known, descending });
      }}
      hidden={hidden}
      minWidth={1140}
      onVisible={setVisible}
      onOpen={(row) => {
        if (row.kind === 'workload') router.push(workloadHref(row.workload));
        else if (!row.leaving) router.push(`/containers/${row.id}`);
      }}
      arrived={(row) => (row.kind === 'container' ? store.hasArrived(row.id) : inventory.hasArrived(row.id))}
      attributes={(row) => ({
        ...(row.kind === 'container' ? { 'data-container': row.name } : { 'data-workload': row.name }),
        'data-runtime': row.runtime,
        'data-leaving': row.kind === 'container' && row.leaving,
      })}
    />
  );
}
