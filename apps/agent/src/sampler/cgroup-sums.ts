import type { CpuSums } from '@bulkhead/cgroup';
import { type BootId, type CgroupSum, type CgroupSums, cgroupSumsLimit, type HostId, TenantId } from '@bulkhead/model';
import type { Moment } from './clock.ts';

export interface CgroupSumsOptions {
  hostId: HostId;
  bootId: BootId;
  counters: Pick<CpuSums, 'read' | 'children'>;
  /** Path of the instance's own group, without a slash before it. */
  instancePath: string;
}

/**
 * Reads in one go what the ledger is held against: the root, the groups below it, ours, and those of our tenants. Some
 * microseconds each, so that hardly anything is used between the first and the last.
 */
export function readCgroupSums({ hostId, bootId, counters, instancePath }: CgroupSumsOptions, moment: Moment): CgroupSums {
  const groups: CgroupSum[] = [];
  const add = (role: CgroupSum['role'], path: string, tenantId?: string): void => {
    const sum = groups.length < cgroupSumsLimit ? counters.read(path) : undefined;
    if (sum === undefined) return;
    const meters = { 'cpu-used': String(sum.usageUsec) };
    groups.push({ role, path: `/${path}`, cgroupIno: String(sum.cgroupIno), meters, ...(tenantId === undefined ? {} : { tenantId }) });
  };
  for (const path of counters.children(instancePath)) {
    const name = path.slice(path.lastIndexOf('/') + 1);
    if (TenantId.safeParse(name).success) add('tenant', path, name);
  }
  add('instance', instancePath);
  for (const path of counters.children('')) if (path !== instancePath) add('top', path);
  add('root', '');
  return {
    kind: 'cgroup-sums',
    hostId,
    bootId,
    at: new Date(moment.wallMsec).toISOString(),
    boottimeMsec: String(moment.boottimeNsec / 1_000_000n),
    groups,
  };
}
