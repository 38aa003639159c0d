'use client';
import type { CgroupNode } from '@bulkhead/model';
import { lazy, Suspense, useState } from 'react';
import { possibleActions } from './actions.ts';
import { RowTarget } from './menu-targets.tsx';

const OpenedMenu = lazy(() => import('./opened-menu.tsx').then((module) => ({ default: module.OpenedMenu })));

/** What can be done to a cgroup, from its row. Of thousands of rows few are ever opened: the menu is made when it is. */
export function CgroupMenu({ node, name }: { node: CgroupNode; name: string }) {
  const [isWanted, setWanted] = useState(false);
  if (!isWanted) return <RowTarget name={name} onClick={() => setWanted(true)} />;
  return (
    <Suspense fallback={<RowTarget name={name} />}>
      <OpenedMenu isRow node={node} actions={possibleActions(node)} target={<RowTarget name={name} />} />
    </Suspense>
  );
}
