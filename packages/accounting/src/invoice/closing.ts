import { type BillingAccount, type BillingPeriod, type ClosingOverride, type HostId, Problem, type Timestamp } from '@bulkhead/model';
import { hourMsec, toMsec, toTimestamp } from '../ledger/cells.ts';

/** Up to when everything of a host is in. */
export interface HostWatermark {
  hostId: HostId;
  name: string;
  /** Absent: nothing ever came. */
  until?: Timestamp | undefined;
  /** Records of its journal that never came. */
  missing: number;
}

export interface Closing {
  /**
   * - `open`: the period goes on
   * - `provisional`: it is over, and late readings are waited for
   * - `closed`: what comes now is a correction in a later period
   */
  state: 'open' | 'provisional' | 'closed';
  closesAt: Timestamp;
  /** What stands against finalising, a line each. */
  blockers: string[];
}

/** @param now time, from who has a clock */
export function closingOf(
  period: BillingPeriod,
  { graceHours }: Pick<BillingAccount, 'graceHours'>,
  { now, hosts }: { now: Timestamp; hosts: readonly HostWatermark[] },
): Closing {
  const closesAt = toTimestamp(toMsec(period.end) + graceHours * hourMsec);
  const state = now < period.end ? 'open' : now < closesAt ? 'provisional' : 'closed';
  const silent = hosts
    .filter(({ until }) => until === undefined || until < period.end)
    .map(({ name, until }) => `host ${name} is silent since ${until ?? 'ever'}`);
  const lost = hosts.filter(({ missing }) => missing > 0).map(({ name, missing }) => `${missing} records of host ${name} never came`);
  return {
    state,
    closesAt,
    blockers: [...(state === 'provisional' ? [`late readings are waited for until ${closesAt}`] : []), ...silent, ...lost],
  };
}

/** Throws Problem `conflict` where the period may not be finalised: never while it goes on, and else only by an override that is recorded. */
export function assertClosed({ state, blockers }: Closing, override?: ClosingOverride): void {
  if (state === 'open') throw new Problem('conflict', 'the period has not ended');
  const open = blockers.filter((blocker) => !override?.overridden.includes(blocker));
  if (open.length > 0)
    throw new Problem('conflict', `the period is not closed: ${open.join('; ')}`, {
      remedy: 'wait, or finalise with an override that names its reason',
    });
}
