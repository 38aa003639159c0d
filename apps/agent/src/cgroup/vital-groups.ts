import { readFileSync } from 'node:fs';
import { membershipsOf, type VitalGroup } from '@bulkhead/cgroup';
import type { InstancePaths } from '@bulkhead/model';
import type { ServiceProcesses } from '../host/service-processes.ts';

/** What must not be frozen, killed, removed, starved or moved by a slip. */
export interface Vital {
  groups: VitalGroup[];
  /** Processes by pid, each with what it is. */
  pids: ReadonlyMap<number, string>;
  /**
   * Resident memory of those of the processes that are in a group or below it. A process that was moved has its memory
   * charged where it was first used, so that its group seems to need none.
   */
  residentBytes(path: string): number;
}

export interface VitalOptions {
  paths: Pick<InstancePaths, 'supervisorFile'>;
  processes: Pick<ServiceProcesses, 'read'>;
  /** Path of the instance's own cgroup, with a slash before it. */
  ownPath: string;
  /** Containers of this instance that live, each with the path of its cgroup. */
  containers(): { name: string; path: string }[];
}

/** VmRSS of /proc/<pid>/status; 0 for a thread of the kernel, and for one that is gone. */
function residentOf(pid: number): number {
  try {
    const kibibytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return Number(kibibytes ?? 0) * 1024;
  } catch {
    return 0;
  }
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
  const places = new Map<number, string[]>();
  for (const [pid, what] of pids) {
    const paths = (membershipsOf(pid) ?? []).map(({ path }) => `/${path}`);
    places.set(pid, paths);
    for (const path of paths) if (!groups.has(path)) groups.set(path, { path, why: `${what} is in it` });
  }
  const isBelow = (path: string, above: string): boolean => above === '/' || path === above || path.startsWith(`${above}/`);
  return {
    groups: [...groups.values()],
    pids,
    residentBytes: (path) =>
      [...places].reduce((sum, [pid, paths]) => sum + (paths.some((each) => isBelow(each, path)) ? residentOf(pid) : 0), 0),
  };
}
