import { readFileSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { CgroupPath, type InstancePaths } from '@bulkhead/model';

interface Made {
  version: number;
  controller: string;
  path: string;
}

/** Groups made in this boot, outermost first, of all configurations that the agent keeps (`apps/agent/src/cgroup/config-store.ts`). */
function madeGroups(agentState: string): Made[] {
  const bootId = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  try {
    const { configs } = JSON.parse(readFileSync(`${agentState}/cgroup-configs.json`, 'utf8')) as {
      configs: Record<string, { bootId: string; made: Made[] }>;
    };
    return Object.values(configs)
      .filter((config) => config.bootId === bootId)
      .flatMap(({ made }) => made)
      .filter(({ path }) => path !== '/' && CgroupPath.safeParse(path).success);
  } catch {
    // None was ever imported, or the file is no longer what the agent wrote.
    return [];
  }
}

/** Mount point of a controller's hierarchy, or of the tree of version 2. */
function mountPointOf(version: number, controller: string): string | undefined {
  return readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' '))
    .find(([, , type, options]) =>
      version === 2 ? type === 'cgroup2' : type === 'cgroup' && options?.split(',').includes(controller),
    )?.[1];
}

/**
 * Removes the groups that kept configurations made in this boot, where nothing is in them. Nothing is ended for it: they
 * are the host's, and others may use them.
 *
 * @returns those that stay
 */
export function removeConfigGroups({ agentState }: Pick<InstancePaths, 'agentState'>): string[] {
  const kept: string[] = [];
  for (const { version, controller, path } of madeGroups(agentState).toReversed()) {
    const mountPoint = mountPointOf(version, controller);
    if (mountPoint === undefined) continue;
    const group = join(mountPoint, path);
    try {
      rmdirSync(group);
    } catch (failure) {
      if ((failure as NodeJS.ErrnoException).code !== 'ENOENT') kept.push(group);
    }
  }
  return kept;
}
