'use client';
import type { CgroupNode, CgroupProcess } from '@bulkhead/model';
import { Button, Checkbox, SegmentedControl } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useTranslations } from 'next-intl';
import { useCallback, useMemo, useState } from 'react';
import { type Column, ColumnMenu, DataTable } from '../../../components/data-table.tsx';
import { Empty } from '../../../components/empty.tsx';
import { Link } from '../../../components/link.tsx';
import { RuntimeBadge } from '../../../components/maker-badge.tsx';
import { Measure, NotMeasured, useFormat } from '../../../components/measure.tsx';
import { RowsSkeleton } from '../../../components/rows-skeleton.tsx';
import { SearchField } from '../../../components/search-field.tsx';
import type { Sort } from '../../../components/sort-rows.ts';
import { TroubleNotice } from '../../../components/trouble-notice.tsx';
import { useColumnChoice } from '../../../components/use-column-choice.ts';
import { troubleOf, useTRPC } from '../../../lib/api.ts';
import { useCgroupAct } from '../act/act-provider.tsx';
import css from '../cgroups.module.css';
import { tabHref } from '../cgroups-url.ts';

const refreshMsec = 2_000;

/** Processes of a group, and of those below it where that is wanted; chosen ones can be moved elsewhere. */
export function ProcessesTab({ node }: { node: CgroupNode }) {
  const t = useTranslations('cgroupProcesses');
  const p = useTranslations('processes');
  const q = useTranslations('processTable');
  const format = useFormat();
  const trpc = useTRPC();
  const ask = useCgroupAct();
  const { path } = node;
  // In a group without processes those below are the ones that are meant.
  const [below, setBelow] = useState(node.processes === 0);
  const { data, error, refetch } = useQuery({
    ...trpc.cgroup.processes.queryOptions({ path, below }),
    refetchInterval: refreshMsec,
  });
  const [search, setSearch] = useState('');
  const [sort, setSort] = useState<Sort>({ column: 'pid', descending: false });
  const [chosen, setChosen] = useState<ReadonlySet<number>>(new Set());
  const wanted = search.trim().toLowerCase();
  const rows = useMemo(
    () =>
      (data?.processes ?? []).filter(
        ({ pid, uid, user = '', command, maker, path: at }) =>
          wanted === '' || `${pid} ${uid} ${user} ${command} ${maker.name} ${maker.runtime} ${at}`.toLowerCase().includes(wanted),
      ),
    [data, wanted],
  );
  const alive = new Set(rows.map(({ pid }) => pid));
  const picked = [...chosen].filter((pid) => alive.has(pid));
  const pick = useCallback(
    (pids: readonly number[], on: boolean) =>
      setChosen((current) => {
        const next = new Set(current);
        for (const pid of pids) {
          if (on) next.add(pid);
          else next.delete(pid);
        }
        return next;
      }),
    [],
  );
  const columns = useMemo<Column<CgroupProcess>[]>(
    () => [
      {
        id: 'chosen',
        heading: t('choose'),
        quiet: true,
        width: '32px',
        cell: ({ pid }) => (
          <Checkbox
            size="xs"
            aria-label={t('chooseOne', { pid })}
            checked={chosen.has(pid)}
            onChange={(event) => pick([pid], event.currentTarget.checked)}
          />
        ),
      },
      {
        id: 'pid',
        heading: t('pid'),
        always: true,
        number: true,
        width: '80px',
        narrowWidth: '64px',
        value: ({ pid }) => pid,
        cell: ({ pid }) => pid,
      },
      {
        id: 'command',
        heading: p('command'),
        value: ({ command }) => command,
        cell: ({ command }) => <code title={command}>{command}</code>,
      },
      {
        id: 'user',
        heading: t('user'),
        width: '104px',
        spare: 'narrow',
        value: ({ user, uid }) => user ?? String(uid),
        cell: ({ user, uid }) => <span title={t('uid', { uid: String(uid) })}>{user ?? uid}</span>,
      },
      {
        id: 'state',
        heading: p('state'),
        width: '120px',
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
        cell: ({ threads }) => threads,
      },
      {
        id: 'memory',
        heading: p('memory'),
        number: true,
        width: '96px',
        narrowWidth: '76px',
        value: ({ residentBytes }) => (residentBytes === undefined ? undefined : Number(residentBytes)),
        cell: ({ residentBytes }) =>
          residentBytes === undefined ? <NotMeasured reason={t('noMemory')} /> : <Measure quantity={format.bytes(BigInt(residentBytes))} />,
      },
      {
        id: 'cpu',
        heading: p('cpuTime'),
        number: true,
        width: '96px',
        spare: 'medium',
        value: ({ cpuUsec }) => (cpuUsec === undefined ? undefined : Number(cpuUsec)),
        cell: ({ cpuUsec }) =>
          cpuUsec === undefined ? <NotMeasured reason={p('missing')} /> : <Measure quantity={format.duration(BigInt(cpuUsec))} />,
      },
      {
        id: 'maker',
        heading: t('maker'),
        width: '14%',
        spare: 'narrow',
        value: ({ maker }) => `${maker.runtime} ${maker.name}`,
        cell: ({ maker }) => (
          <>
            {maker.containerId === undefined ? (
              <span title={maker.externalId}>{maker.runtime === 'plain' || maker.runtime === 'kernel' ? '' : maker.name}</span>
            ) : (
              <Link className={css.link} href={`/containers/${maker.containerId}`}>
                {maker.name}
              </Link>
            )}{' '}
            <RuntimeBadge runtime={maker.runtime} />
          </>
        ),
      },
      {
        id: 'group',
        heading: t('group'),
        width: '14%',
        spare: 'medium',
        value: ({ path: at }) => at,
        cell: ({ path: at, controllers }) => (
          <Link className={css.link} href={tabHref(at, 'processes')} title={`${at} (${controllers.join(' ')})`}>
            {at === path ? t('itself') : at.slice(path === '/' ? 0 : path.length + 1)}
          </Link>
        ),
      },
    ],
    [t, p, format, chosen, path, pick],
  );
  const choice = useColumnChoice('cgroup-processes', []);
  if (error && data === undefined) return <TroubleNotice trouble={troubleOf(error)} retry={() => void refetch()} />;
  return (
    <>
      <div className={css.toolbar}>
        <SearchField className={css.search} label={t('search')} value={search} onSearch={setSearch} />
        <SegmentedControl
          size="xs"
          aria-label={t('scope')}
          value={below ? 'below' : 'itself'}
          onChange={(value) => setBelow(value === 'below')}
          data={[
            { value: 'itself', label: t('scopeItself') },
            { value: 'below', label: t('scopeBelow') },
          ]}
        />
        {data !== undefined && (
          <span className={css.count} aria-live="polite">
            {rows.length === data.count ? p('count', { count: data.count }) : q('countOf', { shown: rows.length, all: data.count })}
          </span>
        )}
        <Button
          size="xs"
          variant="default"
          disabled={rows.length === 0}
          onClick={() =>
            pick(
              rows.map(({ pid }) => pid),
              picked.length < rows.length,
            )
          }
        >
          {t(picked.length < rows.length || rows.length === 0 ? 'chooseAll' : 'chooseNone')}
        </Button>
        <Button
          size="xs"
          disabled={picked.length === 0}
          onClick={() => ask({ deed: { verb: 'move', path, pids: picked }, onDone: () => setChosen(new Set()) })}
        >
          {t('move', { count: picked.length })}
        </Button>
        <ColumnMenu columns={columns} choice={choice} />
      </div>
      {data === undefined ? (
        <RowsSkeleton rows={8} height={33} />
      ) : data.processes.length === 0 ? (
        <Empty title={t('none.title')}>{below ? t('none.whatBelow') : t('none.what')}</Empty>
      ) : rows.length === 0 ? (
        <Empty title={t('nothing.title')}>{t('nothing.what')}</Empty>
      ) : (
        <DataTable
          label={p('title')}
          columns={columns}
          rows={rows}
          rowKey={({ pid }) => String(pid)}
          rowHeight={33}
          sort={sort}
          onSort={setSort}
          hidden={choice.hidden}
          minWidth={760}
          onRowKey={({ pid }, key) => {
            if (key !== ' ') return false;
            pick([pid], !chosen.has(pid));
            return true;
          }}
          attributes={({ pid }) => ({ 'data-pid': String(pid), 'aria-selected': chosen.has(pid) })}
        />
      )}
    </>
  );
}
