'use client';
import type { Container } from '@bulkhead/model';
import { useQuery } from '@tanstack/react-query';
import { useRouter } from 'next/navigation';
import { useTranslations } from 'next-intl';
import { useMemo, useState } from 'react';
import { type Column, ColumnMenu, DataTable } from '../../components/data-table.tsx';
import { Empty } from '../../components/empty.tsx';
import { Link } from '../../components/link.tsx';
import { useFormat } from '../../components/measure.tsx';
import { RowsSkeleton } from '../../components/rows-skeleton.tsx';
import { SearchField } from '../../components/search-field.tsx';
import type { Sort } from '../../components/sort-rows.ts';
import { ClockTime, RelativeTime } from '../../components/time.tsx';
import { TroubleNotice } from '../../components/trouble-notice.tsx';
import { useColumnChoice } from '../../components/use-column-choice.ts';
import { troubleOf, useTRPC } from '../../lib/api.ts';
import { ContainerStatusMark } from './container-status.tsx';
import css from './containers.module.css';

const most = 500;
const refreshMsec = 5_000;

/** Containers of which nothing is left on the host; what they used and did is kept. */
export function PastContainers({ search, onSearch }: { search: string; onSearch(text: string): void }) {
  const t = useTranslations('past');
  const c = useTranslations('containers');
  const format = useFormat();
  const router = useRouter();
  const trpc = useTRPC();
  const { data, error, refetch } = useQuery({ ...trpc.container.past.queryOptions({ limit: most }), refetchInterval: refreshMsec });
  const [sort, setSort] = useState<Sort>({ column: 'ended', descending: true });
  const choice = useColumnChoice('past-containers', []);
  const wanted = search.trim().toLowerCase();
  const rows = useMemo(
    () =>
      (data ?? []).filter(
        ({ name, tenantId, id, args }) => wanted === '' || `${name} ${tenantId} ${id} ${args.join(' ')}`.toLowerCase().includes(wanted),
      ),
    [data, wanted],
  );
  const columns = useMemo<Column<Container>[]>(
    () => [
      {
        id: 'name',
        heading: t('name'),
        always: true,
        value: ({ name }) => name,
        cell: ({ id, name }) => (
          <Link className={css.nameText} href={`/containers/${id}`} title={name}>
            {name}
          </Link>
        ),
      },
      {
        id: 'tenant',
        heading: t('tenant'),
        width: '16%',
        spare: 'narrow',
        value: ({ tenantId }) => tenantId,
        cell: ({ tenantId }) => tenantId,
      },
      {
        id: 'status',
        heading: t('status'),
        width: '22%',
        narrowWidth: '40%',
        value: ({ exitStatus }) => exitStatus?.kind,
        cell: (container) => <ContainerStatusMark container={container} />,
      },
      {
        id: 'created',
        heading: t('created'),
        width: '18%',
        spare: 'narrow',
        newestFirst: true,
        value: ({ createdAt }) => Date.parse(createdAt),
        cell: ({ createdAt }) => <ClockTime at={createdAt} />,
      },
      {
        id: 'ended',
        heading: t('ended'),
        width: '18%',
        narrowWidth: '30%',
        newestFirst: true,
        value: ({ finishedAt }) => (finishedAt === undefined ? undefined : Date.parse(finishedAt)),
        cell: ({ finishedAt }) => (finishedAt === undefined ? t('endUnknown') : <RelativeTime at={finishedAt} />),
      },
    ],
    [t],
  );
  if (error && data === undefined) return <TroubleNotice trouble={troubleOf(error)} retry={() => void refetch()} />;
  if (data === undefined) return <RowsSkeleton />;
  if (data.length === 0) return <Empty title={t('empty.title')}>{t('empty.what')}</Empty>;
  return (
    <>
      <div className={css.toolbar}>
        <SearchField className={css.search} label={c('search')} value={search} onSearch={onSearch} />
        <span className={css.count} aria-live="polite">
          {wanted === ''
            ? c('count', { count: data.length })
            : c('countOf', { shown: format.integer(rows.length), all: format.integer(data.length) })}
        </span>
        <ColumnMenu columns={columns} choice={choice} />
      </div>
      {rows.length === 0 ? (
        <Empty title={c('nothing.title')}>{c('nothing.what')}</Empty>
      ) : (
        <DataTable
          label={t('label')}
          columns={columns}
          rows={rows}
          rowKey={({ id }) => id}
          sort={sort}
          onSort={setSort}
          hidden={choice.hidden}
          minWidth={640}
          onOpen={({ id }) => router.push(`/containers/${id}`)}
        />
      )}
    </>
  );
}
