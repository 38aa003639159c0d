import { meterIds, type UsageRow } from '@bulkhead/model';
import { canonicalJson } from '../canonical.ts';

const meterPositions = new Map(meterIds.map((id, index) => [id, String(index).padStart(3, '0')] as const));

/** Identity of a row: two rows with the same key are the same row told twice. Sorted by it, rows are in their one order. */
export const rowKey = ({ tenantId, resource, meter, start }: UsageRow): string =>
  `${tenantId ?? ''}\t${resource.hostId}\t${resource.kind}\t${JSON.stringify(resource.id)}\t${start}\t${meterPositions.get(meter)}`;

/** Everything else of a row: rows with the same key and another payload contradict each other. */
export const rowPayload = ({ resource, end, quantity, durationMsec, unmeasuredMsec, flags }: UsageRow): string =>
  `${end}\t${quantity}\t${durationMsec}\t${unmeasuredMsec}\t${flags.length === 0 ? '' : flags.toSorted().join()}\t${canonicalJson(resource.name)}`;

export const inRowOrder = (rows: readonly UsageRow[]): UsageRow[] =>
  rows
    .map((row) => ({ row, key: rowKey(row) }))
    .sort((left, right) => (left.key < right.key ? -1 : left.key > right.key ? 1 : 0))
    .map(({ row }) => row);
