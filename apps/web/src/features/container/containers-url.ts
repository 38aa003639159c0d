import type { ContainerStatus } from '@bulkhead/model';
import { containerStatuses, known, runtimes } from '../../lib/known.ts';
import type { RuntimeFilter } from './listed.ts';

export const sortColumns = ['name', 'runtime', 'tenant', 'status', 'image', 'processes', 'cpu', 'memory', 'created'] as const;
export type SortColumn = (typeof sortColumns)[number];

/** What the containers page shows, all of it in the address. */
export interface ContainersView {
  search: string;
  tenant: string | undefined;
  status: ContainerStatus | undefined;
  runtime: RuntimeFilter;
  sort: { column: SortColumn; descending: boolean };
  gone: boolean;
}

const defaultSort = { column: 'created', descending: true } as const;

export function readView(params: Pick<URLSearchParams, 'get'>): ContainersView {
  const sort = params.get('sort') ?? '';
  const column = sortColumns.find((candidate) => candidate === sort.replace(/^-/, ''));
  return {
    search: params.get('q') ?? '',
    tenant: params.get('tenant') ?? undefined,
    status: known(containerStatuses, params.get('status')),
    runtime: params.get('runtime') === 'all' ? 'all' : (known(runtimes, params.get('runtime')) ?? 'containers'),
    sort: column === undefined ? defaultSort : { column, descending: sort.startsWith('-') },
    gone: params.get('show') === 'gone',
  };
}

/** The query string of a view; what is as usual stays out of it. */
export function writeView(view: ContainersView): string {
  const params = new URLSearchParams();
  if (view.search !== '') params.set('q', view.search);
  if (view.tenant !== undefined) params.set('tenant', view.tenant);
  if (view.status !== undefined) params.set('status', view.status);
  if (view.runtime !== 'containers') params.set('runtime', view.runtime);
  if (view.sort.column !== defaultSort.column || view.sort.descending !== defaultSort.descending)
    params.set('sort', `${view.sort.descending ? '-' : ''}${view.sort.column}`);
  if (view.gone) params.set('show', 'gone');
  const text = params.toString();
  return text === '' ? '' : `?${text}`;
}
