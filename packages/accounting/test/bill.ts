import { createHash } from 'node:crypto';
import {
  type BillingAccount,
  type DraftInvoice,
  type FinalisedInvoice,
  type IssuedInvoice,
  type MeterId,
  type MeterPrice,
  PlanAssignment,
  PlanVersion,
  type UsageRow,
} from '@bulkhead/model';
import { finalise } from '../src/invoice/lifecycle.ts';
import { monthOf } from '../src/rate/period.ts';
import type { RateInput } from '../src/rate/rate.ts';

/** A tenant, its prices and its use in March 2026, for tests and the bench. */
export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
export const hostId = '0198a000-0000-7000-8000-000000000001';
export const account: BillingAccount = {
  tenantId: 'acme',
  name: 'Acme',
  zone: 'UTC',
  rounding: 'half-even',
  taxRate: '0',
  taxName: 'VAT',
  graceHours: 72,
};
export const march = monthOf('2026-03', 'UTC');
export const coreHour = 3_600_000_000n;
export const gib = 1n << 30n;

export const priceOf = (meter: MeterId, price: MeterPrice['price'], more: object = {}): object => ({ meter, price, ...more });
export const version = (changes: object): PlanVersion =>
  PlanVersion.parse({
    planId: 'standard',
    version: 1,
    name: 'Standard',
    currency: 'EUR',
    effectiveFrom: '2026-01-01T00:00:00.000Z',
    prices: [],
    fees: [],
    ...changes,
  });
export const assigned = (changes: object = {}): PlanAssignment =>
  PlanAssignment.parse({ tenantId: 'acme', planId: 'standard', from: '2026-01-01T00:00:00.000Z', ...changes });

export interface Use {
  meter?: MeterId;
  quantity: bigint;
  /** Hours since the period's start. */
  hour?: number;
  container?: number;
  flags?: UsageRow['flags'];
}
export function row({ meter = 'cpu-used', quantity, hour = 0, container = 1, flags = [] }: Use): UsageRow {
  const start = Date.parse(march.start) + hour * 3_600_000;
  return {
    tenantId: 'acme',
    resource: { hostId, kind: 'container', id: String(container).padStart(16, '0'), name: `c${container}` },
    meter,
    start: new Date(start).toISOString(),
    end: new Date(start + 3_600_000).toISOString(),
    quantity: String(quantity),
    durationMsec: '3600000',
    unmeasuredMsec: '0',
    flags,
  };
}

export const inputOf = (prices: readonly object[], rows: readonly UsageRow[], changes: Partial<RateInput> = {}): RateInput => ({
  account,
  period: march,
  plans: [version({ prices })],
  assignments: [assigned()],
  rows,
  ...changes,
});

/** A draft finalised after its period has closed, in series A. */
export const finalised = (draft: DraftInvoice, sequence: number, previous?: IssuedInvoice): FinalisedInvoice =>
  finalise(
    draft,
    {
      series: 'A',
      sequence,
      at: '2026-04-05T00:00:00.000Z',
      previous,
      closing: { state: 'closed', closesAt: '2026-04-04T00:00:00.000Z', blockers: [] },
    },
    sha256,
  );
