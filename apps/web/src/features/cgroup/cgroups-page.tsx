'use client';
import type { CgroupNode } from '@bulkhead/model';
import { Button, SegmentedControl } from '@mantine/core';
import { IconChevronRight } from '@tabler/icons-react';
import { useRouter, useSearchParams } from 'next/navigation';
import { useTranslations } from 'next-intl';
import { useEffect, useMemo, useRef, useState } from 'react';
import { type Column, ColumnMenu, DataTable } from '../../components/data-table.tsx';
import { Empty } from '../../components/empty.tsx';
import { Link } from '../../components/link.tsx';
import { RuntimeBadge } from '../../components/maker-badge.tsx';
import { NotMeasured, useFormat } from '../../components/measure.tsx';
import { PageHead } from '../../components/page-head.tsx';
import { RowsSkeleton } from '../../components/rows-skeleton.tsx';
import { SearchField } from '../../components/search-field.tsx';
import { compareValues, type SortValue } from '../../components/sort-rows.ts';
import { TroubleNotice } from '../../components/trouble-notice.tsx';
import { useColumnChoice } from '../../components/use-column-choice.ts';
import { AwayNotice } from '../live/away-notice.tsx';
import { useHostLive } from '../live/live-provider.tsx';
import { CgroupMenu } from './act/cgroup-menu.tsx';
import { CgroupCount, CgroupCpu, CgroupHeat, CgroupIo, CgroupMemory, CgroupPids, CgroupThrottled } from './cgroup-cells.tsx';
import css from './cgroups.module.css';
import { type CgroupsView, cgroupHref, isOpen, readView, type SortColumn, sortColumns, toggle, writeView } from './cgroups-url.ts';
import { displayName } from './display-name.ts';
import { GapsNotice } from './gaps-notice.tsx';
import { ioOf, worstPressure } from './pressure.ts';
import { type CgroupRow, childrenOf, flatRowsOf, nameOf, type RowsOptions, rowsOf } from './rows.ts';
import type { TreeStore } from './tree-store.ts';
import { useMissing } from './use-missing.ts';
import { useTree } from './use-tree.ts';

const resortMsec = 2_000;

function readValue(
  store: TreeStore,
  { path, maker, oomKills, pidsRefusals, processes, controllers }: CgroupNode,
  column: SortColumn,
): SortValue {
  const use = store.use(path);
  switch (column) {
    case 'name':
      return nameOf(path);
    case 'maker':
      return `${maker.runtime} ${maker.name}`;
    case 'processes':
      return processes;
    case 'controllers':
      return controllers.join(' ');
    case 'cpu':
      return use?.cpuMillis;
    case 'memory':
      return use?.memoryBytes;
    case 'io':
      return use === undefined ? undefined : ioOf(use);
    case 'pids':
      return use?.pids;
    case 'throttled':
      return use?.throttled;
    case 'pressure':
      return worstPressure(use?.pressure)?.share;
    case 'oomKills':
      return oomKills;
    case 'pidsRefusals':
      return pidsRefusals;
  }
}

function CgroupName({ node, name, faint }: { node: CgroupNode; name: string; faint: boolean }) {
  const { text, aside } = displayName(node);
  return (
    <Link className={`${css.link} ${faint ? css.aside : ''}`} href={cgroupHref(node.path)} title={node.path}>
      {aside === undefined ? name : text}
      {aside !== undefined && <span className={css.id}> {aside}</span>}
    </Link>
  );
}

