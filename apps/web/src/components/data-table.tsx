'use client';
import { ActionIcon, Menu } from '@mantine/core';
import { IconColumns3 } from '@tabler/icons-react';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useTranslations } from 'next-intl';
import {
  type CSSProperties,
  type HTMLAttributes,
  type KeyboardEvent,
  type ReactNode,
  useEffect,
  useLayoutEffect,
  useRef,
  useState,
} from 'react';
import css from './data-table.module.css';
import { heldOrder } from './row-order.ts';
import { ariaSort, SortHeading } from './sort-heading.tsx';
import { type Sort, type SortValue, sortRows } from './sort-rows.ts';
import type { ColumnChoice } from './use-column-choice.ts';

export interface Column<Row> {
  id: string;
  heading: string;
  cell(row: Row): ReactNode;
  /** What it is sorted by; a column without cannot be sorted by. */
  value?(row: Row): SortValue;
  /** Its value comes from a live store: order is looked at again now and then. */
  live?: boolean;
  /** CSS width; columns without share what is left. */
  width?: string;
  /** Its width on a narrow screen. */
  narrowWidth?: string;
  /** Numbers stand right-aligned, the largest first when sorted. */
  number?: boolean;
  /** The latest comes first when sorted. */
  newestFirst?: boolean;
  /** Likewise the most, of what is no plain number. */
  mostFirst?: boolean;
  /** Names the row, and cannot be hidden. */
  always?: boolean;
  /** Left out where there is no room: on a narrow screen, or on one below 1200 px too. */
  spare?: 'narrow' | 'medium';
  /** Seen only by who asks for it. */
  usuallyHidden?: boolean;
  /** Its heading is only read aloud. */
  quiet?: boolean;
}

type RowAttributes = HTMLAttributes<HTMLTableRowElement> & { [name: `data-${string}`]: string | boolean | undefined };

interface Props<Row> {
  label: string;
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  rowKey(row: Row): string;
  sort: Sort;
  onSort(sort: Sort): void;
  hidden: ReadonlySet<string>;
  /** Rows come in order already: siblings of a tree are sorted among themselves. */
  inOrder?: boolean;
  rowHeight?: number;
  minWidth?: number;
  /** Most pixels of height; where absent it fills the page. */
  mostHeight?: number;
  /** Enter on a row. */
  onOpen?(row: Row): void;
  /** Keys of a row that mean something in this table; true where it was taken. */
  onRowKey?(row: Row, key: string): boolean;
  attributes?(row: Row): RowAttributes;
  arrived?(row: Row): boolean;
  role?: 'table' | 'treegrid';
  /** Told which rows are drawn, by their keys. */
  onVisible?(keys: readonly string[]): void;
  /** Told when the pointer or the focus comes among the rows, and when it has left. */
  onHold?(held: boolean): void;
}

const resortMsec = 2_000;
const usualRowHeight = 40;

const spareClass = { narrow: css.spareNarrow, medium: css.spareMedium } as const;

