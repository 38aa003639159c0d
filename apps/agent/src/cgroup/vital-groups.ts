import { readFileSync } from 'node:fs';
import { membershipsOf, type VitalGroup } from '@bulkhead/cgroup';
import type { InstancePaths } from '@bulkhead/model';
import type { ServiceProcesses } from '../host/service-processes.ts';

/** What must not be frozen, killed, removed, starved or moved by a slip. */
export interface Vital {
  groups: VitalGroup[];
  /** Processes by pid, each with what it is. */
  pids: ReadonlyMap<number, string>;
}

export interface VitalOptions {
  paths: Pick<InstancePaths, 'supervisorFile'>;
  processes: Pick<ServiceProcesses, 'read'>;
  /** Path of the instance's own cgroup, with a slash before it. */
  ownPath: string;
  /** Containers of this instance that live, each with the path of its cgroup. */
  containers(): { name: string; path: string }[];
}

/** Who supervises this instance, as it wrote it down. */
function supervisorOf(file: string): number | undefined {
  try {
    const { supervisor } = JSON.parse(readFileSync(file, 'utf8')) as { supervisor?: { pid?: unknown } };
    return typeof supervisor?.pid === 'number' ? supervisor.pid : undefined;
  } catch {
    // Without a supervisor, or one that is just writing, there is nobody to protect by it.
    return undefined;
  }
}

/**
 * Groups that the machine and this instance live by, in any hierarchy: those of process 1, of the kernel's threads, of our
 * services, the whole host, and what holds our containers. Read anew each time: processes move.
 */
export function vitalOf({ paths, processes, ownPath, containers }: VitalOptions): Vital {
  const supervisor = supervisorOf(paths.supervisorFile);
  const pids = new Map<number, string>([
    [1, 'process 1 of the host'],
    [2, 'the parent of the threads of the kernel'],
    ...(supervisor === undefined ? [] : [[supervisor, 'the supervisor of bulkhead'] as const]),
    ...processes.read().map(({ name, pid }) => [pid, `the ${name} of bulkhead`] as const),
    [process.pid, 'the agent of bulkhead'],
  ]);
  const groups = new Map<string, VitalGroup>([
    ['/', { path: '/', why: 'the whole host is in it' }],
    ['/init.scope', { path: '/init.scope', why: 'process 1 of the host is in it' }],
    [ownPath, { path: ownPath, why: 'the containers of this instance are in it' }],
  ]);
  for (const { name, path } of containers()) groups.set(path, { path, why: `the container ${name} is in it` });
  for (const [pid, what] of pids)
    for (const { path } of membershipsOf(pid) ?? []) {
      const at = `/${path}`;
      if (!groups.has(at)) groups.set(at, { path: at, why: `${what} is in it` });
    }
  return { groups: [...groups.values()], pids };
}
