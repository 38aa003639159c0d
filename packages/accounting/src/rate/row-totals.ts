import {
  type BillingPeriod,
  type MeterId,
  meterFacts,
  meterIds,
  Problem,
  type Resource,
  type TenantId,
  type UsageRow,
} from '@bulkhead/model';
import type { Sha256 } from '../canonical.ts';
import { resourceKey } from '../ledger/owners.ts';
import { resourceText, rowMoment, rowPayload } from '../ledger/row-text.ts';
import type { SegmentUse } from './meter-lines.ts';
import type { PlanSegment } from './segments.ts';

/** What a tenant's rows of a period come to. */
export interface RowTotals {
  /** Of each meter that has rows, by segment; the last one is time without a plan. */
  uses: Map<MeterId, SegmentUse[]>;
  /** Time of gauges, and the part of it over which they were not measured. */
  durationMsec: bigint;
  unmeasuredMsec: bigint;
  /** Of all rows in their one order, each once: the same whatever order they came in. */
  hash: string;
}

/** Rows of each resource, resources in order of host, kind and id. Far cheaper than a key of all of it for each row. */
function* byResource(rows: readonly UsageRow[]): Generator<{ resource: Resource; rows: UsageRow[] }> {
  const hosts = new Map<string, Map<string, Map<string, UsageRow[]>>>();
  const within = <K, V>(map: Map<K, V>, key: K, make: () => V): V => {
    const known = map.get(key);
    if (known !== undefined) return known;
    const made = make();
    map.set(key, made);
    return made;
  };
  for (const row of rows) {
    const { hostId, kind, id } = row.resource;
    const kinds = within(hosts, hostId, () => new Map());
    within(
      within(kinds, kind, () => new Map()),
      id,
      () => [] as UsageRow[],
    ).push(row);
  }
  const inOrder = <T>(map: ReadonlyMap<string, T>): [string, T][] => [...map].sort(([left], [right]) => (left < right ? -1 : 1));
  for (const [, kinds] of inOrder(hosts))
    for (const [, ids] of inOrder(kinds)) for (const [, own] of inOrder(ids)) yield { resource: (own[0] as UsageRow).resource, rows: own };
}

/** Rows in their one order, each once. Throws Problem `conflict` where a row was told twice with different values. */
function distinct(rows: readonly UsageRow[]): { text: string; rows: UsageRow[] } {
  const texts: string[] = [];
  const kept: UsageRow[] = [];
  for (const { resource, rows: own } of byResource(rows)) {
    texts.push(resourceText(resource));
    const keyed = own.map((row) => ({ key: rowMoment(row), row }));
    keyed.sort((left, right) => (left.key < right.key ? -1 : left.key > right.key ? 1 : 0));
    let last = { key: '', payload: '' };
    for (const { key, row } of keyed) {
      const payload = rowPayload(row);
      if (key === last.key) {
        if (payload === last.payload) continue;
        throw new Problem('conflict', `${row.meter} of ${row.resource.name} at ${row.start} is told twice with different values`);
      }
      last = { key, payload };
      texts.push(`${key}\t${payload}`);
      kept.push(row);
    }
  }
  return { text: texts.join('\n'), rows: kept };
}

const isUncertain = ({ flags }: UsageRow): boolean =>
  flags.length > 0 && flags.some((flag) => flag === 'estimate' || flag === 'spread' || flag === 'unmeasured');

/**
 * Adds up the rows of one tenant. Throws Problem `invalid` for a row of somebody else, one outside the period, and one
 * that spans a change of prices.
 */
export function addRows(
  rows: readonly UsageRow[],
  { tenantId, period, segments }: { tenantId: TenantId; period: BillingPeriod; segments: readonly PlanSegment[] },
  sha256: Sha256,
): RowTotals {
  const stranger = rows.find((row) => row.tenantId !== tenantId);
  if (stranger !== undefined)
    throw new Problem(
      'invalid',
      `a row of ${stranger.tenantId ?? 'nobody'} is among those of ${tenantId}: ${stranger.meter} at ${stranger.start}`,
    );
  const { text, rows: ordered } = distinct(rows);
  const uses = new Map<MeterId, SegmentUse[]>();
  const peaks = new Map<MeterId, Map<string, bigint>[]>();
  let durationMsec = 0n;
  let unmeasuredMsec = 0n;
  let segment = 0;
  for (const row of ordered) {
    if (row.start < period.start || row.end > period.end)
      throw new Problem('invalid', `${row.meter} of ${row.resource.name} at ${row.start} lies outside of ${period.month}`);
    const isIn = ({ start, end }: PlanSegment): boolean => start <= row.start && row.end <= end;
    const current = segments[segment];
    if (current === undefined || !isIn(current)) {
      segment = segments.findIndex(isIn);
      if (segment < 0 && segments.some(({ start, end }) => row.start < end && start < row.end))
        throw new Problem('invalid', `${row.meter} of ${row.resource.name} at ${row.start} spans a change of prices`, {
          remedy: 'divide rows at the moments that cutsOf tells',
        });
    }
    let parts = uses.get(row.meter);
    if (parts === undefined) {
      parts = Array.from({ length: segments.length + 1 }, () => ({ quantity: 0n, uncertain: false }));
      uses.set(row.meter, parts);
    }
    const position = segment < 0 ? segments.length : segment;
    const part = parts[position] as SegmentUse;
    const quantity = BigInt(row.quantity);
    const { kind } = meterFacts[row.meter];
    if (kind === 'peak') notePeak(peaks, { row, position, quantity, segments: segments.length });
    else part.quantity += quantity;
    part.uncertain ||= isUncertain(row);
    if (kind === 'integral') {
      durationMsec += BigInt(row.durationMsec);
      unmeasuredMsec += BigInt(row.unmeasuredMsec);
    }
  }
  for (const [meter, positions] of peaks)
    for (const [position, resources] of positions.entries())
      (uses.get(meter)?.[position] as SegmentUse).quantity = resources.values().reduce((sum, peak) => sum + peak, 0n);
  // In one order, whatever came first.
  const ordinal = meterIds.filter((id) => uses.has(id)).map((id) => [id, uses.get(id) as SegmentUse[]] as const);
  return { uses: new Map(ordinal), durationMsec, unmeasuredMsec, hash: sha256(text) };
}

/** A peak is the most of each resource, added up over resources and never over time. */
function notePeak(
  peaks: Map<MeterId, Map<string, bigint>[]>,
  { row, position, quantity, segments }: { row: UsageRow; position: number; quantity: bigint; segments: number },
): void {
  let positions = peaks.get(row.meter);
  if (positions === undefined) {
    positions = Array.from({ length: segments + 1 }, () => new Map());
    peaks.set(row.meter, positions);
  }
  const resources = positions[position] as Map<string, bigint>;
  const key = resourceKey(row.resource);
  if (quantity > (resources.get(key) ?? -1n)) resources.set(key, quantity);
}
