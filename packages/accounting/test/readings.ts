import type { LedgerReading, MeterId, UsageRow } from '@bulkhead/model';

/** Readings as the ledger takes them, minutes after the beginning of 2026, for tests. */
export const hostId = '0198a000-0000-7000-8000-000000000001';
export const bootId = '0198a000-0000-4000-8000-000000000002';
const epochMsec = Date.UTC(2026, 0, 1);
export const at = (minute: number): string => new Date(epochMsec + Math.round(minute * 60_000)).toISOString();

export interface Facts {
  minute: number;
  cpu?: number | undefined;
  memory?: number | undefined;
  peak?: number | undefined;
  ino?: string;
  boot?: string;
  origin?: 'created' | 'adopted';
  tenantId?: string | null;
  ageMinutes?: number | undefined;
  unmeasuredMsec?: number;
  final?: boolean;
  /** By how much the wall clock is off at this reading. */
  wallOffMsec?: number;
}

export function reading(facts: Facts): LedgerReading {
  const { minute, ino = '7', boot = bootId, origin = 'created', tenantId = 'acme', final = false, wallOffMsec = 0 } = facts;
  const meters: Partial<Record<MeterId, string>> = {};
  if (facts.cpu !== undefined) meters['cpu-used'] = String(facts.cpu);
  if (facts.memory !== undefined) meters['memory-used'] = String(facts.memory);
  if (facts.peak !== undefined) meters['memory-peak'] = String(facts.peak);
  return {
    resource: { hostId, kind: 'container', id: ino.padStart(16, '0'), name: 'burn' },
    incarnation: { hostId, bootId: boot, cgroupIno: ino },
    origin,
    tenantId,
    at: new Date(epochMsec + Math.round(minute * 60_000) + wallOffMsec).toISOString(),
    boottimeMsec: String(1_000_000 + Math.round(minute * 60_000)),
    ...(facts.ageMinutes === undefined ? {} : { ageMsec: String(Math.round(facts.ageMinutes * 60_000)) }),
    final,
    meters,
    unmeasuredMsec: String(facts.unmeasuredMsec ?? 0),
  };
}

export const of = (rows: readonly UsageRow[], meter: MeterId) => rows.filter((row) => row.meter === meter);
export const total = (rows: readonly UsageRow[]): bigint => rows.reduce((sum, { quantity }) => sum + BigInt(quantity), 0n);
