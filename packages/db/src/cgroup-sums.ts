import type { CgroupSum, CgroupSums, HostId, LedgerReading, Timestamp } from '@bulkhead/model';
import type { Transaction } from './database.ts';
import { toJsonText } from './json-text.ts';
import { hostMark, type Marks } from './ledger-mark.ts';
import { toSignedIno } from './reading-row.ts';

/** Stores sums of groups; those that are there stay as they are. */
export async function writeCgroupSums(
  transaction: Transaction,
  { hostId, sums, marks }: { hostId: HostId; sums: readonly CgroupSums[]; marks: Marks },
): Promise<void> {
  const rows = sums.flatMap(({ bootId, at, boottimeMsec, groups }) =>
    groups.map(({ role, path, tenantId, cgroupIno, meters }) => [
      bootId,
      toSignedIno(cgroupIno),
      boottimeMsec,
      role,
      path,
      tenantId ?? null,
      at,
      meters,
    ]),
  );
  for (const { at } of sums) marks.add(hostMark, at, 0);
  await transaction.$executeRaw`
    INSERT INTO group_reading (host_id, boot_id, cgroup_ino, boottime_msec, role, path, tenant_id, at, meters)
    SELECT ${hostId}::uuid, (r ->> 0)::uuid, (r ->> 1)::bigint, (r ->> 2)::bigint, r ->> 3, r ->> 4, r ->> 5, (r ->> 6)::timestamptz, r -> 7
    FROM jsonb_array_elements(${toJsonText(rows)}::jsonb) r ON CONFLICT DO NOTHING`;
}

/** When the root was last read at or before a moment, or where there is no such reading, first after it. */
export async function sumsBounds(
  transaction: Transaction,
  { hostId, start, end }: { hostId: HostId; start: Timestamp; end: Timestamp },
): Promise<{ start: Timestamp; end: Timestamp } | undefined> {
  const [bounds] = await transaction.$queryRaw<{ begins: Date | null; ends: Date | null }[]>`
    SELECT coalesce(
      (SELECT max(at) FROM group_reading WHERE host_id = ${hostId}::uuid AND role = 'root' AND at <= ${start}::timestamptz),
      (SELECT min(at) FROM group_reading WHERE host_id = ${hostId}::uuid AND role = 'root' AND at > ${start}::timestamptz)) AS begins,
      (SELECT max(at) FROM group_reading WHERE host_id = ${hostId}::uuid AND role = 'root' AND at <= ${end}::timestamptz) AS ends`;
  if (bounds === undefined || bounds.begins === null || bounds.ends === null || bounds.begins >= bounds.ends) return undefined;
  return { start: bounds.begins.toISOString(), end: bounds.ends.toISOString() };
}

export interface GroupSums {
  role: CgroupSum['role'];
  path: string;
  tenantId: string | null;
  readings: LedgerReading[];
}

/**
 * Readings of summing groups from one reading of the root to another, both included, by group. A group that is not among
 * the first ones was made after them, so that its counters began at zero.
 */
export async function loadCgroupSums(
  transaction: Transaction,
  { hostId, start, end }: { hostId: HostId; start: Timestamp; end: Timestamp },
): Promise<GroupSums[]> {
  const rows = await transaction.$queryRaw<
    {
      boot_id: string;
      cgroup_ino: string;
      boottime_msec: string;
      role: CgroupSum['role'];
      path: string;
      tenant_id: string | null;
      at: Date;
      meters: LedgerReading['meters'];
    }[]
  >`
    SELECT boot_id::text, cgroup_ino::text, boottime_msec::text, role, path, tenant_id, at, meters FROM group_reading
    WHERE host_id = ${hostId}::uuid AND role IN ('root', 'top', 'instance', 'tenant') AND at >= ${start}::timestamptz AND at <= ${end}::timestamptz`;
  const groups = new Map<string, GroupSums>();
  for (const { boot_id, cgroup_ino, boottime_msec, role, path, tenant_id, at, meters } of rows) {
    const key = `${role} ${path}`;
    const group = groups.get(key) ?? { role, path, tenantId: tenant_id, readings: [] };
    groups.set(key, group);
    group.readings.push({
      resource: { hostId, kind: 'cgroup', id: path, name: path },
      incarnation: { hostId, bootId: boot_id, cgroupIno: BigInt.asUintN(64, BigInt(cgroup_ino)).toString() },
      origin: 'created',
      tenantId: tenant_id,
      at: at.toISOString(),
      boottimeMsec: boottime_msec,
      final: false,
      meters,
      unmeasuredMsec: '0',
    });
  }
  return [...groups.values()].sort((left, right) => (`${left.role} ${left.path}` < `${right.role} ${right.path}` ? -1 : 1));
}
