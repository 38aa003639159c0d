import type { NamespaceType, Runtime } from '@bulkhead/model';
import { readSort, type Sort, sortText } from '../../components/sort-rows.ts';
import { known, namespaceTypes, runtimes } from '../../lib/known.ts';

export const sortColumns = ['type', 'name', 'ino', 'held', 'processes', 'owner', 'parent', 'leader', 'seen'] as const;
export type SortColumn = (typeof sortColumns)[number];

/** What the namespaces page shows, all of it in the address. */
export interface NamespacesView {
  view: 'table' | 'graph';
  search: string;
  /** Undefined: every type. The graph draws one type at a time. */
  type: NamespaceType | undefined;
  runtime: Runtime | undefined;
  /** Only those in which nobody lives. */
  empty: boolean;
  sort: Sort<SortColumn>;
  /** Of the graph: open groups, the newest last; runtimes drawn as one box; the chosen room; the room that the others are left out around. */
  open: readonly string[];
  collapsed: readonly Runtime[];
  room: string | undefined;
  focus: string | undefined;
}

/** What the graph draws where no type was chosen. */
export const graphType: NamespaceType = 'network';
const usualSort = { column: 'seen', descending: true } as const;

export function readView(params: Pick<URLSearchParams, 'get' | 'getAll'>): NamespacesView {
  return {
    view: params.get('view') === 'graph' ? 'graph' : 'table',
    search: params.get('q') ?? '',
    type: known(namespaceTypes, params.get('type')),
    runtime: known(runtimes, params.get('runtime')),
    empty: params.get('held') === 'empty',
    sort: readSort(params.get('sort'), sortColumns, usualSort),
    open: params.getAll('open'),
    collapsed: params.getAll('collapse').flatMap((text) => known(runtimes, text) ?? []),
    room: params.get('room') ?? undefined,
    focus: params.get('focus') ?? undefined,
  };
}

export function writeView({ view, search, type, runtime, empty, sort, open, collapsed, room, focus }: NamespacesView): string {
  const params = new URLSearchParams();
  if (view === 'graph') params.set('view', 'graph');
  if (search !== '') params.set('q', search);
  if (type !== undefined) params.set('type', type);
  if (runtime !== undefined) params.set('runtime', runtime);
  if (empty) params.set('held', 'empty');
  if (sortText(sort) !== sortText(usualSort)) params.set('sort', sortText(sort));
  for (const path of open) params.append('open', path);
  for (const one of collapsed) params.append('collapse', one);
  if (room !== undefined) params.set('room', room);
  if (focus !== undefined) params.set('focus', focus);
  const text = params.toString();
  return text === '' ? '' : `?${text}`;
}

export const namespaceHref = (key: string): string => `/namespaces/${key}`;
export const workloadHref = ({ id, maker }: { id: string; maker: { containerId?: string | undefined } }): string =>
  maker.containerId === undefined ? `/workloads/${encodeURIComponent(id)}` : `/containers/${maker.containerId}`;
