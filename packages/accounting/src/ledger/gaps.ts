import type { Gap, LedgerReading } from '@bulkhead/model';
import { toTimestamp } from './cells.ts';
import { livesOf } from './lives.ts';
import { defaultMaximumStepMsec } from './rows.ts';

/** Time about which less is known than readings would tell, in order of time. Nothing is filled in for it. */
export function gapsOf(readings: readonly LedgerReading[], maximumStepMsec: number = defaultMaximumStepMsec): Gap[] {
  const gaps = new Map<string, Gap>();
  for (const { readings: life, steps } of livesOf(readings))
    for (const step of steps) {
      const { resource, incarnation } = life[step.after] as LedgerReading;
      const [from, to] = [toTimestamp(step.fromMsec), toTimestamp(step.toMsec)];
      const note = (reason: Gap['reason'], durationMsec: number | bigint): void => {
        const { hostId, bootId, cgroupIno } = incarnation;
        gaps.set(`${from} ${to} ${hostId} ${bootId} ${cgroupIno} ${resource.kind} ${resource.id} ${reason}`, {
          resource,
          incarnation,
          reason,
          from,
          to,
          durationMsec: String(durationMsec),
        });
      };
      if (step.durationMsec > maximumStepMsec) note('readings', step.durationMsec);
      if (step.unmeasuredMsec > 0n) note('gauge', step.unmeasuredMsec);
    }
  return [...gaps].sort(([left], [right]) => (left < right ? -1 : 1)).map(([, gap]) => gap);
}
