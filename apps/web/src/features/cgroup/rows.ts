import type { CgroupNode } from '@bulkhead/model';

/** A line of the tree as it is shown. */
export interface CgroupRow {
  node: CgroupNode;
  name: string;
  /** 1 for the root. */
  level: number;
  hasChildren: boolean;
  open: boolean;
  /** Place among its siblings that are shown, from 1, and how many those are. */
  position: number;
  siblings: number;
  /** False for one that is shown only for what is below it. */
  matches: boolean;
}

export interface RowsOptions {
  isOpen(path: string, level: number): boolean;
  /** Those wanted; undefined for all. Above a wanted one everything is shown and open. */
  matches: ((node: CgroupNode) => boolean) | undefined;
  compare(a: CgroupNode, b: CgroupNode): number;
}

export const nameOf = (path: string): string => (path === '/' ? '/' : path.slice(path.lastIndexOf('/') + 1));
export const parentOf = (path: string): string | undefined =>
  path === '/' ? undefined : path.lastIndexOf('/') === 0 ? '/' : path.slice(0, path.lastIndexOf('/'));
/** Depth of a path: 1 for the root. */
export const levelOf = (path: string): number => (path === '/' ? 1 : path.split('/').length);

export type Children = ReadonlyMap<string | undefined, readonly CgroupNode[]>;

/** Children of each cgroup; one whose parent is not told of stands at the top. */
export function childrenOf(cgroups: ReadonlyMap<string, CgroupNode>): Children {
  const children = new Map<string | undefined, CgroupNode[]>();
  for (const node of cgroups.values()) {
    const above = parentOf(node.path);
    const parent = above !== undefined && cgroups.has(above) ? above : undefined;
    const list = children.get(parent);
    if (list === undefined) children.set(parent, [node]);
    else list.push(node);
  }
  return children;
}

/** The lines of the tree, top to bottom, siblings in order. */
export function rowsOf(children: Children, { isOpen, matches, compare }: RowsOptions): CgroupRow[] {
  const wanted = matches === undefined ? undefined : wantedPaths(children, matches);
  const rows: CgroupRow[] = [];
  const walk = (parent: string | undefined, level: number) => {
    const all = children.get(parent) ?? [];
    const shown = (wanted === undefined ? [...all] : all.filter(({ path }) => wanted.has(path))).sort(compare);
    for (const [index, node] of shown.entries()) {
      const below = children.get(node.path);
      const hasChildren = below !== undefined && below.length > 0;
      const open = hasChildren && (wanted === undefined ? isOpen(node.path, level) : below.some(({ path }) => wanted.has(path)));
      rows.push({
        node,
        name: parent === undefined ? node.path : nameOf(node.path),
        level,
        hasChildren,
        open,
        position: index + 1,
        siblings: shown.length,
        matches: matches === undefined || matches(node),
      });
      if (open) walk(node.path, level + 1);
    }
  };
  walk(undefined, 1);
  return rows;
}

/** All groups in one order, whatever they are below. */
export function flatRowsOf(cgroups: ReadonlyMap<string, CgroupNode>, { matches, compare }: Omit<RowsOptions, 'isOpen'>): CgroupRow[] {
  const shown = [...cgroups.values()].filter((node) => matches === undefined || matches(node)).sort(compare);
  return shown.map((node, index) => ({
    node,
    name: node.path,
    level: 1,
    hasChildren: false,
    open: false,
    position: index + 1,
    siblings: shown.length,
    matches: true,
  }));
}

/** Those that match and everything above them. */
function wantedPaths(children: Children, matches: (node: CgroupNode) => boolean): Set<string> {
  const wanted = new Set<string>();
  for (const nodes of children.values())
    for (const node of nodes) {
      if (!matches(node)) continue;
      for (let path: string | undefined = node.path; path !== undefined && !wanted.has(path); path = parentOf(path)) wanted.add(path);
    }
  return wanted;
}
