import { readClockState } from '@bulkhead/kernel';
import type { DoctorCheck } from '@bulkhead/model';
import { attention, type Finding, good, look, unknown } from './finding.ts';
import { readKernelText } from './text-file.ts';

const slowSources = new Set(['jiffies', 'acpi_pm', 'hpet', 'refined-jiffies']);
const cost = 'times of events and of use are as wrong as the clock';

/** @param maxErrorUsec by the kernel's reckoning */
export function judgeSynchronisation({ synchronised, maxErrorUsec }: { synchronised: boolean; maxErrorUsec: bigint }): Finding {
  if (synchronised) return good(`kept right, to ${Number(maxErrorUsec) / 1000} ms`);
  return attention('nothing keeps it right', cost, 'run a time service: apt-get install chrony');
}

export function judgeSteps(steps: number | undefined): Finding {
  if (steps === undefined) return unknown('nobody watches: no agent is running', './bulkhead up');
  if (steps === 0) return good('not set while the agent watched');
  return attention(`set ${steps} ${steps === 1 ? 'time' : 'times'} while the agent watched`, cost, 'see the events host.clock-stepped');
}

export const clockChecks = (steps: number | undefined): DoctorCheck[] => [
  look('clock', 'synchronised', 'Wall clock', () => judgeSynchronisation(readClockState())),
  look('clock', 'steps', 'Jumps of the wall clock', () => judgeSteps(steps)),
  look('clock', 'source', 'Clock source', () => {
    const source = readKernelText('/sys/devices/system/clocksource/clocksource0/current_clocksource');
    if (source === undefined) return unknown('not told');
    return slowSources.has(source) ? attention(source, 'asking for the time is slow, and everything is measured against it') : good(source);
  }),
];
