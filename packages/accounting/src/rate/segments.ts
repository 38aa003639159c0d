import { type BillingPeriod, type Currency, type PlanAssignment, type PlanVersion, Problem, type Timestamp } from '@bulkhead/model';

/** Part of a period in which one version of one plan was in force. */
export interface PlanSegment {
  start: Timestamp;
  end: Timestamp;
  plan: PlanVersion;
}

const later = (left: Timestamp, right: Timestamp): Timestamp => (left > right ? left : right);
const earlier = (left: Timestamp, right: Timestamp): Timestamp => (left < right ? left : right);
const endOfTime = '9999-12-31T23:59:59.999Z';

export interface PlanInput {
  period: BillingPeriod;
  /** Of one tenant. */
  assignments: readonly PlanAssignment[];
  /** Every version of every plan that is assigned. */
  plans: readonly PlanVersion[];
}

/** Versions of one plan with the time each is in force. */
function inForce(plans: readonly PlanVersion[], planId: string): PlanSegment[] {
  const versions = plans.filter((plan) => plan.planId === planId).sort((left, right) => left.version - right.version);
  return versions.map((plan, index) => {
    const end = versions[index + 1]?.effectiveFrom ?? endOfTime;
    if (end <= plan.effectiveFrom)
      throw new Problem(
        'invalid',
        `version ${plan.version + 1} of plan ${planId} is in force from ${end}, before version ${plan.version} is`,
      );
    return { start: plan.effectiveFrom, end, plan };
  });
}

/**
 * Which prices were in force when, in order of time. Time without a plan is in no segment. Throws Problem `invalid` where
 * assignments overlap or name a plan that is not there, or where the period would have two currencies.
 */
export function planSegments({ period, assignments, plans }: PlanInput): PlanSegment[] {
  const order = assignments.toSorted((left, right) => (left.from < right.from ? -1 : left.from > right.from ? 1 : 0));
  const segments = order.flatMap(({ tenantId, planId, from, to }, index) => {
    const next = order[index + 1]?.from;
    if (next !== undefined && (next === from || (to !== undefined && next < to)))
      throw new Problem('invalid', `tenant ${tenantId} has two plans at ${next}`);
    const versions = inForce(plans, planId);
    if (versions.length === 0) throw new Problem('invalid', `plan ${planId} of tenant ${tenantId} is not there`);
    const start = later(from, period.start);
    const end = earlier(earlier(to ?? endOfTime, next ?? endOfTime), period.end);
    return versions
      .map((version) => ({ start: later(start, version.start), end: earlier(end, version.end), plan: version.plan }))
      .filter((segment) => segment.start < segment.end);
  });
  const currencies = [...new Set(segments.map(({ plan }) => plan.currency))];
  if (currencies.length > 1)
    throw new Problem('invalid', `period ${period.month} has prices in ${currencies.join(' and ')}: a period has one currency`, {
      remedy: 'let the plan with the other currency begin with a period',
    });
  return segments;
}

/** Throws Problem `invalid` where no plan is in force at all. */
export function currencyOf(segments: readonly PlanSegment[], period: BillingPeriod): Currency {
  const currency = segments[0]?.plan.currency;
  if (currency === undefined)
    throw new Problem('invalid', `no price plan is in force in ${period.month}`, { remedy: 'assign one to the tenant' });
  return currency;
}

/** Moments at which rows must be cut so that each lies in one period and under one version of prices. */
export const cutsOf = (period: BillingPeriod, segments: readonly PlanSegment[]): Timestamp[] => [
  ...new Set([period.start, period.end, ...segments.flatMap(({ start, end }) => [start, end])]),
];
