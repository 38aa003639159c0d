import type { EvidencePack, FinalisedInvoice, Holding, LedgerReading, MeterId } from '@bulkhead/model';
import { conservationOfTenant } from '../src/conservation.ts';
import { evidencePack, proofOf } from '../src/evidence/pack.ts';
import { type DraftInput, draftInvoice } from '../src/invoice/draft.ts';
import { rowsOfHoldings } from '../src/ledger/holdings.ts';
import { rowsOfReadings } from '../src/ledger/rows.ts';
import { cutsOf, planSegments } from '../src/rate/segments.ts';
import { account, assigned, finalised, hostId, march, priceOf, sha256, version } from './bill.ts';

const bootId = '0198a000-0000-4000-8000-000000000002';
const startMsec = Date.parse(march.start);
const prices = [
  priceOf('cpu-used', {
    model: 'graduated',
    tiers: [
      { from: '0', upTo: '0.1', unitPrice: '4.03' },
      { from: '0.1', upTo: 'max', unitPrice: '2.01' },
    ],
  }),
  priceOf('memory-used', { model: 'per-unit', unitPrice: '0.7' }, { included: { quantity: '0.05' } }),
  priceOf('running-time', { model: 'package', size: '1', packagePrice: '0.11' }),
  priceOf('address-held', { model: 'per-unit', unitPrice: '0.003' }),
];
const change = '2026-03-01T02:20:00.000Z';
const plans = [
  version({ prices, fees: [{ id: 'base', name: 'Base fee', amount: '5.00' }] }),
  version({ version: 2, effectiveFrom: change, prices, minimum: { amount: '30.00' } }),
];

/** A group's readings each minute; `off` minutes before and after the month so that it begins before it. */
function lifeOf(
  ino: number,
  minutes: readonly number[],
  facts: { cpu: (minute: number) => number; origin?: 'adopted'; kind?: 'cgroup'; begin?: number; end?: boolean; unmeasured?: number },
): LedgerReading[] {
  const begin = facts.begin ?? minutes[0] ?? 0;
  return minutes.map((minute, index) => {
    const age = Math.round((minute - begin) * 60_000);
    const meters: Partial<Record<MeterId, string>> = {
      'cpu-used': String(facts.cpu(minute)),
      'memory-used': String(Math.max(0, age) * 50_000),
      ...(facts.origin === 'adopted' ? {} : { 'running-time': String(Math.max(0, age)) }),
    };
    return {
      resource:
        facts.kind === 'cgroup'
          ? { hostId, kind: 'cgroup', id: '/system.slice/db.service', name: 'db.service' }
          : { hostId, kind: 'container', id: String(ino).padStart(16, '0'), name: `c${ino}` },
      incarnation: { hostId, bootId, cgroupIno: String(ino) },
      origin: facts.origin ?? 'created',
      tenantId: facts.kind === 'cgroup' ? null : 'acme',
      at: new Date(startMsec + Math.round(minute * 60_000)).toISOString(),
      boottimeMsec: String(100_000_000 + Math.round(minute * 60_000)),
      ...(facts.origin === 'adopted' ? {} : { ageMsec: String(Math.max(0, age)) }),
      final: facts.end === true && index === minutes.length - 1,
      meters,
      unmeasuredMsec: String(minute > 90 ? (facts.unmeasured ?? 0) : 0),
    };
  });
}

const every = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, index) => from + index + 0.25);

/** Readings of a tenant: a container older than the month, one that is reset and has a gap, one of 20 ms, an adopted unit. */
export const readings: LedgerReading[] = [
  ...lifeOf(11, every(-30, 200), { cpu: (minute) => Math.round((minute + 30) * 1_234_567), begin: -30, unmeasured: 7_777 }),
  ...lifeOf(12, [...every(5, 60), ...every(100, 170)], {
    cpu: (minute) => Math.round((minute < 120 ? minute : minute - 119) * 2_345_678),
    begin: 5,
    end: true,
  }),
  ...lifeOf(13, [33.3], { cpu: () => 17_345, begin: 33.299_666, end: true }),
  ...lifeOf(14, every(45, 150), { cpu: (minute) => 9_000_000_000 + Math.round(minute * 999_999), origin: 'adopted', kind: 'cgroup' }),
];
const moment = (minute: number) => ({
  at: new Date(startMsec + minute * 60_000).toISOString(),
  boottimeMsec: String(100_000_000 + minute * 60_000),
});
const holdings: Holding[] = [
  {
    resource: { hostId, kind: 'address', id: '10.0.0.7', name: '10.0.0.7' },
    tenantId: 'acme',
    meter: 'address-held',
    amount: '2',
    from: moment(10),
    to: moment(130),
  },
];
const ownerships = [
  {
    resource: { hostId, kind: 'cgroup', id: '/system.slice/db.service' },
    tenantId: 'acme',
    from: moment(40).at,
    to: moment(110).at,
  } as const,
];

/** A finalised invoice of a few hours of measured use, with all that it was made of. */
export function makeEvidence(changes: Partial<DraftInput> = {}): { pack: EvidencePack; invoice: FinalisedInvoice; input: DraftInput } {
  const terms = { period: march, plans, assignments: [assigned()] };
  const options = { cuts: cutsOf(march, planSegments(terms)), ownerships, period: march };
  const rows = [...rowsOfReadings(readings, options), ...rowsOfHoldings(holdings, options)].filter(({ tenantId }) => tenantId === 'acme');
  const window = { hostId, tenantId: 'acme', meter: 'cpu-used', start: moment(60).at, end: moment(120).at, tolerancePpm: 1000 } as const;
  const conservation = [conservationOfTenant(window, { parent: readings, ledger: readings.slice(1) })];
  const input = {
    ...terms,
    account: { ...account, taxRate: '0.19' },
    issuer: 'Bulkhead GmbH',
    rows,
    credits: [
      { creditId: '00000000-0000-4000-8000-000000000001', grantedAt: '2026-02-01T00:00:00.000Z', reason: 'sorry', balance: '1.50' },
    ],
    proof: proofOf({ readings, holdings, conservation, options }),
    ...changes,
  };
  const invoice = finalised(draftInvoice(input, sha256), 1);
  return { pack: evidencePack(invoice, { ...input, proof: input.proof ?? proofOf({ readings, options }) }), invoice, input };
}
