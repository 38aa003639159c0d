import type { LedgerReading } from '@bulkhead/model';
import fc from 'fast-check';
import { reading } from './readings.ts';

export interface Move {
  ino: string;
  minutes: number;
  cpu: number | undefined;
  memory: number;
  peak: number;
  restart: boolean;
  unmeasured: number;
  jumpMsec: number;
  /** Ends here, and the reading that tells so comes so much later. */
  endLate: number | undefined;
  /** Ages are rounded to milliseconds. */
  jitterMsec: number;
  /** The agent lost what it had kept of gauges that were not measured. */
  forgets: boolean;
}

/** Lives with resets, missing meters, gaps, unmeasured time and clocks that are set. */
export function liveThrough(moves: readonly Move[], origin: 'created' | 'adopted' = 'created'): LedgerReading[] {
  const states = new Map<string, { minute: number; cpu: number; memory: number; peak: number; unmeasured: number }>();
  let wallOffMsec = 0;
  let minute = 0;
  return moves.map(({ ino, minutes, cpu, memory, peak, restart, unmeasured, jumpMsec, endLate, jitterMsec, forgets }) => {
    minute += minutes;
    wallOffMsec += jumpMsec;
    const state = states.get(ino) ?? { minute: minute - minutes, cpu: 0, memory: 0, peak: 0, unmeasured: 0 };
    states.set(ino, state);
    if (cpu !== undefined) state.cpu = (restart ? 0 : state.cpu) + cpu;
    state.memory += memory;
    state.peak = Math.max(restart ? 0 : state.peak, peak);
    if (forgets) state.unmeasured = 0;
    state.unmeasured += Math.min(unmeasured, minutes * 60_000);
    const aged = minute - state.minute;
    if (endLate !== undefined) minute += endLate;
    return reading({
      minute,
      ino,
      final: endLate !== undefined,
      cpu: cpu === undefined ? undefined : state.cpu,
      memory: state.memory,
      peak: state.peak,
      origin,
      unmeasuredMsec: state.unmeasured,
      wallOffMsec,
      ageMinutes: origin === 'adopted' ? undefined : Math.max(0, aged - jitterMsec / 60_000),
      tenantId: ino === '9' ? 'beta' : 'acme',
    });
  });
}

export const move = fc.record({
  ino: fc.constantFrom('7', '8', '9'),
  minutes: fc.oneof(
    { weight: 6, arbitrary: fc.constant(1) },
    fc.nat(400).map((n) => n / 10),
  ),
  cpu: fc.option(fc.nat(1_000_000), { nil: undefined, freq: 6 }),
  memory: fc.nat(1_000_000),
  peak: fc.nat(1000),
  restart: fc.oneof({ weight: 9, arbitrary: fc.constant(false) }, fc.constant(true)),
  unmeasured: fc.oneof({ weight: 5, arbitrary: fc.constant(0) }, fc.nat(60_000)),
  jumpMsec: fc.oneof({ weight: 12, arbitrary: fc.constant(0) }, fc.integer({ min: -8_000_000, max: 8_000_000 })),
  endLate: fc.oneof(
    { weight: 9, arbitrary: fc.constant(undefined) },
    fc.nat(200).map((n) => n / 10),
  ),
  jitterMsec: fc.nat(2),
  forgets: fc.oneof({ weight: 9, arbitrary: fc.constant(false) }, fc.constant(true)),
});
export const moves = fc.array(move, { maxLength: 80 });
export const origins = fc.constantFrom('created', 'adopted' as const);
