import type { ReadingRecord } from '@bulkhead/model';
import { Prisma } from './generated/client.ts';
import { toJsonText } from './json-text.ts';
import { presenceSql } from './ledger-column.ts';
import { meters } from './meter.ts';
import { toSignedIno } from './reading-row.ts';
import { goesOn, incarnationKey, type Standing, standingOf } from './steadiness.ts';

/** What a page of records says of one incarnation. */
interface Seen {
  /** The earliest record of the page. */
  first: ReadingRecord;
  firstAt: string;
  finalAt: string | undefined;
  steady: boolean;
  last: Standing;
}

/** JSON rows, one an incarnation: its identity, what is known of it, and the earliest reading of the page. */
export function toIncarnationRows(records: readonly ReadingRecord[]): string {
  const seen = new Map<string, Seen>();
  for (const record of records) {
    const key = incarnationKey(record);
    const known = seen.get(key);
    const finalAt = record.final ? record.at : undefined;
    const standing = standingOf(record);
    if (known === undefined) {
      seen.set(key, { first: record, firstAt: record.at, finalAt, steady: true, last: standing });
      continue;
    }
    if (record.at < known.firstAt) known.firstAt = record.at;
    known.finalAt ??= finalAt;
    known.steady &&= goesOn(known.last, standing);
    known.last = standing;
  }
  return toJsonText(
    seen
      .values()
      .map(({ first, firstAt, finalAt, steady }) => {
        const { hostId, bootId, cgroupIno } = first.incarnation;
        const { values, presence } = standingOf(first);
        return [
          ...[
            hostId,
            bootId,
            toSignedIno(cgroupIno),
            first.containerId,
            first.tenantId,
            first.containerName,
            firstAt,
            finalAt ?? null,
            steady,
          ],
          ...[presence, first.boottimeMsec, first.at, ...meters.map(({ field }) => values[field] ?? null)],
        ];
      })
      .toArray(),
  );
}

const meterColumns = meters.map(({ column }) => column);
const fromRows = (rows: string): Prisma.Sql => Prisma.sql`
  (SELECT (r ->> 0)::uuid AS host_id, (r ->> 1)::uuid AS boot_id, (r ->> 2)::bigint AS cgroup_ino, r ->> 3 AS container_id,
          r ->> 4 AS tenant_id, r ->> 5 AS container_name, (r ->> 6)::timestamptz AS first_at, (r ->> 7)::timestamptz AS final_at,
          (r ->> 8)::boolean AS steady, r ->> 9 AS presence, (r ->> 10)::bigint AS boottime_msec, (r ->> 11)::timestamptz AS at,
          ${Prisma.raw(meterColumns.map((column, index) => `(r ->> ${index + 12})::numeric AS ${column}`).join(', '))}
   FROM jsonb_array_elements(${rows}::jsonb) r) n`;

/** Makes incarnations known that are not. */
export const insertIncarnations = (rows: string): Prisma.Sql => Prisma.sql`
  INSERT INTO incarnation (host_id, boot_id, cgroup_ino, container_id, tenant_id, container_name, first_at, final_at, steady)
  SELECT host_id, boot_id, cgroup_ino, container_id, tenant_id, container_name, first_at, final_at, steady FROM ${fromRows(rows)}
  ON CONFLICT DO NOTHING`;

/**
 * Notes the end of incarnations and whether they stay steady. Runs before the readings of the page are inserted: the
 * page's earliest is held against the latest there is. One that comes late, or again, is not steady either: usage then
 * looks at every row, which is always right.
 */
export const updateIncarnations = (rows: string): Prisma.Sql => Prisma.sql`
  UPDATE incarnation i
  SET first_at = least(i.first_at, n.first_at), final_at = coalesce(i.final_at, n.final_at), steady = i.steady AND n.steady AND n.follows
  FROM (
    SELECT n.*, l.host_id IS NULL OR NOT coalesce(
      l.boottime_msec >= n.boottime_msec OR l.at > n.at OR ${Prisma.raw(presenceSql('l'))} <> n.presence
      OR abs(extract(epoch FROM n.at - l.at) * 1000 - (n.boottime_msec - l.boottime_msec)) > 1000 + (n.boottime_msec - l.boottime_msec) / 1000.0
      ${Prisma.raw(meterColumns.map((column) => `OR l.${column} > n.${column} OR (l.${column} IS NULL) <> (n.${column} IS NULL)`).join(' '))},
      false) AS follows
    FROM ${fromRows(rows)}
    LEFT JOIN LATERAL (
      SELECT * FROM reading_minute m
      WHERE m.host_id = n.host_id AND m.boot_id = n.boot_id AND m.cgroup_ino = n.cgroup_ino AND m.container_id = n.container_id
      ORDER BY m.boottime_msec DESC LIMIT 1
    ) l ON true
  ) n
  WHERE i.host_id = n.host_id AND i.boot_id = n.boot_id AND i.cgroup_ino = n.cgroup_ino AND i.container_id = n.container_id
    AND (n.first_at < i.first_at OR (n.final_at IS NOT NULL AND i.final_at IS NULL) OR (i.steady AND NOT (n.steady AND n.follows)))`;
