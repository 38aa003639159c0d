import { closeSync, existsSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { Problem } from '@bulkhead/model';
import { tryCommand } from '../run-command.ts';

const waitSeconds = 900;

/** Runs something while no ./bulkhead installs or builds in this checkout: the lock is the one that ./bulkhead itself takes. */
export function withBuildLock<T>(root: string, body: () => T): T {
  const path = join(root, '.bootstrap/lock');
  // Where nobody ever built through ./bulkhead, or nobody can, there is nobody to wait for.
  if (!existsSync(path)) return body();
  const descriptor = openSync(path, 'r');
  try {
    const { status } = tryCommand(['flock', '--exclusive', '--timeout', String(waitSeconds), '3'], { descriptors: [descriptor] });
    if (status !== 0)
      throw new Problem('conflict', `another ./bulkhead installs or builds in ${root} since ${waitSeconds / 60} minutes`, {
        remedy: 'end it, then try again',
      });
    return body();
  } finally {
    closeSync(descriptor);
  }
}
