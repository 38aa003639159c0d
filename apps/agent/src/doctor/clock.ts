import { readClockState } from '@bulkhead/kernel';
import type { DoctorCheck } from '@bulkhead/model';
import { doctorText } from '@bulkhead/model/doctor-text';
import { asIs, attention, type Finding, good, look, unknown } from './finding.ts';
import { readKernelText } from './text-file.ts';

const slowSources = new Set(['jiffies', 'acpi_pm', 'hpet', 'refined-jiffies']);
const cost = doctorText('clock.loss');

/** @param maxErrorUsec by the kernel's reckoning */
export function judgeSynchronisation({ synchronised, maxErrorUsec }: { synchronised: boolean; maxErrorUsec: bigint }): Finding {
  if (synchronised) return good(doctorText('clock.kept-right', { msec: Number(maxErrorUsec) / 1000 }));
  return attention(doctorText('clock.not-kept'), cost, doctorText('clock.keep'));
}

export function judgeSteps(steps: number | undefined): Finding {
  if (steps === undefined) return unknown(doctorText('clock.steps.unwatched'), doctorText('up'));
  if (steps === 0) return good(doctorText('clock.steps.none'));
  const found = steps === 1 ? doctorText('clock.steps.once') : doctorText('clock.steps.many', { count: steps });
  return attention(found, cost, doctorText('clock.steps.look'));
}

export const clockChecks = (steps: number | undefined): DoctorCheck[] => [
  look('clock.synchronised', () => judgeSynchronisation(readClockState())),
  look('clock.steps', () => judgeSteps(steps)),
  look('clock.source', () => {
    const source = readKernelText('/sys/devices/system/clocksource/clocksource0/current_clocksource');
    if (source === undefined) return unknown(doctorText('clock.source.untold'));
    return slowSources.has(source) ? attention(asIs(source), doctorText('clock.source.slow')) : good(asIs(source));
  }),
];
