'use client';
import type { NamespaceProcess, Workload } from '@bulkhead/model';
import { useTranslations } from 'next-intl';
import { useMemo, useState } from 'react';
import { type Column, ColumnMenu, DataTable } from '../../components/data-table.tsx';
import { Link } from '../../components/link.tsx';
import { SearchField } from '../../components/search-field.tsx';
import type { Sort } from '../../components/sort-rows.ts';
import { useColumnChoice } from '../../components/use-column-choice.ts';
import css from './namespaces.module.css';
import { workloadHref } from './namespaces-url.ts';

/** Processes with their pid inside and outside. */
export function ProcessTable({
  table,
  processes,
  workloads,
  whole,
}: {
  /** Name under which the choice of columns is kept. */
  table: string;
  processes: readonly NamespaceProcess[];
  /** Absent where all belong to the same one. */
  workloads?: ReadonlyMap<string, Workload>;
  /** How many there are: more than are told of where there are very many. */
  whole: number;
}) {
  const t = useTranslations('processTable');
  const p = useTranslations('processes');
  const [search, setSearch] = useState('');
  const [sort, setSort] = useState<Sort>({ column: 'pid', descending: false });
  const wanted = search.trim().toLowerCase();
  const rows = useMemo(
    () => processes.filter(({ pid, innerPid, command }) => wanted === '' || `${pid} ${innerPid} ${command}`.toLowerCase().includes(wanted)),
    [processes, wanted],
  );
  const columns: Column<NamespaceProcess>[] = [
    {
      id: 'pid',
      heading: p('outside'),
      always: true,
      number: true,
      width: '96px',
      narrowWidth: '64px',
      value: ({ pid }) => pid,
      cell: ({ pid }) => pid,
    },
    {
      id: 'innerPid',
      heading: p('inside'),
      number: true,
      width: '104px',
      narrowWidth: '64px',
      value: ({ innerPid }) => innerPid,
      cell: ({ innerPid }) => innerPid,
    },
    {
      id: 'parentPid',
      heading: t('parent'),
      number: true,
      width: '96px',
      spare: 'narrow',
      usuallyHidden: true,
      value: ({ parentPid }) => parentPid,
      cell: ({ parentPid }) => parentPid,
    },
    { id: 'uid', heading: p('user'), number: true, width: '88px', spare: 'narrow', value: ({ uid }) => uid, cell: ({ uid }) => uid },
    {
      id: 'state',
      heading: p('state'),
      width: '128px',
      spare: 'narrow',
      value: ({ state }) => state,
      cell: ({ state }) => <span title={state}>{p('stateWord', { state: state.slice(0, 1) })}</span>,
    },
    {
      id: 'threads',
      heading: p('threads'),
      number: true,
      width: '80px',
      spare: 'narrow',
      value: ({ threads }) => threads,
      cell: ({ threads, onlyThreads }) => (onlyThreads ? <span title={t('onlyThreads')}>{threads} *</span> : threads),
    },
    ...(workloads === undefined
      ? []
      : [
          {
            id: 'workload',
            heading: t('workload'),
            width: '18%',
            spare: 'narrow',
            value: ({ workloadId }) => workloads.get(workloadId)?.maker.name,
            cell: ({ workloadId }) => {
              const workload = workloads.get(workloadId);
              return workload === undefined ? (
                <span className={css.soft}>{t('workloadUnknown')}</span>
              ) : (
                <Link className={css.link} href={workloadHref(workload)}>
                  {workload.maker.name}
                </Link>
              );
            },
          } satisfies Column<NamespaceProcess>,
        ]),
    {
      id: 'command',
      heading: p('command'),
      value: ({ command }) => command,
      cell: ({ command }) => (
        <span className={css.command} title={command}>
          {command}
        </span>
      ),
    },
  ];
  const choice = useColumnChoice(table, ['parentPid']);
  return (
    <>
      <div className={css.toolbar}>
        <SearchField className={css.search} label={t('search')} value={search} onSearch={setSearch} />
        <span className={css.count}>
          {rows.length === whole ? t('count', { count: whole }) : t('countOf', { shown: rows.length, all: whole })}
        </span>
        <ColumnMenu columns={columns} choice={choice} />
      </div>
      <DataTable
        label={p('title')}
        columns={columns}
        rows={rows}
        rowKey={({ pid }) => String(pid)}
        rowHeight={32}
        sort={sort}
        onSort={setSort}
        hidden={choice.hidden}
        minWidth={720}
        mostHeight={480}
      />
    </>
  );
}
