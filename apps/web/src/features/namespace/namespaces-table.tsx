'use client';
import type { Namespace } from '@bulkhead/model';
import { useRouter } from 'next/navigation';
import { useTranslations } from 'next-intl';
import { useMemo } from 'react';
import { type Column, DataTable } from '../../components/data-table.tsx';
import { Link } from '../../components/link.tsx';
import { RuntimeBadge } from '../../components/maker-badge.tsx';
import { NotMeasured } from '../../components/measure.tsx';
import type { Sort } from '../../components/sort-rows.ts';
import { RelativeTime } from '../../components/time.tsx';
import { useHostLive } from '../live/live-provider.tsx';
import { HeldMark } from './held-mark.tsx';
import css from './namespaces.module.css';
import { namespaceHref, type SortColumn, sortColumns, workloadHref } from './namespaces-url.ts';
import { type Inhabitant, nestedTypes } from './rooms.ts';

export interface NamespaceRow {
  namespace: Namespace;
  inhabitants: readonly Inhabitant[];
}

/** Another namespace by its inode, as the kernel prints it. */
function Reference({ namespaceKey, reason }: { namespaceKey: string | undefined; reason: string }) {
  if (namespaceKey === undefined) return <NotMeasured reason={reason} />;
  return (
    <Link className={css.link} href={namespaceHref(namespaceKey)}>
      {namespaceKey.slice(namespaceKey.indexOf('-') + 1)}
    </Link>
  );
}

export function useNamespaceColumns(): Column<NamespaceRow>[] {
  const t = useTranslations('namespacesPage');
  return useMemo<Column<NamespaceRow>[]>(
    () => [
      {
        id: 'name',
        heading: t('column.name'),
        always: true,
        value: ({ namespace }) => namespace.maker.name,
        cell: ({ namespace }) => (
          <span className={css.name}>
            <Link className={css.nameText} href={namespaceHref(namespace.key)} title={namespace.maker.externalId ?? namespace.maker.name}>
              {namespace.initial ? t('initial') : namespace.maker.name}
            </Link>
            <RuntimeBadge runtime={namespace.maker.runtime} />
          </span>
        ),
      },
      {
        id: 'type',
        heading: t('column.type'),
        width: '88px',
        narrowWidth: '68px',
        value: ({ namespace }) => namespace.type,
        cell: ({ namespace }) => namespace.type,
      },
      {
        id: 'ino',
        heading: t('column.ino'),
        width: '112px',
        number: true,
        spare: 'narrow',
        value: ({ namespace }) => Number(namespace.ino),
        cell: ({ namespace }) => <data value={namespace.key}>{namespace.ino}</data>,
      },
      {
        id: 'held',
        heading: t('column.held'),
        width: '176px',
        narrowWidth: '104px',
        mostFirst: true,
        value: ({ namespace: { holders } }) =>
          holders.processes + holders.threads + holders.mountCount + holders.descriptorCount + holders.children,
        cell: ({ namespace }) => <HeldMark namespace={namespace} />,
      },
      {
        id: 'workloads',
        heading: t('column.workloads'),
        width: '18%',
        spare: 'medium',
        cell: ({ inhabitants }) =>
          inhabitants.length === 0 ? (
            <span className={css.soft}>{t('nobody')}</span>
          ) : (
            <span title={inhabitants.map(({ workload }) => workload.maker.name).join('\n')}>
              {inhabitants.slice(0, 2).map(({ workload }, index) => (
                <span key={workload.id}>
                  {index > 0 && ', '}
                  <Link className={css.link} href={workloadHref(workload)}>
                    {workload.maker.name}
                  </Link>
                </span>
              ))}
              {inhabitants.length > 2 && <span className={css.soft}> {t('more', { count: inhabitants.length - 2 })}</span>}
            </span>
          ),
      },
      {
        id: 'owner',
        heading: t('column.owner'),
        width: '108px',
        number: true,
        spare: 'medium',
        value: ({ namespace }) => namespace.owner,
        cell: ({ namespace }) => <Reference namespaceKey={namespace.owner} reason={t('ownerUnknown')} />,
      },
      {
        id: 'parent',
        heading: t('column.parent'),
        width: '108px',
        number: true,
        spare: 'medium',
        usuallyHidden: true,
        value: ({ namespace }) => namespace.parent,
        cell: ({ namespace }) => (
          <Reference
            namespaceKey={namespace.parent}
            reason={nestedTypes.has(namespace.type) ? (namespace.initial ? t('outermost') : t('parentUnknown')) : t('notNested')}
          />
        ),
      },
      {
        id: 'leader',
        heading: t('column.leader'),
        width: '16%',
        spare: 'narrow',
        value: ({ namespace }) => namespace.leader?.command,
        cell: ({ namespace: { leader } }) =>
          leader === undefined ? (
            <span className={css.soft}>{t('noLeader')}</span>
          ) : (
            <span className={css.command} title={leader.command}>
              {leader.pid} {leader.command}
            </span>
          ),
      },
      {
        id: 'seen',
        heading: t('column.seen'),
        width: '124px',
        spare: 'medium',
        newestFirst: true,
        value: ({ namespace }) => Date.parse(namespace.firstSeenAt),
        cell: ({ namespace }) => <RelativeTime at={namespace.firstSeenAt} />,
      },
    ],
    [t],
  );
}

export function NamespacesTable({
  rows,
  columns,
  hidden,
  sort,
  onSort,
}: {
  rows: readonly NamespaceRow[];
  columns: readonly Column<NamespaceRow>[];
  hidden: ReadonlySet<string>;
  sort: Sort<SortColumn>;
  onSort(sort: Sort<SortColumn>): void;
}) {
  const t = useTranslations('namespacesPage');
  const router = useRouter();
  const { inventory } = useHostLive();
  return (
    <DataTable
      label={t('title')}
      columns={columns}
      rows={rows}
      rowKey={({ namespace }) => namespace.key}
      sort={sort}
      onSort={({ column, descending }) => {
        const known = sortColumns.find((candidate) => candidate === column);
        if (known !== undefined) onSort({ column: known, descending });
      }}
      hidden={hidden}
      minWidth={980}
      onOpen={({ namespace }) => router.push(namespaceHref(namespace.key))}
      arrived={({ namespace }) => inventory.hasArrived(namespace.key)}
      attributes={({ namespace }) => ({ 'data-namespace': namespace.key, 'data-type': namespace.type })}
    />
  );
}
