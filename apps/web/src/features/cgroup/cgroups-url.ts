export const sortColumns = [
  'name',
  'maker',
  'cpu',
  'memory',
  'io',
  'pids',
  'throttled',
  'pressure',
  'oomKills',
  'pidsRefusals',
  'processes',
  'controllers',
] as const;
export type SortColumn = (typeof sortColumns)[number];

/** What the cgroups page shows, all of it in the address. */
export interface CgroupsView {
  search: string;
  sort: { column: SortColumn; descending: boolean };
  /** True where everything is open but what is named. */
  all: boolean;
  /** All of the host in one order, not below each other. */
  flat: boolean;
  /** Open ones; where all are open, the closed ones. */
  named: readonly string[];
}

const defaultSort = { column: 'name', descending: false } as const;
/** The root is open as long as nothing else was said. */
const defaultOpenLevel = 1;

export function readView(params: Pick<URLSearchParams, 'get' | 'getAll'>): CgroupsView {
  const sort = params.get('sort') ?? '';
  const column = sortColumns.find((candidate) => candidate === sort.replace(/^-/, ''));
  const all = params.get('tree') === 'open';
  return {
    search: params.get('q') ?? '',
    sort: column === undefined ? defaultSort : { column, descending: sort.startsWith('-') },
    all,
    flat: params.get('view') === 'list',
    named: params.getAll(all ? 'closed' : 'open'),
  };
}

export function writeView({ search, sort, all, flat, named }: CgroupsView): string {
  const params = new URLSearchParams();
  if (search !== '') params.set('q', search);
  if (sort.column !== defaultSort.column || sort.descending !== defaultSort.descending)
    params.set('sort', `${sort.descending ? '-' : ''}${sort.column}`);
  if (flat) params.set('view', 'list');
  if (all) params.set('tree', 'open');
  for (const path of named) params.append(all ? 'closed' : 'open', path);
  const text = params.toString();
  return text === '' ? '' : `?${text}`;
}

export function isOpen({ all, named }: Pick<CgroupsView, 'all' | 'named'>, path: string, level: number): boolean {
  if (all) return !named.includes(path);
  return level <= defaultOpenLevel ? !named.includes(path) : named.includes(path);
}

/** The view after one cgroup was opened or closed. */
export function toggle(view: CgroupsView, path: string): CgroupsView {
  const named = view.named.includes(path) ? view.named.filter((other) => other !== path) : [...view.named, path];
  return { ...view, named };
}

/** The address of a cgroup's own page. */
export const cgroupHref = (path: string): string =>
  path === '/' ? '/cgroups/at' : `/cgroups/at${path.split('/').map(encodeURIComponent).join('/')}`;

/** The path of a cgroup out of the segments of its page's address. */
export const pathOfSegments = (segments: readonly string[] | undefined): string =>
  `/${(segments ?? []).map((segment) => decodeURIComponent(segment)).join('/')}`;

export const cgroupTabs = ['overview', 'settings', 'processes', 'files'] as const;
export type CgroupTab = (typeof cgroupTabs)[number];

/** The address of a part of a cgroup's page. */
export const tabHref = (path: string, tab: CgroupTab): string => `${cgroupHref(path)}${tab === 'overview' ? '' : `?tab=${tab}`}`;

export const tabOf = (params: Pick<URLSearchParams, 'get'>): CgroupTab => cgroupTabs.find((tab) => tab === params.get('tab')) ?? 'overview';
