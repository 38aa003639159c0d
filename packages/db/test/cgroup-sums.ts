import type { CgroupSums } from '@bulkhead/model';
import { atMinute } from './journal.ts';

export interface SumsFacts {
  hostId: string;
  bootId: string;
  minute: number;
  /** CPU time so far: of the root, our group, and each tenant; in proportion to the minute unless given. */
  rootUsec?: number;
  ownUsec?: number;
  tenants?: Record<string, number>;
}

/** Sums of a host with one group of others, as an agent journals them. */
export function makeCgroupSums({ hostId, bootId, minute, ...facts }: SumsFacts): CgroupSums {
  const { rootUsec = minute * 50_000_000, ownUsec = minute * 30_000_000, tenants = { acme: ownUsec } } = facts;
  const group = (role: CgroupSums['groups'][number]['role'], path: string, cgroupIno: number, usec: number) => ({
    role,
    path,
    cgroupIno: String(cgroupIno),
    meters: { 'cpu-used': String(usec) },
  });
  return {
    kind: 'cgroup-sums',
    hostId,
    bootId,
    at: atMinute(minute),
    boottimeMsec: String(5_000_000 + Math.round(minute * 60_000)),
    groups: [
      ...Object.entries(tenants).map(([tenantId, usec], index) => ({
        ...group('tenant', `/bulkhead-0aa/${tenantId}`, 100 + index, usec),
        tenantId,
      })),
      group('instance', '/bulkhead-0aa', 90, ownUsec),
      group('top', '/others', 80, minute * 10_000_000),
      group('root', '/', 1, rootUsec),
    ],
  };
}
