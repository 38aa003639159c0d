import { type ApplyOptions, HostCgroupControl } from '@bulkhead/cgroup';
import type { CgroupSettingChange, ContainerLimits, LimitChanges } from '@bulkhead/model';

/** The period of every quota of ours: the kernel's own default. */
const cpuPeriodUsec = 100_000;

/** Limits of a container as settings of its cgroup. */
export function settingsOf({ memoryMaxBytes, cpuWeight, cpuMaxMillis, pidsMax }: LimitChanges): CgroupSettingChange[] {
  const quota = typeof cpuMaxMillis === 'number' ? Math.floor((cpuMaxMillis * cpuPeriodUsec) / 1000) : cpuMaxMillis;
  const values = {
    'memory.max': memoryMaxBytes,
    'cpu.weight': cpuWeight,
    'cpu.max': quota === undefined ? undefined : `${quota} ${cpuPeriodUsec}`,
    'pids.max': pidsMax,
  };
  return Object.entries(values).flatMap(([key, value]) => (value === undefined ? [] : [{ key, value: String(value) }]));
}

/** What holds afterwards: a limit that was lifted is none. */
export function changedLimits(before: ContainerLimits, changes: LimitChanges): ContainerLimits {
  const after: Record<string, number | 'max' | undefined> = { ...before };
  for (const [name, value] of Object.entries(changes)) if (value !== undefined) after[name] = value;
  return Object.fromEntries(Object.entries(after).filter((entry): entry is [string, number] => typeof entry[1] === 'number'));
}

/** Writes limits of a container's cgroup while it lives: all of them, or none. */
export function writeLimits(path: string, changes: readonly CgroupSettingChange[], options: ApplyOptions): void {
  using control = new HostCgroupControl();
  control.apply(control.plan(`/${path}`, changes), options);
}
