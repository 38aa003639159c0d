'use client';
import type { CgroupNode } from '@bulkhead/model';
import { useRouter } from 'next/navigation';
import { useCallback } from 'react';
import { cgroupHref } from '../cgroups-url.ts';
import { parentOf } from '../rows.ts';
import { useCgroupAct } from './act-provider.tsx';
import type { CgroupAction } from './actions.ts';

/** Asks for an action on a group; `follow` goes where the group went: to the new one, or to the one above a removed one. */
export function useActOn({ follow = false }: { follow?: boolean } = {}) {
  const ask = useCgroupAct();
  const router = useRouter();
  return useCallback(
    ({ path }: Pick<CgroupNode, 'path'>, action: CgroupAction): void =>
      ask({
        deed: { verb: action, path },
        onDone: (done) => {
          if (!follow) return;
          if (action === 'create') router.push(cgroupHref(done));
          if (action === 'remove') router.push(cgroupHref(parentOf(path) ?? '/'));
        },
      }),
    [ask, router, follow],
  );
}
