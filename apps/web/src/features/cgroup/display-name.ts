import type { CgroupNode } from '@bulkhead/model';
import { containerRuntimes } from '@bulkhead/model/container-runtimes';
import { nameOf } from './rows.ts';

/** What people call a cgroup: a container by its name, anything else by the last part of its path. */
export function displayName({ path, maker }: Pick<CgroupNode, 'path' | 'maker'>): { text: string; aside: string | undefined } {
  const name = nameOf(path);
  // Runtimes name the cgroup of a container after its id; what is below it has a name of its own.
  const isContainer =
    containerRuntimes.has(maker.runtime) && maker.name !== name && maker.externalId !== undefined && name.includes(maker.externalId);
  return isContainer ? { text: maker.name, aside: name } : { text: name, aside: undefined };
}
