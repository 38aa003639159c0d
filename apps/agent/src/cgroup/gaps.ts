import { existsSync } from 'node:fs';
import type { CgroupReason } from '@bulkhead/api';
import type { Hierarchies } from '@bulkhead/cgroup';

/** What this host does not count of any cgroup, and why. */
export function lastingReasons(hierarchies: Hierarchies, isIoCounted: boolean): CgroupReason[] {
  const { setup, unified } = hierarchies;
  const offered = new Set((unified?.read('', 'cgroup.controllers') ?? '').trim().split(' '));
  const isMissing = (legacy: string, controller: string): boolean => hierarchies.with(legacy) === undefined && !offered.has(controller);
  const reasons: CgroupReason[] = [];
  if (hierarchies.with('cpuacct') === undefined && unified === undefined) reasons.push('cpu-unmounted');
  if (isMissing('memory', 'memory')) reasons.push('memory-missing');
  if (isMissing('pids', 'pids')) reasons.push('pids-missing');
  if (isMissing('blkio', 'io')) reasons.push('io-missing');
  else if (!isIoCounted) reasons.push('io-uncounted');
  if (!existsSync('/proc/pressure')) reasons.push('pressure-unbuilt');
  else if (unified === undefined) reasons.push('pressure-v1');
  else if (unified.read('', 'cpu.pressure') === undefined) reasons.push('pressure-off');
  else if (setup === 'hybrid') reasons.push('pressure-hybrid');
  return reasons;
}
