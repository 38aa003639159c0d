import type { Resource, TenantId, Timestamp, UsageRow, UsageRowFlag } from '@bulkhead/model';
import { type Database, inScope, type TenantScope, type Transaction } from './database.ts';
import { Prisma } from './generated/client.ts';
import { dayMsec, meterOfNumber, toFlags } from './ledger-code.ts';
import { type FreshHours, freshHours, liveRows } from './ledger-live.ts';
import { selectRows } from './ledger-row.ts';

/** A quantity of one meter of one resource over a period. */
export interface UsageSum {
  resource: Resource;
  meter: UsageRow['meter'];
  quantity: string;
  durationMsec: string;
  unmeasuredMsec: string;
  flags: UsageRowFlag[];
}

interface Query {
  tenantId: TenantId;
  start: Timestamp;
  end: Timestamp;
}

/** Whole days (UTC) of a period of which nothing waits to be made anew; the rest of it in stretches. */
function divide({ start, end }: Query, fresh: FreshHours): { days: Timestamp[]; rests: { start: Timestamp; end: Timestamp }[] } {
  const stale = new Set<number>();
  for (const { startMsec, endMsec } of fresh.runs())
    for (let day = Math.floor(startMsec / dayMsec); day * dayMsec < endMsec; day += 1) stale.add(day);
  const [from, to] = [Date.parse(start), Date.parse(end)];
  const days: Timestamp[] = [];
  const rests: { start: Timestamp; end: Timestamp }[] = [];
  for (let msec = from; msec < to; ) {
    const day = Math.floor(msec / dayMsec);
    const next = Math.min((day + 1) * dayMsec, to);
    const span = { start: new Date(msec).toISOString(), end: new Date(next).toISOString() };
    if (next - msec === dayMsec && !stale.has(day)) days.push(span.start);
    else if (rests.at(-1)?.end === span.start) rests[rests.length - 1] = { start: rests.at(-1)?.start ?? span.start, end: span.end };
    else rests.push(span);
    msec = next;
  }
  return { days, rests };
}

interface SumRow {
  host_id: string;
  kind: string;
  resource_id: string;
  name: string;
  meter: number;
  quantity: string;
  duration: string;
  unmeasured: string;
  flags: number;
}

async function sumDays(transaction: Transaction, tenantId: TenantId, days: readonly Timestamp[]): Promise<UsageSum[]> {
  if (days.length === 0) return [];
  const [first, last] = [days[0], days.at(-1)];
  const rows = await transaction.$queryRaw<SumRow[]>`
    SELECT d.host_id::text, d.kind, d.resource_id, max(d.name) AS name, f.meter::int AS meter,
           CASE WHEN f.meter = 5 THEN max(f.quantity) ELSE sum(f.quantity) END::text AS quantity, sum(f.duration)::text AS duration,
           sum(f.unmeasured)::text AS unmeasured, bit_or(f.flags)::int AS flags
    FROM usage_day d
    CROSS JOIN LATERAL unnest(d.meters, d.quantities, d.duration_msec, d.unmeasured_msec, d.flags) AS f (meter, quantity, duration, unmeasured, flags)
    WHERE d.tenant_id = ${tenantId} AND d.start_at >= ${first}::timestamptz AND d.start_at <= ${last}::timestamptz
      AND d.start_at = ANY (${Prisma.sql`${[...days]}::timestamptz[]`})
    GROUP BY 1, 2, 3, f.meter`;
  return rows.map((row) => ({
    resource: { hostId: row.host_id, kind: row.kind as Resource['kind'], id: row.resource_id, name: row.name },
    meter: meterOfNumber(row.meter),
    quantity: row.quantity,
    durationMsec: row.duration,
    unmeasuredMsec: row.unmeasured,
    flags: toFlags(row.flags),
  }));
}

/** Adds up sums and rows of the same resource and meter; of peaks the most. */
function addUp(parts: readonly (UsageSum | UsageRow)[]): UsageSum[] {
  const sums = new Map<string, UsageSum>();
  for (const { resource, meter, quantity, durationMsec, unmeasuredMsec, flags } of parts) {
    const key = `${resource.hostId} ${resource.kind} ${resource.id} ${meter}`;
    const known = sums.get(key);
    if (known === undefined) {
      sums.set(key, { resource, meter, quantity, durationMsec, unmeasuredMsec, flags });
      continue;
    }
    const [before, more] = [BigInt(known.quantity), BigInt(quantity)];
    known.quantity = String(meter === 'memory-peak' ? (before > more ? before : more) : before + more);
    known.durationMsec = String(BigInt(known.durationMsec) + BigInt(durationMsec));
    known.unmeasuredMsec = String(BigInt(known.unmeasuredMsec) + BigInt(unmeasuredMsec));
    known.flags = [...new Set([...known.flags, ...flags])].sort();
    if (resource.name > known.resource.name) known.resource = resource;
  }
  return [...sums].sort(([left], [right]) => (left < right ? -1 : 1)).map(([, sum]) => sum);
}

/**
 * What a tenant used over [start, end), by resource and meter: whole days come of their sums, the rest of hours, and hours
 * that wait to be made anew of readings. Out of scope: nothing.
 */
export async function reportUsage(database: Database, scope: TenantScope, query: Query): Promise<UsageSum[]> {
  const { tenantId, start, end } = query;
  if (scope !== 'all' && !scope.includes(tenantId)) return [];
  return await inScope(database, 'all', async (transaction) => {
    const fresh = await freshHours(transaction, { start, end, cuts: [start, end] });
    const { days, rests } = divide(query, fresh);
    const parts: (UsageSum | UsageRow)[] = await sumDays(transaction, tenantId, days);
    for (const rest of rests) {
      const rows = await selectRows(transaction, { tenantId, ...rest });
      parts.push(...rows.filter((row) => !fresh.has(row.resource.hostId, row.start)));
    }
    parts.push(...(await liveRows(transaction, { tenantId, start, end, cuts: [start, end] }, fresh)));
    return addUp(parts);
  });
}
