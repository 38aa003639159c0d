import { readFileSync } from 'node:fs';
import { membershipsOf, type VitalGroup } from '@bulkhead/cgroup';
import { type CgroupText, cgroupText, type InstancePaths } from '@bulkhead/model';
import type { ServiceProcesses } from '../host/service-processes.ts';

/** What must not be frozen, killed, removed, starved or moved by a slip. */
export interface Vital {
  groups: VitalGroup[];
  /** Processes by pid, each with what it is. */
  pids: ReadonlyMap<number, CgroupText>;
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

/** A process that must not be moved, and why its group must not be touched. */
interface VitalProcess {
  what: CgroupText;
  why: VitalGroup['why'];
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
  const vital = new Map<number, VitalProcess>([
    [1, { what: cgroupText('process.first'), why: cgroupText('vital.first') }],
    [2, { what: cgroupText('process.threads'), why: cgroupText('vital.threads') }],
    ...(supervisor === undefined
      ? []
      : [[supervisor, { what: cgroupText('process.supervisor'), why: cgroupText('vital.supervisor') }] as const]),
    ...[...processes.read(), { name: 'agent', pid: process.pid }].map(
      ({ name, pid }) => [pid, { what: cgroupText('process.service', { name }), why: cgroupText('vital.service', { name }) }] as const,
    ),
  ]);
  const groups = new Map<string, VitalGroup>([
    ['/', { path: '/', why: cgroupText('vital.host') }],
    ['/init.scope', { path: '/init.scope', why: cgroupText('vital.first') }],
    [ownPath, { path: ownPath, why: cgroupText('vital.containers') }],
  ]);
  for (const { name, path } of containers()) groups.set(path, { path, why: cgroupText('vital.container', { name }) });
  const places = new Map<number, string[]>();
  for (const [pid, { why }] of vital) {
    const paths = (membershipsOf(pid) ?? []).map(({ path }) => `/${path}`);
    places.set(pid, paths);
    for (const path of paths) if (!groups.has(path)) groups.set(path, { path, why });
  }
  const isBelow = (path: string, above: string): boolean => above === '/' || path === above || path.startsWith(`${above}/`);
  return {
    groups: [...groups.values()],
    pids: new Map([...vital].map(([pid, { what }]) => [pid, what])),
    residentBytes: (path) =>
      [...places].reduce((sum, [pid, paths]) => sum + (paths.some((each) => isBelow(each, path)) ? residentOf(pid) : 0), 0),
  };
}
