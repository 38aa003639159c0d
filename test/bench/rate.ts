import { createHash, hash } from 'node:crypto';
import { canonicalJson, type DraftInput, draftInvoice, monthOf } from '@bulkhead/accounting';
import { type BillingAccount, type MeterId, PlanVersion, type UsageRow } from '@bulkhead/model';
import { type BenchResult, median } from './result.ts';

const tenants = 1000;
const rowsPerTenant = 1000;
const rounds = 5;
const aimPerSecond = 100_000;
const hostId = '0198a000-0000-7000-8000-000000000001';
const period = monthOf('2026-03', 'Europe/Berlin');
const startMsec = Date.parse(period.start);
const meters = ['cpu-used', 'memory-used', 'memory-allocated', 'io-write-bytes', 'network-out-bytes'] as const satisfies MeterId[];

const change = '2026-03-15T12:00:00.000Z';
const version = (number: number, effectiveFrom: string, unitPrice: string): PlanVersion =>
  PlanVersion.parse({
    planId: 'standard',
    version: number,
    name: 'Standard',
    currency: 'EUR',
    effectiveFrom,
    prices: [
      {
        meter: 'cpu-used',
        price: {
          model: 'graduated',
          tiers: [
            { from: '0', upTo: '50', unitPrice },
            { from: '50', upTo: 'max', unitPrice: '0.0123456789' },
          ],
        },
        included: { quantity: '10' },
      },
      { meter: 'memory-used', price: { model: 'per-unit', unitPrice: '0.004567890123' } },
      { meter: 'memory-allocated', price: { model: 'per-unit', unitPrice: '0.001' }, cap: { amount: '20.00' } },
      {
        meter: 'io-write-bytes',
        price: {
          model: 'volume',
          tiers: [
            { from: '0', upTo: '100', unitPrice: '0.05' },
            { from: '100', upTo: 'max', unitPrice: '0.03' },
          ],
        },
      },
      { meter: 'network-out-bytes', price: { model: 'package', size: '10', packagePrice: '0.90' } },
    ],
    fees: [{ id: 'base', name: 'Base fee', amount: '9.99' }],
    minimum: { amount: '5.00' },
  });
const plans = [version(1, '2026-01-01T00:00:00.000Z', '0.04'), version(2, change, '0.05')];

/** Numbers that repeat with their seed (mulberry32). */
function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

const tenantOf = (index: number): string => `tenant-${index}`;

/** Rows as a database hands them out: no two share a text. */
function makeRows(): UsageRow[] {
  const next = random(7);
  const rows: UsageRow[] = [];
  for (let tenant = 0; tenant < tenants; tenant += 1)
    for (let index = 0; index < rowsPerTenant; index += 1) {
      const hour = Math.floor(index / meters.length) * 3;
      const container = tenant * 4 + (index % 4);
      rows.push({
        tenantId: tenantOf(tenant),
        resource: { hostId, kind: 'container', id: container.toString(16).padStart(16, '0'), name: `c${container}` },
        meter: meters[index % meters.length] as MeterId,
        start: new Date(startMsec + hour * 3_600_000).toISOString(),
        end: new Date(startMsec + (hour + 1) * 3_600_000).toISOString(),
        quantity: `${1 + next(9)}${String(next(1e9)).padStart(9, '0')}${next(1000)}`,
        durationMsec: '3600000',
        unmeasuredMsec: index % 50 === 0 ? '1000' : '0',
        flags: index % 50 === 0 ? ['unmeasured'] : [],
      });
    }
  return rows;
}

function shuffleInPlace(rows: UsageRow[], seed: number): void {
  const next = random(seed);
  for (let last = rows.length - 1; last > 0; last -= 1) {
    const other = next(last + 1);
    [rows[last], rows[other]] = [rows[other] as UsageRow, rows[last] as UsageRow];
  }
}

const sha256 = (text: string): string => hash('sha256', text, 'hex');

interface Outcome {
  /** Of every invoice's canonical bytes, by tenant. */
  bytes: string;
  /** All that the lines charge, by meter. */
  charged: Map<MeterId, bigint>;
  took: Took;
}

interface Took {
  /** Of all threads, the garbage collector's among them: what else the machine does hardly counts. */
  cpuSeconds: number;
  seconds: number;
}

