import type { ContainerLimits, Drift, EffectiveLimits } from '@bulkhead/model';

/** The kernel rounds memory limits down to whole pages. */
const pageBytes = 4096;

/** Where the kernel holds other limits than were asked for. A limit that was not asked for, or cannot be read, is no drift. */
export function limitDrift(asked: ContainerLimits, found: EffectiveLimits): Drift[] {
  const drift: Drift[] = [];
  const compare = (subject: string, want: number | undefined, have: number | 'max' | undefined, tolerance: number) => {
    if (want === undefined || have === undefined) return;
    if (have === 'max' || Math.abs(have - want) > tolerance) drift.push({ subject, asked: String(want), found: String(have) });
  };
  compare('memory.max', asked.memoryMaxBytes, found.memoryMaxBytes, pageBytes);
  compare('cpu.max', asked.cpuMaxMillis, found.cpuMaxMillis, 1);
  compare('cpu.weight', asked.cpuWeight, found.cpuWeight, 1);
  compare('pids.max', asked.pidsMax, found.pidsMax, 0);
  return drift;
}
