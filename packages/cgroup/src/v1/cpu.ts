import { type ContainerLimits, type EffectiveLimits, sharesOfWeight, weightOfShares } from '@bulkhead/model';
import { counterOf, FormatError, parseCounter, parseFlatKeyed, usecOfNsec, usecOfTicks } from '../formats.ts';
import type { Hierarchy } from '../hierarchy.ts';
import {
  cpuPeriodUsec,
  describeCpus,
  millisOfQuota,
  quotaBound,
  quotaUsecOfMillis,
  requireController,
  weightBound,
  writeLimit,
} from '../limits.ts';
import type { CounterFile } from '../reader.ts';

/** cpu.shares, cpu.cfs_quota_us and cpu.cfs_period_us (admin-guide/cgroup-v1, scheduler/sched-bwc.rst). */
export function setCpu(cpu: Hierarchy | undefined, path: string, { cpuWeight, cpuMaxMillis }: ContainerLimits): void {
  if (cpuWeight !== undefined) {
    const wanted = `a CPU weight of ${cpuWeight}`;
    const value = String(sharesOfWeight(cpuWeight));
    writeLimit(requireController(cpu, 'cpu', wanted), { path, file: 'cpu.shares', value, wanted, bound: weightBound });
  }
  if (cpuMaxMillis !== undefined) {
    const wanted = describeCpus(cpuMaxMillis);
    const hierarchy = requireController(cpu, 'cpu', wanted);
    const period = hierarchy.read(path, 'cpu.cfs_period_us');
    if (period !== undefined && period !== `${cpuPeriodUsec}\n`) {
      writeLimit(hierarchy, { path, file: 'cpu.cfs_period_us', value: String(cpuPeriodUsec), wanted, bound: quotaBound });
    }
    const value = String(Math.floor(quotaUsecOfMillis(cpuMaxMillis)));
    writeLimit(hierarchy, { path, file: 'cpu.cfs_quota_us', value, wanted, bound: quotaBound });
  }
}

/** cpu.cfs_quota_us of -1 is no quota. */
export function parseQuota(quota: string, period: string): number | 'max' {
  if (quota === '-1\n' || quota === '-1') return 'max';
  const periodUsec = Number(parseCounter(period));
  if (periodUsec === 0) throw new FormatError('a period', period);
  return millisOfQuota(Number(parseCounter(quota)), periodUsec);
}

export function readCpuLimits(cpu: Hierarchy | undefined, path: string): EffectiveLimits {
  const limits: EffectiveLimits = {};
  const shares = cpu?.read(path, 'cpu.shares');
  if (shares !== undefined) limits.cpuWeight = weightOfShares(Number(parseCounter(shares)));
  const quota = cpu?.read(path, 'cpu.cfs_quota_us');
  const period = cpu?.read(path, 'cpu.cfs_period_us');
  if (quota !== undefined && period !== undefined) limits.cpuMaxMillis = parseQuota(quota, period);
  return limits;
}

/** Files of the cpu hierarchy. Throttling times are nanoseconds here. */
export const cpuFiles: readonly CounterFile[] = [
  {
    file: 'cpu.stat',
    parse(text, reading) {
      const values = parseFlatKeyed(text);
      const periods = counterOf(values, 'nr_periods');
      const throttledPeriods = counterOf(values, 'nr_throttled');
      const throttledNsec = counterOf(values, 'throttled_time');
      if (periods !== undefined) reading.cpuPeriods = periods;
      if (throttledPeriods !== undefined) reading.cpuThrottledPeriods = throttledPeriods;
      if (throttledNsec !== undefined) reading.cpuThrottledUsec = usecOfNsec(throttledNsec);
    },
  },
];

/**
 * Files of the cpuacct hierarchy. User and system time come from cpuacct.stat: clock ticks, but scaled so that both add
 * up to what was used, where cpuacct.usage_user and _sys are what the tick happened to hit.
 */
export const cpuacctFiles: readonly CounterFile[] = [
  {
    file: 'cpuacct.usage',
    parse(text, reading) {
      const usageNsec = parseCounter(text);
      reading.cpuUsageNsec = usageNsec;
      reading.cpuUsageUsec = usecOfNsec(usageNsec);
    },
  },
  {
    file: 'cpuacct.stat',
    parse(text, reading) {
      const values = parseFlatKeyed(text);
      const user = counterOf(values, 'user');
      const system = counterOf(values, 'system');
      if (user !== undefined) reading.cpuUserUsec = usecOfTicks(user);
      if (system !== undefined) reading.cpuSystemUsec = usecOfTicks(system);
    },
  },
];