function stopwatch(): () => Took {
  const [begin, cpu] = [performance.now(), process.cpuUsage()];
  return () => {
    const { user, system } = process.cpuUsage(cpu);
    return { cpuSeconds: (user + system) / 1e6, seconds: (performance.now() - begin) / 1000 };
  };
}

/** Divides the rows by tenant, prices them and drafts each tenant's invoice, with all hashes. */
function rateAll(rows: readonly UsageRow[]): Outcome {
  const stop = stopwatch();
  const digest = createHash('sha256');
  const charged = new Map<MeterId, bigint>();
  const byTenant = Map.groupBy(rows, ({ tenantId }) => tenantId);
  for (let tenant = 0; tenant < tenants; tenant += 1) {
    const tenantId = tenantOf(tenant);
    const account: BillingAccount = {
      tenantId,
      name: tenantId,
      zone: 'Europe/Berlin',
      rounding: 'half-even',
      taxRate: '0.19',
      taxName: 'VAT',
      graceHours: 72,
    };
    const input: DraftInput = {
      account,
      issuer: 'Bulkhead',
      period,
      plans,
      assignments: [{ tenantId, planId: 'standard', from: '2026-01-01T00:00:00.000Z' }],
      rows: byTenant.get(tenantId) ?? [],
    };
    const { content } = draftInvoice(input, sha256);
    digest.update(canonicalJson(content));
    for (const { meter, quantity } of content.lines)
      if (meter !== undefined && quantity !== undefined) charged.set(meter, (charged.get(meter) ?? 0n) + BigInt(quantity));
  }
  return { bytes: digest.digest('hex'), charged, took: stop() };
}

/** The floor: every quantity is read and added up by meter, and as many bytes are hashed; nothing is ordered, checked or priced. */
function addUp(rows: readonly UsageRow[]): { used: Map<MeterId, bigint>; took: Took } {
  const stop = stopwatch();
  const used = new Map<MeterId, bigint>();
  const digest = createHash('sha256');
  let texts: string[] = [];
  for (const { tenantId, meter, start, end, quantity, resource } of rows) {
    used.set(meter, (used.get(meter) ?? 0n) + BigInt(quantity));
    texts.push(`${tenantId}\t${resource.hostId}\t${resource.id}\t${meter}\t${start}\t${end}\t${quantity}`);
    if (texts.length < rowsPerTenant) continue;
    digest.update(texts.join('\n'));
    texts = [];
  }
  digest.digest();
  return { used, took: stop() };
}

const mib = (bytes: number): string => `${Math.round(bytes / 1024 / 1024)} MiB`;

/**
 * A million hourly rows of a thousand tenants, from memory to invoices: rows a second of CPU time, against what is aimed at. Each
 * round gets the rows in another order, and must come to the same bytes; what lines charge must be what rows say.
 */
export async function run(): Promise<BenchResult> {
  const rows = makeRows();
  const residentBefore = process.memoryUsage().rss;
  let residentMost = residentBefore;
  const first = rateAll(rows);
  const [ours, clock, floor]: [number[], number[], number[]] = [[], [], []];
  let failures = 0;
  for (let round = 1; round <= rounds; round += 1) {
    shuffleInPlace(rows, round);
    const again = rateAll(rows);
    residentMost = Math.max(residentMost, process.memoryUsage().rss);
    if (again.bytes !== first.bytes) failures += 1;
    ours.push(rows.length / again.took.cpuSeconds);
    clock.push(rows.length / again.took.seconds);
    const { used, took } = addUp(rows);
    floor.push(rows.length / took.cpuSeconds);
    if (meters.some((meter) => used.get(meter) !== again.charged.get(meter))) failures += 1;
  }
  const rate = median(ours);
  return {
    name: 'rate',
    unit: 'rows/s',
    ours: rate,
    peer: Number.NaN,
    floor: median(floor),
    ratio: rate / aimPerSecond,
    goal: { atLeast: 1 },
    failures,
    notes: [
      `${rows.length.toLocaleString('en')} rows of ${tenants} tenants in ${(rows.length / rate).toFixed(2)} s of CPU time; aim ${aimPerSecond.toLocaleString('en')} rows/s`,
      `each round, shuffled: ${ours.map(Math.round).join(' ')}; by the clock, beside what else ran: ${clock.map(Math.round).join(' ')}`,
      `the bytes of all invoices, each time: ${first.bytes.slice(0, 16)}…`,
      `resident ${mib(residentBefore)} with the rows, ${mib(residentMost)} at most`,
    ],
  };
}