/** A table of any length: only the rows in sight are drawn; rows keep their order while the pointer or the focus is among them. */
export function DataTable<Row>(props: Props<Row>) {
  const { label, rows, rowKey, sort, onSort, inOrder = false, rowHeight = usualRowHeight, role = 'table' } = props;
  const columns = props.columns.filter((column) => column.always || !props.hidden.has(column.id));
  const by = props.columns.find((column) => column.id === sort.column);
  const [, setTick] = useState(0);
  const live = by?.live === true && !inOrder;
  useEffect(() => {
    if (!live) return;
    const timer = setInterval(() => setTick((tick) => tick + 1), resortMsec);
    return () => clearInterval(timer);
  }, [live]);
  const sorted = inOrder || by?.value === undefined ? rows : sortRows(rows, by.value, sort.descending);

  const [held, setHeld] = useState(false);
  const hold = (now: boolean) => {
    setHeld(now);
    props.onHold?.(now);
  };
  const order = useRef<{ key: string; ids: string[] }>({ key: '', ids: [] });
  const sortKey = `${sort.column} ${sort.descending}`;
  const shown = !inOrder && held && order.current.key === sortKey ? heldOrder(order.current.ids, sorted, rowKey) : sorted;
  useEffect(() => {
    if (!inOrder) order.current = { key: sortKey, ids: shown.map(rowKey) };
  });

  const body = useRef<HTMLDivElement>(null);
  const [offset, setOffset] = useState(0);
  // What stands above may change with any render.
  useLayoutEffect(() => setOffset(body.current?.offsetTop ?? 0));
  useEffect(() => {
    const measure = () => setOffset(body.current?.offsetTop ?? 0);
    window.addEventListener('resize', measure);
    return () => window.removeEventListener('resize', measure);
  }, []);
  const virtualizer = useVirtualizer({
    count: shown.length,
    getScrollElement: () => body.current,
    estimateSize: () => rowHeight,
    getItemKey: (index) => {
      const row = shown[index];
      return row === undefined ? index : rowKey(row);
    },
    overscan: 8,
  });
  const items = virtualizer.getVirtualItems();
  const visible = items.map((item) => String(item.key)).join('\n');
  const { onVisible } = props;
  useEffect(() => onVisible?.(visible === '' ? [] : visible.split('\n')), [onVisible, visible]);

  const focusRow = (index: number) => {
    const next = Math.max(0, Math.min(shown.length - 1, index));
    virtualizer.scrollToIndex(next);
    requestAnimationFrame(() => body.current?.querySelector<HTMLElement>(`[data-index="${next}"]`)?.focus());
  };
  const onKeyDown = (event: KeyboardEvent<HTMLElement>) => {
    const focused = (event.target as HTMLElement).closest<HTMLElement>('[data-index]');
    if (focused === null || event.target !== focused || event.ctrlKey || event.metaKey || event.altKey) return;
    const index = Number(focused.dataset.index);
    const row = shown[index];
    if (row === undefined) return;
    if (props.onRowKey?.(row, event.key)) return event.preventDefault();
    if (event.key === 'Enter') return props.onOpen?.(row);
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10, Home: -shown.length, End: shown.length }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    focusRow(index + step);
  };

  const first = items[0];
  const last = items.at(-1);
  const spacer = (height: number) => (
    <tr style={{ height }}>
      <td />
    </tr>
  );
  const cellClass = (column: Column<Row>) =>
    [column.number ? css.number : '', column.spare === undefined ? '' : spareClass[column.spare]].filter(Boolean).join(' ') || undefined;
  const cellRole = role === 'treegrid' ? { role: 'gridcell' } : {};
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: rows inside take the focus; this only hears their keys and the pointer
    <div
      ref={body}
      className={css.scroll}
      style={{ maxHeight: props.mostHeight ?? `calc(100dvh - ${offset}px - var(--table-foot))` }}
      onPointerEnter={() => hold(true)}
      onPointerLeave={() => hold(false)}
      onFocus={() => hold(true)}
      onBlur={() => hold(false)}
      onKeyDown={onKeyDown}
    >
      <table
        className={css.table}
        style={{ '--min-width': `${props.minWidth ?? 0}px` } as CSSProperties}
        aria-label={label}
        aria-rowcount={shown.length + 1}
        {...(role === 'treegrid' ? { role } : {})}
      >
        <thead>
          <tr>
            {columns.map((column) => (
              <th
                key={column.id}
                scope="col"
                className={cellClass(column)}
                style={
                  { '--width': column.width ?? 'auto', '--narrow-width': column.narrowWidth ?? column.width ?? 'auto' } as CSSProperties
                }
                aria-sort={ariaSort(sort, column.id)}
              >
                {column.value === undefined ? (
                  <span className={column.quiet ? 'visually-hidden' : undefined}>{column.heading}</span>
                ) : (
                  <SortHeading
                    column={column.id}
                    heading={column.heading}
                    sort={sort}
                    onSort={onSort}
                    descendingFirst={column.number === true || column.newestFirst === true || column.mostFirst === true}
                  />
                )}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {first !== undefined && first.start > 0 && spacer(first.start)}
          {items.map((item) => {
            const row = shown[item.index];
            if (row === undefined) return null;
            return (
              <tr
                key={item.key}
                className={css.row}
                data-index={item.index}
                data-arrived={props.arrived?.(row) === true}
                aria-rowindex={item.index + 2}
                tabIndex={item.index === (first?.index ?? 0) ? 0 : -1}
                style={{ '--row-height': `${rowHeight}px` } as CSSProperties}
                {...props.attributes?.(row)}
              >
                {columns.map((column) =>
                  column.always ? (
                    <th key={column.id} scope="row" className={cellClass(column)} {...(role === 'treegrid' ? { role: 'rowheader' } : {})}>
                      {column.cell(row)}
                    </th>
                  ) : (
                    <td key={column.id} className={cellClass(column)} {...cellRole}>
                      {column.cell(row)}
                    </td>
                  ),
                )}
              </tr>
            );
          })}
          {last !== undefined && last.end < virtualizer.getTotalSize() && spacer(virtualizer.getTotalSize() - last.end)}
        </tbody>
      </table>
    </div>
  );
}

/** Which columns a table shows. */
export function ColumnMenu({
  columns,
  choice,
}: {
  columns: readonly { id: string; heading: string; always?: boolean; quiet?: boolean }[];
  choice: ColumnChoice;
}) {
  const t = useTranslations('table');
  return (
    <Menu position="bottom-end" withinPortal closeOnItemClick={false}>
      <Menu.Target>
        <ActionIcon variant="default" size={30} aria-label={t('columns')} title={t('columns')}>
          <IconColumns3 size={16} aria-hidden="true" />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        {columns
          .filter((column) => !column.always && !column.quiet)
          .map((column) => (
            <Menu.CheckboxItem key={column.id} checked={!choice.hidden.has(column.id)} onClick={() => choice.toggle(column.id)}>
              {column.heading}
            </Menu.CheckboxItem>
          ))}
        <Menu.Divider />
        <Menu.Item onClick={choice.reset}>{t('resetColumns')}</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
