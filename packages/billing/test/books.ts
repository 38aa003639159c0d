import { randomUUID } from 'node:crypto';
import { type Database, ensureTenant, ingest, setAccount, setIssuer, upsertHost } from '@bulkhead/db';
import type { BillingSettings, JournalRecord, PlanProposal } from '@bulkhead/model';
import { atMinute, makeReading, type ReadingFacts, toEntries } from '../../db/test/journal.ts';

/** A host, tenants with accounts, and prices, in a database of a test's own. The month is January 2026. */
export const january = '2026-01';
/** After the grace of January has gone by. */
export const later = new Date('2026-02-10T00:00:00.000Z');
export const act = { by: 'test', now: later };

export const settings = (tenantId: string, changes: Partial<BillingSettings> = {}): BillingSettings => ({
  tenantId,
  name: tenantId.toUpperCase(),
  zone: 'UTC',
  rounding: 'half-even',
  taxRate: '0.19',
  taxName: 'VAT',
  graceHours: 72,
  currency: 'EUR',
  language: 'en',
  ...changes,
});

export const proposal = (changes: Partial<PlanProposal> = {}): PlanProposal => ({
  planId: 'standard',
  name: 'Standard',
  currency: 'EUR',
  effectiveFrom: '2025-01-01T00:00:00.000Z',
  prices: [
    { meter: 'cpu-used', price: { model: 'per-unit', unitPrice: '0.40' } },
    {
      meter: 'memory-used',
      price: {
        model: 'graduated',
        tiers: [
          { from: '0', upTo: '0.5', unitPrice: '0.10' },
          { from: '0.5', upTo: 'max', unitPrice: '0.05' },
        ],
      },
    },
  ],
  fees: [{ id: 'base', name: 'Base fee', amount: '5.00', proration: 'second' }],
  ...changes,
});

export interface TestHost {
  hostId: string;
  bootId: string;
  /** Stores readings as the collector does. */
  store(readings: readonly Partial<ReadingFacts>[]): Promise<void>;
  /** Stores any records so. */
  tell(records: readonly JournalRecord[]): Promise<void>;
}

export async function makeHost(collector: Database, hostname = 'alpha'): Promise<TestHost> {
  const [hostId, bootId] = [randomUUID(), randomUUID()];
  await upsertHost(collector, {
    hostId,
    instance: '0aa',
    hostname,
    bootId,
    bootedAt: atMinute(0),
    kernelRelease: '6.1.0',
    architecture: 'x64',
    cpus: 2,
    memoryBytes: 1024,
    cgroupSetup: 'hybrid',
    agentVersion: '0.0.0',
    agentStartedAt: atMinute(0),
    warnings: [],
  });
  let after = 0;
  const tell = async (records: readonly JournalRecord[]): Promise<void> => {
    ({ seq: after } = await ingest(collector, { hostId, after, entries: toEntries(records, after) }));
  };
  return {
    hostId,
    bootId,
    tell,
    store: (facts) => tell(facts.map((fact) => makeReading({ hostId, bootId, minute: 0, ...fact }))),
  };
}

/** Readings each minute from one to another, half a core busy and 256 MiB held. */
export const minutes = (from: number, to: number, facts: Partial<ReadingFacts> = {}): Partial<ReadingFacts>[] =>
  Array.from({ length: to - from + 1 }, (_, index) => ({ minute: from + index, ...facts }));

/** A reading of after January, so that the host is not silent. */
export const lateReading = (facts: Partial<ReadingFacts> = {}): Partial<ReadingFacts> => ({
  minute: 31 * 1440 + 30,
  container: 999,
  tenantId: 'nobody',
  ...facts,
});

export async function makeTenant(database: Database, tenantId: string, changes: Partial<BillingSettings> = {}): Promise<void> {
  await ensureTenant(database, tenantId);
  await setAccount(database, settings(tenantId, changes));
}

export const makeIssuer = (database: Database): Promise<void> =>
  setIssuer(database, { name: 'Bulkhead GmbH', details: 'Werftweg 1, Bremen', series: 'T' });
