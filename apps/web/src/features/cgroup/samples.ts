import type { CgroupUse } from '@bulkhead/model';

export interface UseSample {
  atMsec: number;
  use: CgroupUse;
}

export const keptMsec = 16 * 60_000;
export const trendSteps = 90;
export const trendStepMsec = 10_000;

/** Two runs of samples as one, oldest first, each moment once. */
export function mergeSamples(told: readonly UseSample[], live: readonly UseSample[]): UseSample[] {
  const byTime = new Map([...told, ...live].map((sample) => [sample.atMsec, sample]));
  return [...byTime.values()].sort((a, b) => a.atMsec - b.atMsec);
}

/** The last 15 minutes in steps of ten seconds, for a sparkline: the mean of each step, and null where nothing was measured. */
export function trendOf(samples: readonly UseSample[], read: (use: CgroupUse) => number | undefined, nowMsec: number): (number | null)[] {
  const lastStep = Math.floor(nowMsec / trendStepMsec);
  const firstStep = lastStep - trendSteps + 1;
  const sums = new Float64Array(trendSteps);
  const counts = new Uint32Array(trendSteps);
  for (const { atMsec, use } of samples) {
    const step = Math.floor(atMsec / trendStepMsec) - firstStep;
    const value = read(use);
    if (step < 0 || step >= trendSteps || value === undefined) continue;
    sums[step] = (sums[step] ?? 0) + value;
    counts[step] = (counts[step] ?? 0) + 1;
  }
  return Array.from(sums, (sum, step) => (counts[step] ? sum / (counts[step] ?? 1) : null));
}
