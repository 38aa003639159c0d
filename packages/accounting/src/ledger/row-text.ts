import { meterIds, type Resource, type UsageRow } from '@bulkhead/model';

const meterPositions = new Map(meterIds.map((id, index) => [id, String(index).padStart(3, '0')] as const));

export const resourceText = ({ hostId, kind, id }: Pick<Resource, 'hostId' | 'kind' | 'id'>): string =>
  `${hostId}\t${kind}\t${JSON.stringify(id)}`;

/** Which of the rows of one owner and resource. */
export const rowMoment = ({ start, meter }: UsageRow): string => `${start}\t${meterPositions.get(meter)}`;

/** Identity of a row: two rows with the same key are the same row told twice. Sorted by it, rows are in their one order. */
export const rowKey = (row: UsageRow): string => `${row.tenantId ?? ''}\t${resourceText(row.resource)}\t${rowMoment(row)}`;

/** Everything else of a row: rows with the same key and another payload contradict each other. */
export const rowPayload = ({ resource, end, quantity, durationMsec, unmeasuredMsec, flags }: UsageRow): string =>
  `${end}\t${quantity}\t${durationMsec}\t${unmeasuredMsec}\t${flags.length === 0 ? '' : flags.toSorted().join()}\t${JSON.stringify(resource.name)}`;

export const inRowOrder = (rows: readonly UsageRow[]): UsageRow[] =>
  rows
    .map((row) => ({ row, key: rowKey(row) }))
    .sort((left, right) => (left.key < right.key ? -1 : left.key > right.key ? 1 : 0))
    .map(({ row }) => row);
