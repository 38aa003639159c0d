import type { Resource, TenantId, UsageRow } from '@bulkhead/model';
import type { Transaction } from './database.ts';
import { Prisma } from './generated/client.ts';
import { toJsonText } from './json-text.ts';
import { meterNumber, meterOfNumber, resourceKeyOf, toFlagBits, toFlags } from './ledger-code.ts';

/** Rows of one owner, resource and part of an hour are one stored row, whose arrays go over its meters. */
interface StoredRow {
  tenant_id: string;
  host_id: string;
  start_msec: string;
  end_msec: string;
  kind: string;
  resource_id: string;
  name: string;
  meters: number[];
  quantities: string[];
  duration_msec: string[];
  unmeasured_msec: string[];
  flags: number[];
}

const placeOf = ({ tenantId, resource, start }: UsageRow): string =>
  `${tenantId ?? ''} ${resource.hostId} ${start} ${resource.kind} ${resource.id}`;

/** Adds rows to usage_hour, whose partition is there. */
export async function insertRows(transaction: Transaction, rows: readonly UsageRow[]): Promise<number> {
  if (rows.length === 0) return 0;
  const stored = [...Map.groupBy(rows, placeOf).values()].map((group) => {
    const [first] = group as [UsageRow, ...UsageRow[]];
    const { hostId, kind, id } = first.resource;
    const ordered = group.toSorted((left, right) => meterNumber(left.meter) - meterNumber(right.meter));
    // Of a resource that was named anew within the hour each meter may tell its own name: the row has the one told last.
    const name = ordered
      .map(({ resource }) => resource.name)
      .sort()
      .at(-1);
    return [
      ...[first.tenantId ?? '', hostId, first.start, first.end, kind, id, resourceKeyOf(first.resource), name],
      `{${ordered.map(({ meter }) => meterNumber(meter)).join()}}`,
      `{${ordered.map(({ quantity }) => quantity).join()}}`,
      `{${ordered.map(({ durationMsec }) => durationMsec).join()}}`,
      `{${ordered.map(({ unmeasuredMsec }) => unmeasuredMsec).join()}}`,
      `{${ordered.map(({ flags }) => toFlagBits(flags)).join()}}`,
    ];
  });
  return await transaction.$executeRaw`
    INSERT INTO usage_hour (tenant_id, host_id, start_at, end_at, kind, resource_id, resource_key, name, meters, quantities, duration_msec,
                            unmeasured_msec, flags)
    SELECT r ->> 0, (r ->> 1)::uuid, (r ->> 2)::timestamptz, (r ->> 3)::timestamptz, r ->> 4, r ->> 5, decode(r ->> 6, 'hex'), r ->> 7,
           (r ->> 8)::smallint[], (r ->> 9)::numeric[], (r ->> 10)::bigint[], (r ->> 11)::bigint[], (r ->> 12)::smallint[]
    FROM jsonb_array_elements(${toJsonText(stored)}::jsonb) r`;
}

/** Columns of usage_hour as text: numbers that PostgreSQL's driver would make objects of, one by one. */
const selected = Prisma.raw(`tenant_id, host_id::text, (extract(epoch FROM start_at) * 1000)::bigint::text AS start_msec,
  (extract(epoch FROM end_at) * 1000)::bigint::text AS end_msec, kind, resource_id, name, meters::int[] AS meters,
  quantities::text[] AS quantities, duration_msec::text[] AS duration_msec, unmeasured_msec::text[] AS unmeasured_msec, flags::int[] AS flags`);

const toTimestamp = (msec: string): string => new Date(Number(msec)).toISOString();

function toRows(row: StoredRow): UsageRow[] {
  const tenantId: TenantId | null = row.tenant_id === '' ? null : row.tenant_id;
  const resource: Resource = { hostId: row.host_id, kind: row.kind as Resource['kind'], id: row.resource_id, name: row.name };
  const [start, end] = [toTimestamp(row.start_msec), toTimestamp(row.end_msec)];
  return row.meters.map((number, index) => ({
    tenantId,
    resource,
    meter: meterOfNumber(number),
    start,
    end,
    quantity: row.quantities[index] ?? '0',
    durationMsec: row.duration_msec[index] ?? '0',
    unmeasuredMsec: row.unmeasured_msec[index] ?? '0',
    flags: toFlags(row.flags[index] ?? 0),
  }));
}

/** Stored rows of a tenant that begin within [start, end), in no order. */
export async function selectRows(
  transaction: Transaction,
  { tenantId, start, end }: { tenantId: TenantId | null; start: string; end: string },
): Promise<UsageRow[]> {
  const rows = await transaction.$queryRaw<StoredRow[]>`
    SELECT ${selected} FROM usage_hour
    WHERE tenant_id = ${tenantId ?? ''} AND start_at >= ${start}::timestamptz AND start_at < ${end}::timestamptz`;
  return rows.flatMap(toRows);
}