/** Every cgroup of the host as a tree with what it uses now. */
export function CgroupsPage() {
  const t = useTranslations('cgroups');
  const format = useFormat();
  const router = useRouter();
  const params = useSearchParams();
  const tree = useTree();
  const { tree: store } = useHostLive();
  const missing = useMissing(tree);
  const view = useMemo(() => readView(params), [params]);
  const show = (change: (view: CgroupsView) => CgroupsView, how: 'push' | 'replace') => {
    const current = readView(new URLSearchParams(window.location.search));
    window.history[`${how}State`](null, '', `/cgroups${writeView(change(current))}`);
  };
  const flip = (path: string) => show((current) => toggle(current, path), 'replace');

  // Order by a live number is looked at now and then, and not while the pointer is among the rows.
  const held = useRef(false);
  const [tick, setTick] = useState(0);
  const live = !['name', 'maker', 'controllers'].includes(view.sort.column);
  useEffect(() => {
    if (!live) return;
    const timer = setInterval(() => !held.current && setTick((count) => count + 1), resortMsec);
    return () => clearInterval(timer);
  }, [live]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a tick is the reason to read the values again
  const values = useMemo(
    () => new Map([...(tree.cgroups?.values() ?? [])].map((node) => [node.path, readValue(store, node, view.sort.column)])),
    [tree.cgroups, store, view.sort.column, tick],
  );

  const children = useMemo(() => childrenOf(tree.cgroups ?? new Map()), [tree.cgroups]);
  const rows = useMemo(() => {
    const wanted = view.search.trim().toLowerCase();
    const options: Omit<RowsOptions, 'isOpen'> = {
      matches: wanted === '' ? undefined : ({ path, maker }) => `${path} ${maker.name} ${maker.runtime}`.toLowerCase().includes(wanted),
      compare: (a, b) =>
        compareValues(values.get(a.path), values.get(b.path), view.sort.descending) || compareValues(a.path, b.path, false),
    };
    if (view.flat) return flatRowsOf(tree.cgroups ?? new Map(), options);
    return rowsOf(children, { ...options, isOpen: (path, level) => isOpen(view, path, level) });
  }, [children, tree.cgroups, view, values]);
  const found = rows.filter((row) => row.matches).length;

  const columns: Column<CgroupRow>[] = [
    {
      id: 'name',
      heading: t('column.name'),
      always: true,
      value: ({ name }) => name,
      cell: ({ node, name, level, hasChildren, open, matches }) => (
        <span className={css.name} style={{ paddingLeft: (level - 1) * 16 }}>
          {hasChildren ? (
            <button
              type="button"
              tabIndex={-1}
              className={css.toggle}
              data-open={open}
              aria-label={t(open ? 'close' : 'open', { name })}
              onClick={() => flip(node.path)}
            >
              <IconChevronRight size={14} aria-hidden="true" />
            </button>
          ) : (
            !view.flat && <span className={css.leaf} />
          )}
          <CgroupName node={node} name={name} faint={!matches} />
          {node.frozen && <span className={css.frozen}>{t('frozen')}</span>}
        </span>
      ),
    },
    {
      id: 'maker',
      heading: t('column.maker'),
      width: '100px',
      spare: 'narrow',
      value: () => undefined,
      cell: ({ node: { maker } }) => <RuntimeBadge runtime={maker.runtime} title={maker.externalId ?? maker.name} />,
    },
    {
      id: 'cpu',
      heading: t('column.cpu'),
      width: '168px',
      narrowWidth: '88px',
      number: true,
      value: () => undefined,
      cell: ({ node }) => <CgroupCpu node={node} missing={missing} />,
    },
    {
      id: 'memory',
      heading: t('column.memory'),
      width: '152px',
      narrowWidth: '76px',
      number: true,
      value: () => undefined,
      cell: ({ node }) => <CgroupMemory node={node} missing={missing} />,
    },
    {
      id: 'io',
      heading: t('column.io'),
      width: '104px',
      number: true,
      spare: 'narrow',
      value: () => undefined,
      cell: ({ node }) => <CgroupIo node={node} missing={missing} />,
    },
    {
      id: 'pids',
      heading: t('column.pids'),
      width: '76px',
      number: true,
      spare: 'narrow',
      value: () => undefined,
      cell: ({ node }) => <CgroupPids node={node} missing={missing} />,
    },
    {
      id: 'throttled',
      heading: t('column.throttled'),
      width: '76px',
      number: true,
      spare: 'medium',
      value: () => undefined,
      cell: ({ node }) => <CgroupThrottled node={node} missing={missing} />,
    },
    {
      id: 'pressure',
      heading: t('column.pressure'),
      width: '100px',
      number: true,
      spare: 'narrow',
      value: () => undefined,
      cell: ({ node }) => <CgroupHeat node={node} missing={missing} />,
    },
    {
      id: 'oomKills',
      heading: t('column.oomKills'),
      width: '88px',
      number: true,
      spare: 'medium',
      value: () => undefined,
      cell: ({ node }) => <CgroupCount node={node} kind="oomKills" />,
    },
    {
      id: 'pidsRefusals',
      heading: t('column.pidsRefusals'),
      width: '112px',
      number: true,
      spare: 'medium',
      value: () => undefined,
      cell: ({ node }) => <CgroupCount node={node} kind="pidsRefusals" />,
    },
    {
      id: 'processes',
      heading: t('column.processes'),
      width: '96px',
      number: true,
      spare: 'narrow',
      usuallyHidden: true,
      value: () => undefined,
      cell: ({ node }) => (node.processes === undefined ? <NotMeasured reason={t('processesUnknown')} /> : format.integer(node.processes)),
    },
    {
      id: 'controllers',
      heading: t('column.controllers'),
      width: '200px',
      spare: 'narrow',
      usuallyHidden: true,
      value: () => undefined,
      cell: ({ node }) => <span title={node.controllers.join(' ')}>{node.controllers.join(' ')}</span>,
    },
    {
      id: 'actions',
      heading: t('column.actions'),
      quiet: true,
      width: '52px',
      narrowWidth: '40px',
      cell: ({ node, name }) => <CgroupMenu node={node} name={name} />,
    },
  ];
  const choice = useColumnChoice('cgroups', ['processes', 'controllers']);

  return (
    <>
      <PageHead
        title={t('title')}
        actions={
          <>
            <Button size="xs" variant="default" component={Link} href="/cgroups/configs">
              {t('configs')}
            </Button>
            {!view.flat && (
              <>
                <Button size="xs" variant="default" onClick={() => show((current) => ({ ...current, all: true, named: [] }), 'push')}>
                  {t('openAll')}
                </Button>
                <Button size="xs" variant="default" onClick={() => show((current) => ({ ...current, all: false, named: [] }), 'push')}>
                  {t('closeAll')}
                </Button>
              </>
            )}
          </>
        }
      />
      <AwayNotice />
      {tree.trouble && <TroubleNotice trouble={tree.trouble} />}
      <GapsNotice tree={tree} />
      <div className={css.toolbar}>
        <SearchField
          className={css.search}
          label={t('search')}
          value={view.search}
          onSearch={(search) => show((current) => ({ ...current, search }), 'replace')}
        />
        <SegmentedControl
          size="xs"
          aria-label={t('view.label')}
          value={view.flat ? 'list' : 'tree'}
          onChange={(value) => show((current) => ({ ...current, flat: value === 'list' }), 'push')}
          data={[
            { value: 'tree', label: t('view.tree') },
            { value: 'list', label: t('view.list') },
          ]}
        />
        {tree.cgroups !== undefined && (
          <span className={css.count} aria-live="polite">
            {view.search === ''
              ? t('count', { count: tree.cgroups.size })
              : t('countOf', { shown: format.integer(found), all: format.integer(tree.cgroups.size) })}
          </span>
        )}
        <ColumnMenu columns={columns} choice={choice} />
      </div>
      {tree.cgroups === undefined ? (
        tree.trouble === undefined && <RowsSkeleton rows={12} height={40} />
      ) : rows.length === 0 ? (
        view.search === '' ? (
          <Empty title={t('empty.title')}>{t('empty.what')}</Empty>
        ) : (
          <Empty title={t('nothing.title')}>{t('nothing.what')}</Empty>
        )
      ) : (
        <DataTable
          {...(view.flat ? {} : { role: 'treegrid' })}
          label={t('title')}
          columns={columns}
          rows={rows}
          rowKey={({ node }) => node.path}
          inOrder
          sort={view.sort}
          onSort={(sort) => {
            const column = sortColumns.find((candidate) => candidate === sort.column);
            if (column !== undefined) show((current) => ({ ...current, sort: { column, descending: sort.descending } }), 'push');
          }}
          hidden={choice.hidden}
          minWidth={1160}
          onHold={(now) => {
            held.current = now;
          }}
          onOpen={({ node }) => router.push(cgroupHref(node.path))}
          onRowKey={({ node, open, hasChildren }, key) => {
            if (key === 'm' || key === 'ContextMenu') {
              document.querySelector<HTMLElement>(`[data-cgroup="${CSS.escape(node.path)}"] [data-menu]`)?.click();
              return true;
            }
            if ((key === 'ArrowRight' && hasChildren && !open) || (key === 'ArrowLeft' && open)) {
              flip(node.path);
              return true;
            }
            return false;
          }}
          attributes={({ node, level, hasChildren, open, position, siblings }) => ({
            'data-cgroup': node.path,
            ...(view.flat ? {} : { 'aria-level': level, 'aria-posinset': position, 'aria-setsize': siblings }),
            ...(hasChildren ? { 'aria-expanded': open } : {}),
          })}
        />
      )}
    </>
  );
}
