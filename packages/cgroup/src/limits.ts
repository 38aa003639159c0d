import { hasErrno } from '@bulkhead/kernel';
import { Problem } from '@bulkhead/model';
import type { Hierarchy } from './hierarchy.ts';

/** What one write of a limit means to the person who asked for it. */
export interface LimitWrite {
  path: string;
  file: string;
  value: string;
  /** What was asked for, in words: `a CPU quota of 0.5 CPUs`. */
  wanted: string;
  /** What the kernel takes, in words. */
  bound: string;
}

/** The hierarchy that has a controller. @throws Problem('unsupported') that names the controller and what it was wanted for */
export function requireController(hierarchy: Hierarchy | undefined, controller: string, wanted: string): Hierarchy {
  if (hierarchy !== undefined) return hierarchy;
  throw new Problem('unsupported', `this host has no control group controller ${controller}, which ${wanted} needs`, {
    remedy: `Mount or enable the controller ${controller}, or leave the limit out.`,
  });
}

/** Writes one limit; what the kernel refuses becomes a Problem that names its bound. */
export function writeLimit(hierarchy: Hierarchy, { path, file, value, wanted, bound }: LimitWrite): void {
  try {
    hierarchy.write(path, file, value);
  } catch (failure) {
    const at = `${hierarchy.absolute(path)}/${file}`;
    if (hasErrno(failure, 'EINVAL', 'ERANGE')) {
      throw new Problem('invalid', `the kernel refuses ${wanted} (${value} into ${at}): ${bound}`, { cause: failure });
    }
    if (hasErrno(failure, 'EBUSY')) {
      throw new Problem('conflict', `${wanted} is less than ${path} uses now, and the kernel could not free the rest`, {
        cause: failure,
        remedy: 'Ask for more, or stop processes first.',
      });
    }
    if (hasErrno(failure, 'ENOENT') && hierarchy.exists(path)) {
      throw new Problem('unsupported', `this kernel has no ${file}, which ${wanted} needs`, { cause: failure });
    }
    throw failure;
  }
}

/** The period of every quota: the kernel's own default. */
export const cpuPeriodUsec = 100_000;

/** Thousandths of a CPU to the quota of one period, in microseconds. */
export const quotaUsecOfMillis = (millis: number): number => (millis * cpuPeriodUsec) / 1000;

/** Quota and period to thousandths of a CPU. */
export const millisOfQuota = (quotaUsec: number, periodUsec: number): number => Math.round((quotaUsec * 1000) / periodUsec);

/** `0.5 CPUs` */
export const describeCpus = (millis: number): string => `a CPU quota of ${millis / 1000} CPUs`;

/** The kernel's own words for what it takes as a quota (tg_set_cfs_bandwidth). */
export const quotaBound = 'it takes at least 0.01 CPU (1 ms of each 100 ms) and no more than the group above has';
export const memoryBound = 'it takes a number of bytes, in whole pages';
export const pidsBound = 'it takes 0 to 4194304 processes';
export const weightBound = 'it takes 1 to 10000';
