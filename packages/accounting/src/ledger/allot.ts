import { type InvoiceContent, meterFacts, type TenantId, type UsageRow } from '@bulkhead/model';
import { splitByLargestRemainder } from '../round.ts';
import { hourMsec, toMsec } from './cells.ts';
import { inRowOrder } from './row-text.ts';

export type AllotMethod = NonNullable<InvoiceContent['allottedBy']>;

const placeOf = ({ resource, meter, start }: UsageRow): string => `${resource.hostId} ${meter} ${Math.floor(toMsec(start) / hourMsec)}`;

/**
 * Shares out what nobody owns among the tenants that used the same meter of the same host in the same hour: in proportion
 * to their use, or evenly. Whole and exact: what is shared out is what was there. Where no tenant used any, and of peaks,
 * it stays nobody's. Shares are flagged `allotted`; rows of tenants stay as they are.
 */
export function allotUnowned(rows: readonly UsageRow[], method: AllotMethod): UsageRow[] {
  const uses = new Map<string, Map<TenantId, bigint>>();
  for (const row of rows) {
    if (row.tenantId === null) continue;
    const place = placeOf(row);
    const tenants = uses.get(place) ?? new Map<TenantId, bigint>();
    uses.set(place, tenants);
    tenants.set(row.tenantId, (tenants.get(row.tenantId) ?? 0n) + BigInt(row.quantity));
  }
  const allotted = rows.flatMap((row) => {
    const tenants = [...(uses.get(placeOf(row)) ?? [])].sort(([left], [right]) => (left < right ? -1 : 1));
    const weights = tenants.map(([, quantity]) => (method === 'even' ? 1n : quantity));
    if (row.tenantId !== null || meterFacts[row.meter].kind === 'peak' || weights.every((weight) => weight === 0n)) return [row];
    const [quantities, durations, unmeasured] = [row.quantity, row.durationMsec, row.unmeasuredMsec].map((text) =>
      splitByLargestRemainder(BigInt(text), weights),
    );
    return tenants.map(([tenantId], index): UsageRow => {
      const duration = durations?.[index] ?? 0n;
      const unknown = unmeasured?.[index] ?? 0n;
      return {
        ...row,
        tenantId,
        quantity: String(quantities?.[index] ?? 0n),
        durationMsec: String(duration),
        unmeasuredMsec: String(unknown > duration ? duration : unknown),
        flags: [...row.flags, 'allotted' as const].sort(),
      };
    });
  });
  return inRowOrder(allotted);
}
