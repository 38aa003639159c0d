import { existsSync } from 'node:fs';
import type { Hierarchies } from '@bulkhead/cgroup';

/** What this host does not count of any cgroup, and why, a sentence each. */
export function lastingReasons(hierarchies: Hierarchies, isIoCounted: boolean): string[] {
  const { setup, unified } = hierarchies;
  const offered = new Set((unified?.read('', 'cgroup.controllers') ?? '').trim().split(' '));
  const isMissing = (legacy: string, controller: string): boolean => hierarchies.with(legacy) === undefined && !offered.has(controller);
  const reasons: string[] = [];
  if (hierarchies.with('cpuacct') === undefined && unified === undefined) reasons.push('CPU: no hierarchy that counts it is mounted.');
  if (isMissing('memory', 'memory')) reasons.push('Memory: the controller memory is neither mounted nor offered by the v2 tree.');
  if (isMissing('pids', 'pids')) reasons.push('Processes: the controller pids is neither mounted nor offered by the v2 tree.');
  if (isMissing('blkio', 'io')) reasons.push('I/O: the controller io is neither mounted (as blkio) nor offered by the v2 tree.');
  else if (!isIoCounted)
    reasons.push('I/O: this kernel begins to count it with the first throttling rule on a disk; the first container brings one.');
  if (!existsSync('/proc/pressure')) reasons.push('Pressure: the kernel was built without PSI.');
  else if (unified === undefined) reasons.push('Pressure: cgroup v1 does not tell it, and no v2 tree is mounted.');
  else if (unified.read('', 'cpu.pressure') === undefined)
    reasons.push('Pressure: PSI is switched off; the kernel takes psi=1 at its start.');
  else if (setup === 'hybrid') reasons.push('Pressure: told of cgroups in the v2 tree; those of v1 alone have none.');
  return reasons;
}
