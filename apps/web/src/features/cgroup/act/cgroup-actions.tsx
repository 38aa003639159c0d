'use client';
import type { CgroupNode } from '@bulkhead/model';
import { Button } from '@mantine/core';
import { useTranslations } from 'next-intl';
import { lazy, Suspense, useState } from 'react';
import { possibleActions } from './actions.ts';
import { HeadTarget } from './menu-targets.tsx';
import { useActOn } from './use-act-on.ts';

const OpenedMenu = lazy(() => import('./opened-menu.tsx').then((module) => ({ default: module.OpenedMenu })));

/** What can be done to a cgroup, from the head of its page. */
export function CgroupActions({ node }: { node: CgroupNode }) {
  const t = useTranslations('cgroupAct');
  const act = useActOn({ follow: true });
  const [isWanted, setWanted] = useState(false);
  const [first, ...others] = possibleActions(node);
  return (
    <>
      {first !== undefined && (
        <Button size="xs" variant="default" onClick={() => act(node, first)}>
          {t(`${first}.word`)}
        </Button>
      )}
      {others.length > 0 &&
        (isWanted ? (
          <Suspense fallback={<HeadTarget />}>
            <OpenedMenu node={node} actions={others} target={<HeadTarget />} />
          </Suspense>
        ) : (
          <HeadTarget onClick={() => setWanted(true)} />
        ))}
    </>
  );
}
