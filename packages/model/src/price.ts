import { z } from 'zod';
import { Currency, decimalsOf } from './currency.ts';
import { EnteredDecimal, toScaled } from './decimal.ts';
import { MeterId } from './meter.ts';
import { TenantId, Timestamp } from './primitives.ts';

/** Name of a price plan in URLs. */
export const PlanId = z
  .string()
  .regex(/^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$/, 'must be 1 to 40 lower-case letters, digits and inner hyphens');
export type PlanId = z.infer<typeof PlanId>;

/** A moment at which prices or ownership change: bills are cut by the second. */
export const WholeSecond = Timestamp.refine((at) => at.endsWith('.000Z'), 'must be a whole second');

/**
 * How a fixed amount is cut where it was in force for a part of the period only.
 * - `second`: by its seconds
 * - `day`: each day of the tenant's zone is charged once, to what was in force first on it
 * - `none`: whole, whenever it was in force at all
 */
export const Proration = z.enum(['second', 'day', 'none']);
export type Proration = z.infer<typeof Proration>;

/** From more than `from` up to and with `upTo`, in pricing units. */
export const Tier = z.strictObject({ from: EnteredDecimal, upTo: z.union([EnteredDecimal, z.literal('max')]), unitPrice: EnteredDecimal });
export type Tier = z.infer<typeof Tier>;

/** Tiers must begin at 0, meet, and end at `max`. */
const Tiers = z
  .array(Tier)
  .min(1, 'at least one tier is needed')
  .max(50)
  .superRefine((tiers, context) => {
    const complain = (index: number, field: keyof Tier, message: string): void => {
      context.addIssue({ code: 'custom', path: [index, field], message });
    };
    for (const [index, { from, upTo }] of tiers.entries()) {
      const before = tiers[index - 1];
      if (upTo !== 'max' && toScaled(upTo) <= toScaled(from)) complain(index, 'upTo', `must be more than the tier's beginning, ${from}`);
      if (before === undefined) {
        if (toScaled(from) !== 0n) complain(index, 'from', `leaves a gap: the first tier must begin at 0, not at ${from}`);
      } else if (before.upTo === 'max') complain(index, 'from', `overlaps: tier ${index} has no end, so none may follow it`);
      else if (toScaled(from) < toScaled(before.upTo))
        complain(index, 'from', `overlaps: tier ${index} ends at ${before.upTo}, and this one begins at ${from}`);
      else if (toScaled(from) > toScaled(before.upTo))
        complain(index, 'from', `leaves a gap: tier ${index} ends at ${before.upTo}, and this one begins at ${from}`);
      if (index === tiers.length - 1 && upTo !== 'max')
        complain(index, 'upTo', `leaves a gap: the last tier must go up to max, not to ${upTo}`);
    }
  });

const positive = EnteredDecimal.refine((text) => /[1-9]/.test(text), 'must be more than 0');

/**
 * - `per-unit`: each pricing unit costs the same
 * - `graduated`: each tier's part is charged at that tier's price
 * - `volume`: the tier that the whole period's quantity reaches gives the price of all of it
 * - `package`: whole packages, rounded up
 */
export const PriceModel = z.discriminatedUnion('model', [
  z.strictObject({ model: z.literal('per-unit'), unitPrice: EnteredDecimal }),
  z.strictObject({ model: z.literal('graduated'), tiers: Tiers }),
  z.strictObject({ model: z.literal('volume'), tiers: Tiers }),
  z.strictObject({ model: z.literal('package'), size: positive, packagePrice: EnteredDecimal }),
]);
export type PriceModel = z.infer<typeof PriceModel>;

const Bounded = { amount: EnteredDecimal, proration: Proration.default('second') };

export const MeterPrice = z.strictObject({
  meter: MeterId,
  price: PriceModel,
  /** Pricing units of each period that cost nothing, taken before tiers are counted. */
  included: z.strictObject({ quantity: EnteredDecimal, proration: Proration.default('second') }).optional(),
  /** The least and the most that this meter costs in a period. */
  minimum: z.strictObject(Bounded).optional(),
  cap: z.strictObject(Bounded).optional(),
});
export type MeterPrice = z.infer<typeof MeterPrice>;

/** An amount for each period, used or not. */
export const FlatFee = z.strictObject({
  id: PlanId,
  name: z.string().trim().min(1).max(100),
  ...Bounded,
});
export type FlatFee = z.infer<typeof FlatFee>;

