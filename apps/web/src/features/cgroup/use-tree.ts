'use client';
import type { CgroupUse } from '@bulkhead/model';
import { useCallback, useEffect, useSyncExternalStore } from 'react';
import { useHostLive } from '../live/live-provider.tsx';
import { type Tree, unknownTree } from './tree-store.ts';

const unknown = (): Tree => unknownTree;
const nothing = (): undefined => undefined;

/** The cgroup tree, live while the calling component is shown. For administrators: nobody else is told. */
export function useTree(enabled = true): Tree {
  const { tree, treeSource } = useHostLive();
  useEffect(() => (enabled ? treeSource.acquire() : undefined), [treeSource, enabled]);
  return useSyncExternalStore(tree.subscribeTree, tree.view, unknown);
}

/** What one cgroup uses now; undefined where it is not known. Something above must hold the tree (useTree). */
export function useCgroupUse(path: string | undefined): CgroupUse | undefined {
  const { tree } = useHostLive();
  const read = useCallback(() => (path === undefined ? undefined : tree.use(path)), [tree, path]);
  return useSyncExternalStore(tree.subscribeUse, read, nothing);
}
