import { monthOf, type Rating, rate, toAmount, toMinor } from '@bulkhead/accounting';
import {
  type BillingAccount,
  type ExampleUse,
  enteredDecimals,
  type InvoiceContent,
  type Month,
  meterOf,
  type PlanProposal,
  PlanVersion,
  type TimeZone,
  toScaled,
  type UsageRow,
} from '@bulkhead/model';
import { sha256 } from './sha256.ts';

const tenantId = 'example';

/** The quantity in the meter's own units, to the nearest. */
function ownUnits({ meter, quantity }: ExampleUse): string {
  const scale = 10n ** BigInt(enteredDecimals);
  return String((toScaled(quantity) * meterOf(meter).unitsPerPricingUnit + scale / 2n) / scale);
}

/**
 * What quantities would cost by a plan that is in force for the whole of a month: the worked example of who writes
 * prices. Throws Problem `invalid` where one meter is given twice.
 */
export function previewPlan(
  plan: PlanProposal,
  { use, month, zone }: { use: readonly ExampleUse[]; month: Month; zone: TimeZone },
): Pick<InvoiceContent, 'currency' | 'lines' | 'subtotal' | 'unpriced'> {
  const period = monthOf(month, zone);
  const account: BillingAccount = { tenantId, name: tenantId, zone, rounding: 'half-even', taxRate: '0', taxName: 'Tax', graceHours: 0 };
  const hourEnd = new Date(Date.parse(period.start) + 3_600_000).toISOString();
  const rows = use.map(
    (example): UsageRow => ({
      tenantId,
      resource: { hostId: '00000000-0000-4000-8000-000000000000', kind: 'container', id: tenantId, name: tenantId },
      meter: example.meter,
      start: period.start,
      end: hourEnd,
      quantity: ownUnits(example),
      durationMsec: '3600000',
      unmeasuredMsec: '0',
      flags: [],
    }),
  );
  const plans = [PlanVersion.parse({ ...plan, version: 1, effectiveFrom: period.start })];
  const assignments = [{ tenantId, planId: plan.planId, from: period.start }];
  const { currency, lines, unpriced }: Rating = rate({ account, period, plans, assignments, rows }, sha256);
  const subtotal = lines.reduce((sum, { amount }) => sum + toMinor(amount, currency), 0n);
  return { currency, lines, unpriced, subtotal: toAmount(subtotal, currency) };
}
