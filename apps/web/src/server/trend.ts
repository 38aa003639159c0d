import type { ContainerTrend } from '@bulkhead/api';
import type { Sample } from '@bulkhead/model';

export const trendStepSeconds = 10;
export const trendSteps = 90;

interface Step {
  /** Which step of the clock: time in seconds over the step's length, floored. */
  index: number;
  cpuMillis: number | null;
  memoryBytes: number | null;
}

const stepMsec = trendStepSeconds * 1000;

/** Last 15 minutes of one container in steps of 10 s, made from samples as they come. A step nobody measured stays empty. */
export class Trend {
  #steps: Step[] = [];
  /** Last sample of the step before: CPU of a step is the counter's difference over exactly that time. */
  #from: { atMsec: number; cpuUsageUsec: bigint } | undefined;
  #to: { atMsec: number; cpuUsageUsec: bigint } | undefined;
  #firstAtMsec: number | undefined;

  /** When the first sample was taken, undefined before there is one. */
  get firstAtMsec(): number | undefined {
    return this.#firstAtMsec;
  }

  add(sample: Sample): void {
    const atMsec = Date.parse(sample.at);
    const index = Math.floor(atMsec / stepMsec);
    const last = this.#steps.at(-1);
    if (last !== undefined && index < last.index) return;
    this.#firstAtMsec ??= atMsec;
    const { cpuUsageUsec, memoryCurrentBytes } = sample.reading;
    let step = last;
    if (step === undefined || step.index !== index) {
      // A counter read too long ago says nothing about this step alone.
      this.#from = this.#to !== undefined && atMsec - this.#to.atMsec <= 2 * stepMsec ? this.#to : undefined;
      step = { index, cpuMillis: null, memoryBytes: null };
      this.#steps.push(step);
      this.#steps = this.#steps.filter((kept) => kept.index > index - trendSteps);
    }
    if (memoryCurrentBytes !== undefined) step.memoryBytes = Number(memoryCurrentBytes);
    if (cpuUsageUsec === undefined) return;
    this.#to = { atMsec, cpuUsageUsec: BigInt(cpuUsageUsec) };
    this.#from ??= this.#to;
    const elapsedMsec = this.#to.atMsec - this.#from.atMsec;
    const usedUsec = Number(this.#to.cpuUsageUsec - this.#from.cpuUsageUsec);
    // A counter that went back belongs to another life of the cgroup.
    if (elapsedMsec > 0 && usedUsec >= 0) step.cpuMillis = usedUsec / elapsedMsec;
    if (usedUsec < 0) this.#from = this.#to;
  }

  view(id: string, nowMsec: number): ContainerTrend {
    const lastIndex = Math.floor(nowMsec / stepMsec);
    const byIndex = new Map(this.#steps.map((step) => [step.index, step]));
    const indexes = Array.from({ length: trendSteps }, (_, offset) => lastIndex - trendSteps + 1 + offset);
    return {
      id,
      stepSeconds: trendStepSeconds,
      endAt: new Date((lastIndex + 1) * stepMsec).toISOString(),
      cpuMillis: indexes.map((index) => byIndex.get(index)?.cpuMillis ?? null),
      memoryBytes: indexes.map((index) => byIndex.get(index)?.memoryBytes ?? null),
    };
  }
}

/** Samples that came live and those that the agent remembers, as one trend. */
export function trendOf(samples: readonly Sample[]): Trend {
  const trend = new Trend();
  for (const sample of samples) trend.add(sample);
  return trend;
}
