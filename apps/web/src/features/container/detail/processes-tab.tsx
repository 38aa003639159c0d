'use client';
import type { ContainerProcess } from '@bulkhead/model';
import { useQuery } from '@tanstack/react-query';
import { useTranslations } from 'next-intl';
import { useMemo, useState } from 'react';
import { type Column, ColumnMenu, DataTable } from '../../../components/data-table.tsx';
import { Empty } from '../../../components/empty.tsx';
import { Measure, NotMeasured, useFormat } from '../../../components/measure.tsx';
import { RowsSkeleton } from '../../../components/rows-skeleton.tsx';
import { SearchField } from '../../../components/search-field.tsx';
import type { Sort } from '../../../components/sort-rows.ts';
import { TroubleNotice } from '../../../components/trouble-notice.tsx';
import { useColumnChoice } from '../../../components/use-column-choice.ts';
import { troubleOf, useTRPC } from '../../../lib/api.ts';
import { useShown } from './container-frame.tsx';
import css from './detail.module.css';

const refreshMsec = 2_000;

/** Processes with the pid they have inside and the one they have on the host. */
export function ProcessesTab() {
  const t = useTranslations('processes');
  const p = useTranslations('processTable');
  const format = useFormat();
  const trpc = useTRPC();
  const { container, gone } = useShown();
  const running = !gone && container.status === 'running';
  const { data, error, refetch } = useQuery({
    ...trpc.container.processes.queryOptions({ container: container.id }),
    enabled: running,
    refetchInterval: refreshMsec,
  });
  const [search, setSearch] = useState('');
  const [sort, setSort] = useState<Sort>({ column: 'innerPid', descending: false });
  const choice = useColumnChoice('container-processes', []);
  const wanted = search.trim().toLowerCase();
  const rows = useMemo(
    () =>
      (data ?? []).filter(({ pid, innerPid, command }) => wanted === '' || `${pid} ${innerPid} ${command}`.toLowerCase().includes(wanted)),
    [data, wanted],
  );
  const columns = useMemo<Column<ContainerProcess>[]>(
    () => [
      {
        id: 'innerPid',
        heading: t('inside'),
        always: true,
        number: true,
        width: '88px',
        narrowWidth: '64px',
        value: ({ innerPid }) => innerPid,
        cell: ({ innerPid }) => innerPid,
      },
      {
        id: 'pid',
        heading: t('outside'),
        number: true,
        width: '96px',
        narrowWidth: '72px',
        value: ({ pid }) => pid,
        cell: ({ pid }) => pid,
      },
      {
        id: 'uid',
        heading: t('user'),
        number: true,
        width: '72px',
        spare: 'narrow',
        value: ({ innerUid }) => innerUid,
        cell: ({ uid, innerUid }) => <span title={t('uidOutside', { uid })}>{innerUid ?? <NotMeasured reason={t('unmapped')} />}</span>,
      },
      {
        id: 'state',
        heading: t('state'),
        width: '144px',
        spare: 'narrow',
        value: ({ state }) => state,
        cell: ({ state }) => <span title={state}>{t('stateWord', { state: state.slice(0, 1) })}</span>,
      },
      {
        id: 'memory',
        heading: t('memory'),
        number: true,
        width: '104px',
        narrowWidth: '80px',
        value: ({ residentBytes }) => (residentBytes === undefined ? undefined : Number(residentBytes)),
        cell: ({ residentBytes }) =>
          residentBytes === undefined ? <NotMeasured reason={t('missing')} /> : <Measure quantity={format.bytes(BigInt(residentBytes))} />,
      },
      {
        id: 'cpu',
        heading: t('cpuTime'),
        number: true,
        width: '96px',
        spare: 'narrow',
        value: ({ cpuUsec }) => (cpuUsec === undefined ? undefined : Number(cpuUsec)),
        cell: ({ cpuUsec }) =>
          cpuUsec === undefined ? <NotMeasured reason={t('missing')} /> : <Measure quantity={format.duration(BigInt(cpuUsec))} />,
      },
      {
        id: 'threads',
        heading: t('threads'),
        number: true,
        width: '80px',
        spare: 'narrow',
        value: ({ threads }) => threads,
        cell: ({ threads }) => threads,
      },
      {
        id: 'command',
        heading: t('command'),
        value: ({ command }) => command,
        cell: ({ command }) => <code title={command}>{command}</code>,
      },
    ],
    [t, format],
  );
  if (!running) return <Empty title={t('none.title')}>{t('none.what')}</Empty>;
  if (error && data === undefined) return <TroubleNotice trouble={troubleOf(error)} retry={() => void refetch()} />;
  if (data === undefined) return <RowsSkeleton />;
  return (
    <>
      <div className={css.toolbar}>
        <SearchField className={css.search} label={p('search')} value={search} onSearch={setSearch} />
        <span className={css.count} aria-live="polite">
          {rows.length === data.length ? t('count', { count: data.length }) : p('countOf', { shown: rows.length, all: data.length })}
        </span>
        <ColumnMenu columns={columns} choice={choice} />
      </div>
      <DataTable
        label={t('title')}
        columns={columns}
        rows={rows}
        rowKey={({ pid }) => String(pid)}
        rowHeight={33}
        sort={sort}
        onSort={setSort}
        hidden={choice.hidden}
        minWidth={760}
      />
    </>
  );
}