const planTerms = {
  name: z.string().trim().min(1).max(100),
  currency: Currency,
  /** In force from this moment until the next version is. */
  effectiveFrom: WholeSecond,
  prices: z.array(MeterPrice).max(100),
  fees: z.array(FlatFee).max(50),
  /** The least and the most that the plan's lines come to in a period, fees included, before credits and tax. */
  minimum: z.strictObject(Bounded).optional(),
  cap: z.strictObject(Bounded).optional(),
};
type PlanTerms = z.infer<z.ZodObject<typeof planTerms>>;

function checkTerms(plan: PlanTerms, context: z.RefinementCtx): void {
  const complain = (path: (string | number)[], message: string): void => {
    context.addIssue({ code: 'custom', path, message });
  };
  const decimals = decimalsOf(plan.currency);
  const amounts: [(string | number)[], string | undefined][] = [
    ...plan.fees.map((fee, index): [(string | number)[], string] => [['fees', index, 'amount'], fee.amount]),
    [['minimum', 'amount'], plan.minimum?.amount],
    [['cap', 'amount'], plan.cap?.amount],
    ...plan.prices.flatMap(({ minimum, cap }, index): [(string | number)[], string | undefined][] => [
      [['prices', index, 'minimum', 'amount'], minimum?.amount],
      [['prices', index, 'cap', 'amount'], cap?.amount],
    ]),
  ];
  for (const [path, amount] of amounts)
    if ((amount?.split('.')[1] ?? '').length > decimals) complain(path, `${plan.currency} has ${decimals} decimals, ${amount} has more`);
  for (const [path, bounds] of [
    [[], plan],
    ...plan.prices.map((price, index): [(string | number)[], MeterPrice] => [['prices', index], price]),
  ] as [(string | number)[], Pick<MeterPrice, 'minimum' | 'cap'>][])
    if (bounds.minimum !== undefined && bounds.cap !== undefined && toScaled(bounds.cap.amount) < toScaled(bounds.minimum.amount))
      complain([...path, 'cap', 'amount'], `must be at least the minimum, ${bounds.minimum.amount}`);
  const meters = plan.prices.map(({ meter }) => meter);
  for (const [index, meter] of meters.entries())
    if (meters.indexOf(meter) < index) complain(['prices', index, 'meter'], `${meter} has a price already`);
  const fees = plan.fees.map(({ id }) => id);
  for (const [index, id] of fees.entries()) if (fees.indexOf(id) < index) complain(['fees', index, 'id'], `there is a fee ${id} already`);
}

/** One version of a price plan. It never changes once it is in force: a change of prices is a new version. */
export const PlanVersion = z.strictObject({ planId: PlanId, version: z.number().int().positive(), ...planTerms }).superRefine(checkTerms);
export type PlanVersion = z.infer<typeof PlanVersion>;

/** A version before it has a number: what people write. */
export const PlanProposal = z.strictObject({ planId: PlanId, ...planTerms }).superRefine(checkTerms);
export type PlanProposal = z.infer<typeof PlanProposal>;

/** All versions of one plan, in order. */
export const PlanHistory = z.array(PlanVersion).superRefine((versions, context) => {
  for (const [index, { planId, version, effectiveFrom }] of versions.entries()) {
    const before = versions[index - 1];
    const complain = (field: keyof PlanVersion, message: string): void => {
      context.addIssue({ code: 'custom', path: [index, field], message });
    };
    if (before === undefined) continue;
    if (planId !== before.planId) complain('planId', `must be ${before.planId} like that of the versions before`);
    if (version !== before.version + 1) complain('version', `must be ${before.version + 1}, one more than the version before`);
    if (effectiveFrom <= before.effectiveFrom)
      complain(
        'effectiveFrom',
        `out of order: version ${before.version} is in force from ${before.effectiveFrom}, this one from ${effectiveFrom}`,
      );
  }
});
export type PlanHistory = z.infer<typeof PlanHistory>;

/** From when a tenant is charged by a plan; until the next assignment, or `to`. */
export const PlanAssignment = z.strictObject({
  tenantId: TenantId,
  planId: PlanId,
  from: WholeSecond,
  /** Exclusive; absent while it goes on. */
  to: WholeSecond.optional(),
});
export type PlanAssignment = z.infer<typeof PlanAssignment>;

/** What is wrong with something that was entered, field by field: `prices.0.tiers.1.from`, and the cause. */
export interface FieldIssue {
  field: string;
  cause: string;
}

export const toFieldIssues = (error: z.ZodError): FieldIssue[] =>
  error.issues.map(({ path, message }) => ({ field: path.join('.'), cause: message }));
