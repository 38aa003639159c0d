'use client';
import { useCallback, useMemo, useSyncExternalStore } from 'react';

const prefix = 'bulkhead-columns-';
const listeners = new Set<() => void>();
const subscribe = (listener: () => void): (() => void) => {
  listeners.add(listener);
  window.addEventListener('storage', listener);
  return () => {
    listeners.delete(listener);
    window.removeEventListener('storage', listener);
  };
};

function read(table: string): string | null {
  try {
    return window.localStorage.getItem(prefix + table);
  } catch {
    // A browser may forbid storage; then columns are as usual.
    return null;
  }
}

function write(table: string, text: string | null): void {
  try {
    if (text === null) window.localStorage.removeItem(prefix + table);
    else window.localStorage.setItem(prefix + table, text);
  } catch {
    // Likewise: the choice then lasts no longer than nothing at all.
  }
  for (const listener of listeners) listener();
}

export interface ColumnChoice {
  hidden: ReadonlySet<string>;
  toggle(column: string): void;
  reset(): void;
}

/** Columns a reader wants to see of a table, kept in the browser. `usuallyHidden` are those that one asks for. */
export function useColumnChoice(table: string, usuallyHidden: readonly string[]): ColumnChoice {
  const text = useSyncExternalStore(
    subscribe,
    () => read(table),
    () => null,
  );
  const usual = usuallyHidden.join(',');
  const hidden = useMemo(() => new Set((text ?? usual).split(',').filter((column) => column !== '')), [text, usual]);
  const toggle = useCallback(
    (column: string) => {
      const next = new Set(hidden);
      if (!next.delete(column)) next.add(column);
      write(table, [...next].join(','));
    },
    [table, hidden],
  );
  const reset = useCallback(() => write(table, null), [table]);
  return { hidden, toggle, reset };
}
