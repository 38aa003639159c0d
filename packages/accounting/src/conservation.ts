import {
  type Conservation,
  type HostId,
  type LedgerReading,
  type MeterId,
  meterFacts,
  Problem,
  type Quantity,
  type TenantId,
  type Timestamp,
} from '@bulkhead/model';
import { livesOf } from './ledger/lives.ts';
import { divideUp } from './round.ts';

/** Readings after `start` and not after `end` are counted, as by `usageOfIncarnations`. */
export interface ConservationWindow {
  hostId: HostId;
  meter: MeterId;
  start: Timestamp;
  end: Timestamp;
  /** How much may be unexplained, in millionths of the counter: reading a tree of files takes a moment. */
  tolerancePpm: number;
  /** In the meter's own unit: so little may be unexplained however small the counter is. Nothing where it is absent. */
  allowance?: Quantity | undefined;
}

/** An amount of a meter with the name of what accounts for it. */
export interface NamedQuantity {
  name: string;
  quantity: bigint;
}

/** Holds a counter against what accounts for it. */
export function checkConservation(
  { hostId, meter, start, end, tolerancePpm, allowance, tenantId }: ConservationWindow & { tenantId?: TenantId | undefined },
  counter: bigint,
  explained: readonly NamedQuantity[],
): Conservation {
  const unexplained = explained.reduce((rest, { quantity }) => rest - quantity, counter);
  const size = unexplained < 0n ? -unexplained : unexplained;
  const unexplainedPpm = size === 0n ? 0 : counter === 0n ? null : Number(divideUp(size * 1_000_000n, counter));
  return {
    hostId,
    ...(tenantId === undefined ? {} : { tenantId }),
    meter,
    start,
    end,
    counter: String(counter),
    explained: explained.map(({ name, quantity }) => ({ name, quantity: String(quantity) })),
    unexplained: String(unexplained),
    unexplainedPpm,
    tolerancePpm,
    ...(allowance === undefined ? {} : { allowance }),
    holds: size <= BigInt(allowance ?? 0) || (unexplainedPpm !== null && unexplainedPpm <= tolerancePpm),
  };
}

/**
 * What a meter grew by over a window, by readings: the same figure as the SQL's. Of a parent cgroup as of its children,
 * which the agent reads in one go, so that nothing is to be spread.
 */
export function growthWithin(
  readings: readonly LedgerReading[],
  { meter, start, end }: Pick<ConservationWindow, 'meter' | 'start' | 'end'>,
): bigint {
  if (meterFacts[meter].kind === 'peak') throw new Problem('invalid', `${meter} is a peak: peaks do not add up`);
  let growth = 0n;
  for (const { readings: life, steps } of livesOf(readings))
    for (const step of steps) {
      const at = life[step.after]?.at ?? '';
      if (step.meter === meter && at > start && at <= end) growth += step.quantity;
    }
  return growth;
}

/** The ledger of a tenant held against the growth of its parent cgroup, which its dead children are part of. */
export const conservationOfTenant = (
  window: ConservationWindow & { tenantId: TenantId },
  { parent, ledger }: { parent: readonly LedgerReading[]; ledger: readonly LedgerReading[] },
): Conservation => checkConservation(window, growthWithin(parent, window), [{ name: 'ledger', quantity: growthWithin(ledger, window) }]);

/** Growth over a window, of counters that are read of the same host at the same moments. */
export interface HostFigures {
  /** The root cgroup. */
  root: bigint;
  /** Our own top-level group, which all tenants are below. */
  instance: bigint;
  /** The other top-level groups that are measured. */
  others: readonly NamedQuantity[];
  /** What the ledger says of each tenant, and of what is nobody's. */
  tenants: readonly { tenantId: TenantId | null; quantity: bigint }[];
}

/**
 * Tenants, measured groups of others, and the rest make the root. The rest is what the root counts and no top-level group
 * does: the kernel's threads and processes of the root itself. It is taken from counters alone, so that what the ledger
 * lacks stays unexplained.
 */
export function conservationOfHost(window: ConservationWindow, { root, instance, others, tenants }: HostFigures): Conservation {
  const rest = others.reduce((left, { quantity }) => left - quantity, root - instance);
  return checkConservation(window, root, [
    ...tenants.map(({ tenantId, quantity }) => ({ name: tenantId === null ? 'nobody' : `tenant ${tenantId}`, quantity })),
    ...others,
    // Groups cannot count more than the root: where readings say so, that stays unexplained too.
    { name: 'kernel and root', quantity: rest < 0n ? 0n : rest },
  ]);
}
