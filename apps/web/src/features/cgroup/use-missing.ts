'use client';
import type { CgroupController, CgroupNode } from '@bulkhead/model';
import { useTranslations } from 'next-intl';
import { useCallback } from 'react';
import { useConnection } from '../live/live-provider.tsx';
import { reasonFor } from './pressure.ts';
import type { Tree } from './tree-store.ts';

/** Why a number of a cgroup is not there, as far as can be told. */
export function useMissing(tree: Tree) {
  const t = useTranslations('cgroup.missing');
  const g = useTranslations('cgroup.gaps');
  const { connection, reachability } = useConnection();
  const away = connection === 'lost' || reachability?.reachable === false;
  const { gaps } = tree;
  return useCallback(
    (node: Pick<CgroupNode, 'controllers'> | undefined, controller: CgroupController | 'pressure'): string => {
      if (away) return t('away');
      const reason = reasonFor(gaps, controller);
      if (reason !== undefined) return g(`reason.${reason}`);
      if (controller === 'pressure') return t('noPressure');
      return node !== undefined && !node.controllers.includes(controller) ? t('noController', { controller }) : t('notYet');
    },
    [away, gaps, t, g],
  );
}
