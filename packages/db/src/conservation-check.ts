import { checkConservation, conservationOfHost, growthWithin } from '@bulkhead/accounting';
import type { Conservation, HostId, MeterId } from '@bulkhead/model';
import { type GroupSums, loadCgroupSums, sumsBounds } from './cgroup-sums.ts';
import { type Database, inScope, type Transaction } from './database.ts';
import { toJsonText } from './json-text.ts';
import { hourMsec } from './ledger-code.ts';
import { hostMark } from './ledger-mark.ts';
import type { RolledUp } from './ledger-rollup.ts';
import { selectUsage, type UsageRow } from './usage.ts';

/** Of the meters the one that the kernel sums up over the dead too, on both versions. */
const meter: MeterId = 'cpu-used';
/** 0.1 %. */
const tolerancePpm = 1000;
/** Microseconds: what two processors may use while the files of some containers are read. */
const allowance = '10000';

interface Hour {
  hostId: HostId;
  start: string;
  end: string;
}

/** What readings say of each tenant between two moments: by the same SQL as its usage. */
async function ledgerOf(transaction: Transaction, { hostId, start, end }: Hour): Promise<Map<string, bigint>> {
  const lines = await transaction.$queryRaw<UsageRow[]>(selectUsage('all', { hostId, from: start, to: end }));
  const sums = new Map<string, bigint>();
  for (const { tenant_id, cpu_usage_usec } of lines) sums.set(tenant_id, (sums.get(tenant_id) ?? 0n) + BigInt(cpu_usage_usec ?? 0));
  return sums;
}

/** The group of ours that lies directly below the root, or holds our own somewhere below it. */
const holds = (top: string, instance: string | undefined): boolean =>
  instance !== undefined && (instance === top || instance.startsWith(`${top}/`));

/** Checks of an hour: of each tenant, then of the host. None where the root was not read twice. */
async function checksOf(transaction: Transaction, hour: Hour): Promise<Conservation[]> {
  const bounds = await sumsBounds(transaction, hour);
  if (bounds === undefined) return [];
  const window = { ...bounds, hostId: hour.hostId, meter, tolerancePpm, allowance };
  const groups = await loadCgroupSums(transaction, window);
  const ledger = await ledgerOf(transaction, window);
  const growth = ({ readings }: GroupSums): bigint => growthWithin(readings, window);
  const ofRole = (role: GroupSums['role']) => groups.filter((group) => group.role === role);
  const parents = ofRole('tenant');
  const instance = ofRole('instance')[0];
  const tenantIds = new Set([...ledger.keys(), ...parents.flatMap(({ tenantId }) => (tenantId === null ? [] : [tenantId]))]);
  const ofTenants = [...tenantIds].sort().map((tenantId) => {
    const parent = parents.filter((group) => group.tenantId === tenantId).reduce((sum, group) => sum + growth(group), 0n);
    return checkConservation({ ...window, tenantId }, parent, [{ name: 'ledger', quantity: ledger.get(tenantId) ?? 0n }]);
  });
  const ours = instance === undefined ? 0n : growth(instance);
  const others = ofRole('top').flatMap((group) => {
    if (!holds(group.path, instance?.path)) return [{ name: group.path.slice(0, 200), quantity: growth(group) }];
    // Below a group of others: what it uses beside us is theirs.
    const beside = growth(group) - ours;
    return beside > 0n && group.path !== instance?.path ? [{ name: `${group.path} beside us`.slice(0, 200), quantity: beside }] : [];
  });
  const root = ofRole('root').reduce((sum, group) => sum + growth(group), 0n);
  const tenants = [...ledger].sort(([left], [right]) => (left < right ? -1 : 1)).map(([tenantId, quantity]) => ({ tenantId, quantity }));
  return [...ofTenants, conservationOfHost(window, { root, instance: ours, others, tenants })];
}

async function store(transaction: Transaction, { hostId, start }: Hour, checks: readonly Conservation[]): Promise<void> {
  await transaction.$executeRaw`DELETE FROM conservation WHERE host_id = ${hostId}::uuid AND hour = ${start}::timestamptz`;
  await transaction.$executeRaw`
    INSERT INTO conservation (host_id, tenant_id, hour, meter, start_at, end_at, counter, explained, unexplained, unexplained_ppm,
                              tolerance_ppm, allowance, holds)
    SELECT ${hostId}::uuid, coalesce(r ->> 'tenantId', ''), ${start}::timestamptz, r ->> 'meter', (r ->> 'start')::timestamptz,
           (r ->> 'end')::timestamptz, (r ->> 'counter')::numeric, r -> 'explained', (r ->> 'unexplained')::numeric,
           (r ->> 'unexplainedPpm')::bigint, (r ->> 'tolerancePpm')::int, (r ->> 'allowance')::numeric, (r ->> 'holds')::boolean
    FROM jsonb_array_elements(${toJsonText(checks)}::jsonb) r`;
}

/**
 * Holds the ledger of the oldest marked hour before `before` against the kernel's own sums, and moves on: call it until it
 * has finished. An hour that goes on is not checked.
 */
export async function checkLedger(database: Database, hostId: HostId, before: Date): Promise<RolledUp> {
  return await inScope(database, 'all', async (transaction) => {
    const [mark] = await transaction.$queryRaw<{ hour: Date }[]>`
      WITH oldest AS MATERIALIZED (
        SELECT hour FROM usage_dirty WHERE host_id = ${hostId}::uuid AND tenant_id = ${hostMark} AND hour <= ${new Date(before.getTime() - hourMsec)}
        ORDER BY hour LIMIT 1 FOR UPDATE SKIP LOCKED)
      DELETE FROM usage_dirty d USING oldest
      WHERE d.host_id = ${hostId}::uuid AND d.tenant_id = ${hostMark} AND d.hour = oldest.hour RETURNING d.hour`;
    if (mark === undefined) return { rows: 0, finished: true };
    const hour = { hostId, start: mark.hour.toISOString(), end: new Date(mark.hour.getTime() + hourMsec).toISOString() };
    const checks = await checksOf(transaction, hour);
    // Where sums of that time are gone, what was found then stands.
    if (checks.length > 0) await store(transaction, hour, checks);
    return { rows: checks.length, finished: false };
  });
}

/** Checks of the time from the last sums at or before a moment to the last ones there are: of an hour that goes on, say. */
export async function checkSince(database: Database, hostId: HostId, start: string): Promise<Conservation[]> {
  const end = new Date(Date.now() + hourMsec).toISOString();
  return await inScope(database, 'all', (transaction) => checksOf(transaction, { hostId, start, end }));
}
