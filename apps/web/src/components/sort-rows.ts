/** What a row is sorted by. What was not measured comes last in either direction: it is neither little nor much. */
export type SortValue = string | number | undefined;

export interface Sort<C extends string = string> {
  column: C;
  descending: boolean;
}

const collator = new Intl.Collator('en', { numeric: true, sensitivity: 'base' });

export function compareValues(a: SortValue, b: SortValue, descending: boolean): number {
  if (a === undefined || b === undefined) return a === b ? 0 : a === undefined ? 1 : -1;
  const order = typeof a === 'number' && typeof b === 'number' ? a - b : collator.compare(String(a), String(b));
  return descending ? -order : order;
}

/** Rows in order; equal ones as they came. */
export function sortRows<Row>(rows: readonly Row[], value: (row: Row) => SortValue, descending: boolean): Row[] {
  return rows
    .map((row) => ({ row, value: value(row) }))
    .sort((a, b) => compareValues(a.value, b.value, descending))
    .map(({ row }) => row);
}

/** `-cpu` as an address has it. */
export const sortText = ({ column, descending }: Sort): string => `${descending ? '-' : ''}${column}`;

export function readSort<C extends string>(text: string | null, columns: readonly C[], usual: Sort<C>): Sort<C> {
  const column = columns.find((candidate) => candidate === text?.replace(/^-/, ''));
  return column === undefined ? usual : { column, descending: text?.startsWith('-') === true };
}
