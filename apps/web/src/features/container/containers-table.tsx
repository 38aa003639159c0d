'use client';
import type { ContainerTrend } from '@bulkhead/api';
import type { Container } from '@bulkhead/model';
import { IconArrowDown, IconArrowUp } from '@tabler/icons-react';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import {
  createColumnHelper,
  createSortedRowModel,
  rowSortingFeature,
  type SortingState,
  tableFeatures,
  useTable,
} from '@tanstack/react-table';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useRouter } from 'next/navigation';
import { useTranslations } from 'next-intl';
import { type KeyboardEvent, useEffect, useMemo, useRef, useState } from 'react';
import { Link } from '../../components/link.tsx';
import { RelativeTime } from '../../components/time.tsx';
import { useTRPC } from '../../lib/api.ts';
import { useLiveStore } from '../live/live-provider.tsx';
import { ContainerMenu } from './container-menu.tsx';
import { ContainerStatusMark } from './container-status.tsx';
import css from './containers.module.css';
import type { SortColumn } from './containers-url.ts';
import { heldOrder } from './row-order.ts';
import { CpuNow, MemoryNow, TrendCell } from './use-cells.tsx';

const rowHeight = 44;
const resortMsec = 2_000;
const trendRefreshMsec = 5_000;

export interface Row {
  container: Container;
  leaving: boolean;
}

interface SortValues {
  cpu: number | undefined;
  memory: number | undefined;
}

const features = tableFeatures({ rowSortingFeature, sortedRowModel: createSortedRowModel() });
const helper = createColumnHelper<typeof features, Row & SortValues>();
const byText = (a: string, b: string) => a.localeCompare(b, undefined, { numeric: true });
const columns = helper.columns([
  helper.accessor((row) => row.container.name, {
    id: 'name',
    sortFn: (a, b) => byText(a.original.container.name, b.original.container.name),
  }),
  helper.accessor((row) => row.container.tenantId, {
    id: 'tenant',
    sortFn: (a, b) => byText(a.original.container.tenantId, b.original.container.tenantId),
  }),
  helper.accessor((row) => row.container.status, {
    id: 'status',
    sortFn: (a, b) => byText(a.original.container.status, b.original.container.status),
  }),
  helper.accessor((row) => row.container.image, {
    id: 'image',
    sortFn: (a, b) => byText(a.original.container.image, b.original.container.image),
  }),
  helper.accessor((row) => row.cpu, { id: 'cpu', sortUndefined: 'last', sortFn: (a, b) => (a.original.cpu ?? 0) - (b.original.cpu ?? 0) }),
  helper.accessor((row) => row.memory, {
    id: 'memory',
    sortUndefined: 'last',
    sortFn: (a, b) => (a.original.memory ?? 0) - (b.original.memory ?? 0),
  }),
  helper.accessor((row) => Date.parse(row.container.createdAt), {
    id: 'created',
    sortFn: (a, b) => Date.parse(a.original.container.createdAt) - Date.parse(b.original.container.createdAt),
  }),
]);

const headings: readonly { column: SortColumn | undefined; key: string; css: string | undefined }[] = [
  { column: 'name', key: 'name', css: css.name },
  { column: 'tenant', key: 'tenant', css: css.tenant },
  { column: 'status', key: 'status', css: css.status },
  { column: 'image', key: 'image', css: css.image },
  { column: 'cpu', key: 'cpu', css: css.cpu },
  { column: undefined, key: 'cpuTrend', css: css.trend },
  { column: 'memory', key: 'memory', css: css.memory },
  { column: undefined, key: 'memoryTrend', css: css.trend },
  { column: 'created', key: 'created', css: css.created },
  { column: undefined, key: 'actions', css: css.actions },
];

interface Props {
  rows: readonly Row[];
  sort: { column: SortColumn; descending: boolean };
  onSort(sort: { column: SortColumn; descending: boolean }): void;
}

/** Values to sort by; read from the live store now and then, so that rows do not dance with every sample. */
function useSortValues(rows: readonly Row[], sort: Props['sort']): (Row & SortValues)[] {
  const store = useLiveStore();
  const [, setTick] = useState(0);
  const live = sort.column === 'cpu' || sort.column === 'memory';
  useEffect(() => {
    if (!live) return;
    const timer = setInterval(() => setTick((tick) => tick + 1), resortMsec);
    return () => clearInterval(timer);
  }, [live]);
  return rows.map((row) => {
    const use = live ? store.latestUse(row.container.id) : undefined;
    return { ...row, cpu: use?.cpuMillis, memory: use?.memoryBytes };
  });
}

/** Stands for the rows above or below those that are drawn. */
const Spacer = ({ height }: { height: number }) => (
  <tr style={{ height }}>
    <td colSpan={headings.length} />
  </tr>
);

