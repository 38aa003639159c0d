import { existsSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { cgroupRoot, delegatedScope, Problem } from '@bulkhead/model';

/** Mount points of all control group hierarchies, v1 and v2. */
export function hierarchies(): string[] {
  return readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .flatMap((line) => {
      const [left = '', right = ''] = line.split(' - ');
      return /^cgroup2? /.test(right) ? [left.split(' ')[4] ?? ''] : [];
    })
    .filter((point) => point !== '');
}

/** The instance's own groups, one in each hierarchy that has it: at its root, or in the scope that systemd delegated. */
export const cgroupRoots = (instance: string): string[] =>
  hierarchies()
    .flatMap((point) => ['', delegatedScope(instance)].map((delegated) => join(point, cgroupRoot(instance, delegated))))
    .filter((path) => existsSync(path));

/** A group and all below it, deepest first. */
function descend(path: string): string[] {
  let names: string[] = [];
  try {
    names = readdirSync(path, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []));
  } catch {
    // Removed meanwhile.
  }
  return [...names.flatMap((name) => descend(join(path, name))), path];
}

const pidsOf = (path: string): number[] => {
  try {
    return readFileSync(join(path, 'cgroup.procs'), 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map(Number);
  } catch {
    return [];
  }
};

/** True while a process runs in one of the instance's groups: a container goes on. */
export const hasProcesses = (instance: string): boolean =>
  cgroupRoots(instance)
    .flatMap(descend)
    .some((group) => pidsOf(group).length > 0);

/** Kills every process below the instance's groups, again until none is left: a fork bomb makes new ones. */
async function killProcesses(instance: string): Promise<void> {
  for (let round = 0; round < 200; round += 1) {
    const groups = cgroupRoots(instance).flatMap(descend);
    const pids = new Set(groups.flatMap(pidsOf));
    pids.delete(process.pid);
    // A frozen process does not see its end.
    for (const group of groups) {
      const state = join(group, 'freezer.state');
      if (existsSync(state)) writeFileSync(state, 'THAWED');
    }
    if (pids.size === 0) return;
    for (const pid of pids) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It ended.
      }
    }
    await delay(25);
  }
  throw new Problem('internal', `processes below the control groups of bulkhead-${instance} cannot be killed`, {
    remedy: `look at them: find /sys/fs/cgroup -path "*bulkhead-${instance}*" -name cgroup.procs -exec cat {} +`,
  });
}

/** Kills what still runs in the instance's control groups and removes them from every hierarchy. */
export async function removeCgroups(instance: string): Promise<void> {
  await killProcesses(instance);
  for (const root of cgroupRoots(instance)) {
    for (const path of descend(root)) {
      for (let attempt = 0; ; attempt += 1) {
        try {
          rmdirSync(path);
          break;
        } catch (failure) {
          const { code } = failure as NodeJS.ErrnoException;
          if (code === 'ENOENT') break;
          // A process that was killed leaves its group only when it is reaped.
          if (code !== 'EBUSY' || attempt >= 200) throw failure;
          await delay(25);
        }
      }
    }
  }
}
