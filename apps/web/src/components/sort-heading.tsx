'use client';
import { IconArrowDown, IconArrowUp } from '@tabler/icons-react';
import css from './data-table.module.css';
import type { Sort } from './sort-rows.ts';

/** The heading of a column that can be sorted by; pressed again it turns the order round. */
export function SortHeading<C extends string>({
  column,
  heading,
  sort,
  onSort,
  descendingFirst = false,
}: {
  column: C;
  heading: string;
  sort: Sort;
  onSort(sort: Sort<C>): void;
  /** Numbers and times: the most, or the latest, comes first. */
  descendingFirst?: boolean;
}) {
  const chosen = column === sort.column;
  return (
    <button
      type="button"
      className={css.sort}
      data-chosen={chosen}
      onClick={() => onSort({ column, descending: chosen ? !sort.descending : descendingFirst })}
    >
      {heading}
      {chosen && (sort.descending ? <IconArrowDown size={14} aria-hidden="true" /> : <IconArrowUp size={14} aria-hidden="true" />)}
    </button>
  );
}

/** What a heading tells of the order its table is in. */
export const ariaSort = (sort: Sort, column: string): 'ascending' | 'descending' | undefined =>
  column === sort.column ? (sort.descending ? 'descending' : 'ascending') : undefined;
