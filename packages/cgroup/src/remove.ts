import { setTimeout as sleep } from 'node:timers/promises';
import { Problem } from '@bulkhead/model';
import type { Hierarchy } from './hierarchy.ts';

/** How long a busy group is tried again: a process that was killed leaves it a moment after its parent hears of it. */
export const removeTimeoutMsec = 2000;

/** Removes a path in every hierarchy. The first try of each runs before the first wait. */
export async function removeAll(
  hierarchies: readonly Hierarchy[],
  path: string,
  likely: readonly string[] = [],
  timeoutMsec = removeTimeoutMsec,
): Promise<void> {
  const deadline = performance.now() + timeoutMsec;
  for (let pauseMsec = 1; ; pauseMsec = Math.min(pauseMsec * 2, 50)) {
    let busy: string | undefined;
    for (const hierarchy of hierarchies) {
      const each = hierarchy.removeSubtree(path, likely);
      if (each !== undefined) busy ??= hierarchy.absolute(each);
    }
    if (busy === undefined) return;
    if (performance.now() > deadline) {
      throw new Problem('conflict', `${busy} is still in use after ${timeoutMsec} ms`, {
        remedy: 'End the processes in it (its cgroup.procs lists them), then remove it again.',
      });
    }
    await sleep(pauseMsec);
  }
}