export function ContainersTable({ rows, sort, onSort }: Props) {
  const t = useTranslations('container');
  const router = useRouter();
  const store = useLiveStore();
  const data = useSortValues(rows, sort);
  const sorting = useMemo<SortingState>(() => [{ id: sort.column, desc: sort.descending }], [sort.column, sort.descending]);
  const table = useTable({ features, columns, data, getRowId: (row) => row.container.id, state: { sorting } });
  const sorted = table.getRowModel().rows.map((row) => row.original);

  // Rows keep their order while the pointer or the focus is among them.
  const [held, setHeld] = useState(false);
  const order = useRef<{ key: string; ids: string[] }>({ key: '', ids: [] });
  const sortKey = `${sort.column} ${sort.descending}`;
  const shown = held && order.current.key === sortKey ? heldOrder(order.current.ids, sorted, (row) => row.container.id) : sorted;
  useEffect(() => {
    order.current = { key: sortKey, ids: shown.map((row) => row.container.id) };
  });

  const body = useRef<HTMLDivElement>(null);
  const [offset, setOffset] = useState(0);
  useEffect(() => {
    const measure = () => setOffset(body.current?.offsetTop ?? 0);
    measure();
    window.addEventListener('resize', measure);
    return () => window.removeEventListener('resize', measure);
  }, []);
  const virtualizer = useVirtualizer({
    count: shown.length,
    getScrollElement: () => body.current,
    estimateSize: () => rowHeight,
    getItemKey: (index) => shown[index]?.container.id ?? index,
    overscan: 8,
  });
  const items = virtualizer.getVirtualItems();
  const visible = items.flatMap((item) => shown[item.index]?.container.id ?? []).sort();

  const trpc = useTRPC();
  const { data: trends } = useQuery({
    ...trpc.container.trends.queryOptions({ containers: visible.slice(0, 200) }),
    enabled: visible.length > 0,
    refetchInterval: trendRefreshMsec,
    placeholderData: keepPreviousData,
  });
  const trendOf = useMemo(() => new Map<string, ContainerTrend>((trends ?? []).map((trend) => [trend.id, trend])), [trends]);

  const onKeyDown = (event: KeyboardEvent<HTMLElement>) => {
    const focused = (event.target as HTMLElement).closest<HTMLElement>('[data-index]');
    if (focused === null) return;
    const index = Number(focused.dataset.index);
    if (event.key === 'Enter' && event.target === focused) {
      const row = shown[index];
      if (row !== undefined && !row.leaving) router.push(`/containers/${row.container.id}`);
      return;
    }
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10, Home: -shown.length, End: shown.length }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const next = Math.max(0, Math.min(shown.length - 1, index + step));
    virtualizer.scrollToIndex(next);
    requestAnimationFrame(() => body.current?.querySelector<HTMLElement>(`[data-index="${next}"]`)?.focus());
  };

  const first = items[0];
  const last = items.at(-1);
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: rows inside take the focus; this only hears their keys and the pointer
    <div
      ref={body}
      className={css.scroll}
      style={{ maxHeight: `calc(100dvh - ${offset}px - var(--page-foot))` }}
      onPointerEnter={() => setHeld(true)}
      onPointerLeave={() => setHeld(false)}
      onFocus={() => setHeld(true)}
      onBlur={() => setHeld(false)}
      onKeyDown={onKeyDown}
    >
      <table className={css.table} aria-rowcount={shown.length + 1}>
        <thead>
          <tr>
            {headings.map(({ column, key, css: name }) => (
              <th
                key={key}
                scope="col"
                className={name}
                aria-sort={column === sort.column ? (sort.descending ? 'descending' : 'ascending') : undefined}
              >
                {column === undefined ? (
                  <span className={key === 'actions' ? 'visually-hidden' : undefined}>{t(`column.${key as 'actions'}`)}</span>
                ) : (
                  <button
                    type="button"
                    className={css.sort}
                    onClick={() =>
                      onSort({
                        column,
                        descending: column === sort.column ? !sort.descending : ['cpu', 'memory', 'created'].includes(column),
                      })
                    }
                  >
                    {t(`column.${key as 'name'}`)}
                    {column === sort.column &&
                      (sort.descending ? <IconArrowDown size={14} aria-hidden="true" /> : <IconArrowUp size={14} aria-hidden="true" />)}
                  </button>
                )}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {first !== undefined && first.start > 0 && <Spacer height={first.start} />}
          {items.map((item) => {
            const row = shown[item.index];
            if (row === undefined) return null;
            const { container, leaving } = row;
            const trend = trendOf.get(container.id);
            return (
              <tr
                key={container.id}
                className={css.row}
                data-index={item.index}
                data-container={container.name}
                data-leaving={leaving}
                data-arrived={store.hasArrived(container.id)}
                aria-rowindex={item.index + 2}
                tabIndex={item.index === (first?.index ?? 0) ? 0 : -1}
              >
                <th scope="row" className={css.name}>
                  {leaving ? (
                    <span className={css.nameText}>{container.name}</span>
                  ) : (
                    <Link className={css.nameText} href={`/containers/${container.id}`} title={container.name}>
                      {container.name}
                    </Link>
                  )}
                  <span className={css.nameState}>{leaving ? t('deletedNow') : <ContainerStatusMark container={container} />}</span>
                </th>
                <td className={css.tenant}>{container.tenantId}</td>
                <td className={css.status}>
                  {leaving ? <span className={css.gone}>{t('deletedNow')}</span> : <ContainerStatusMark container={container} />}
                </td>
                <td className={css.image}>{container.image}</td>
                <td className={css.cpu}>
                  <CpuNow container={container} />
                </td>
                <td className={css.trend}>
                  <TrendCell container={container} trend={trend} tone="cpu" />
                </td>
                <td className={css.memory}>
                  <MemoryNow container={container} />
                </td>
                <td className={css.trend}>
                  <TrendCell container={container} trend={trend} tone="memory" />
                </td>
                <td className={css.created}>
                  <RelativeTime at={container.createdAt} />
                </td>
                <td className={css.actions}>{!leaving && <ContainerMenu container={container} />}</td>
              </tr>
            );
          })}
          {last !== undefined && last.end < virtualizer.getTotalSize() && <Spacer height={virtualizer.getTotalSize() - last.end} />}
        </tbody>
      </table>
    </div>
  );
}
