import { gapsOf } from '@bulkhead/accounting';
import type { Gap, Resource, TenantId, Timestamp } from '@bulkhead/model';
import type { Transaction } from './database.ts';
import { freshHours } from './ledger-live.ts';
import { loadReadings, readingIdOf } from './ledger-reading.ts';
import { ownedBy } from './ownership.ts';

interface Row {
  host_id: string;
  hour: Date;
  kind: string;
  resource_id: string;
  name: string;
  boot_id: string;
  cgroup_ino: string;
  reason: string;
  from_at: Date;
  to_at: Date;
  duration_msec: string;
}

const toGap = (row: Row): Gap => ({
  resource: { hostId: row.host_id, kind: row.kind as Resource['kind'], id: row.resource_id, name: row.name },
  incarnation: { hostId: row.host_id, bootId: row.boot_id, cgroupIno: BigInt.asUintN(64, BigInt(row.cgroup_ino)).toString() },
  reason: row.reason as Gap['reason'],
  from: row.from_at.toISOString(),
  to: row.to_at.toISOString(),
  durationMsec: row.duration_msec,
});

const textOf = ({ from, to, incarnation, resource, reason }: Gap): string =>
  `${from} ${to} ${incarnation.hostId} ${incarnation.bootId} ${incarnation.cgroupIno} ${resource.kind} ${resource.id} ${reason}`;

/** Gaps of what a tenant owned that touch the period, in order of time: as they were noted with each hour, and of the hours still open. */
export async function loadGaps(
  transaction: Transaction,
  { tenantId, start, end }: { tenantId: TenantId; start: Timestamp; end: Timestamp },
): Promise<Gap[]> {
  const owned = await ownedBy(transaction, { tenantId, start, end });
  const fresh = await freshHours(transaction, { start, end, cuts: [] });
  const rows = await transaction.$queryRaw<Row[]>`
    SELECT host_id::text, hour, kind, resource_id, name, boot_id::text, cgroup_ino::text, reason, from_at, to_at, duration_msec::text
    FROM usage_gap
    WHERE (tenant_id = ${tenantId} OR resource_key IN (SELECT decode(unnest(${owned.map(({ key }) => key)}::text[]), 'hex')))
      AND from_at < ${end}::timestamptz AND to_at > ${start}::timestamptz`;
  const gaps = new Map<string, Gap>();
  for (const row of rows) if (!fresh.has(row.host_id, row.hour.toISOString())) gaps.set(textOf(toGap(row)), toGap(row));
  const ids = owned.map(({ resource }) => readingIdOf(resource));
  for (const { hostId, startMsec, endMsec } of fresh.runs()) {
    const window = { hostId, start: new Date(startMsec).toISOString(), end: new Date(endMsec).toISOString() };
    const own = await loadReadings(transaction, { ...window, tenantId });
    const others = ids.length === 0 ? [] : await loadReadings(transaction, { ...window, ids });
    for (const gap of gapsOf([...own, ...others]))
      if (gap.to > window.start && gap.to <= window.end && gap.from < end && gap.to > start) gaps.set(textOf(gap), gap);
  }
  return [...gaps].sort(([left], [right]) => (left < right ? -1 : 1)).map(([, gap]) => gap);
}
