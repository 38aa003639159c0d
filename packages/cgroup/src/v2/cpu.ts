import type { ContainerLimits, EffectiveLimits, Limit } from '@bulkhead/model';
import { counterOf, FormatError, parseCounter, parseFlatKeyed, parseLimit, parseSpaceSeparated } from '../formats.ts';
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

/** cpu.weight and cpu.max (cgroup-v2.rst, "CPU Interface Files"). */
export function setCpu(cpu: Hierarchy | undefined, path: string, { cpuWeight, cpuMaxMillis }: ContainerLimits): void {
  if (cpuWeight !== undefined) {
    const wanted = `a CPU weight of ${cpuWeight}`;
    writeLimit(requireController(cpu, 'cpu', wanted), { path, file: 'cpu.weight', value: String(cpuWeight), wanted, bound: weightBound });
  }
  if (cpuMaxMillis !== undefined) {
    const wanted = describeCpus(cpuMaxMillis);
    const value = `${Math.floor(quotaUsecOfMillis(cpuMaxMillis))} ${cpuPeriodUsec}`;
    writeLimit(requireController(cpu, 'cpu', wanted), { path, file: 'cpu.max', value, wanted, bound: quotaBound });
  }
}

/** `QUOTA PERIOD`, the quota a number of microseconds or `max`. */
export function parseCpuMax(text: string): Limit {
  const [quota, period, ...rest] = parseSpaceSeparated(text);
  if (quota === undefined || period === undefined || rest.length > 0) throw new FormatError('QUOTA PERIOD', text.trimEnd());
  const quotaUsec = parseLimit(quota);
  const periodUsec = Number(parseCounter(period));
  if (periodUsec === 0) throw new FormatError('QUOTA PERIOD', text.trimEnd());
  return quotaUsec === 'max' ? 'max' : millisOfQuota(quotaUsec, periodUsec);
}

export function readCpuLimits(tree: Hierarchy, path: string): EffectiveLimits {
  const limits: EffectiveLimits = {};
  const weight = tree.read(path, 'cpu.weight');
  if (weight !== undefined) limits.cpuWeight = Number(parseCounter(weight));
  const max = tree.read(path, 'cpu.max');
  if (max !== undefined) limits.cpuMaxMillis = parseCpuMax(max);
  return limits;
}

export const cpuFiles: readonly CounterFile[] = [
  {
    file: 'cpu.stat',
    parse(text, reading) {
      const values = parseFlatKeyed(text);
      const usage = counterOf(values, 'usage_usec');
      const user = counterOf(values, 'user_usec');
      const system = counterOf(values, 'system_usec');
      const periods = counterOf(values, 'nr_periods');
      const throttledPeriods = counterOf(values, 'nr_throttled');
      const throttled = counterOf(values, 'throttled_usec');
      if (usage !== undefined) reading.cpuUsageUsec = usage;
      if (user !== undefined) reading.cpuUserUsec = user;
      if (system !== undefined) reading.cpuSystemUsec = system;
      if (periods !== undefined) reading.cpuPeriods = periods;
      if (throttledPeriods !== undefined) reading.cpuThrottledPeriods = throttledPeriods;
      if (throttled !== undefined) reading.cpuThrottledUsec = throttled;
    },
  },
];
