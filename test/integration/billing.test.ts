import { createHash } from 'node:crypto';
import { checkChain, parseCsv, validateFocus, verifyArchive } from '@bulkhead/accounting';
import {
  draftOf,
  exportDraft,
  exportEvidence,
  exportInvoice,
  finaliseMonth,
  issueCreditNote,
  payInvoice,
  sha256,
  voidIssued,
} from '@bulkhead/billing';
import {
  addPlanVersion,
  assignPlan,
  endAssignments,
  grantCredit,
  listInvoices,
  listPlans,
  own,
  readAccount,
  readCredits,
  readInvoice,
  readPlan,
  readSeries,
  rollUpUsage,
  setAccount,
  thinReadings,
  withdrawPlanVersion,
} from '@bulkhead/db';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  act,
  january,
  lateReading,
  later,
  makeHost,
  makeIssuer,
  makeTenant,
  minutes,
  proposal,
  settings,
  type TestHost,
} from '../../packages/billing/test/books.ts';
import { type FreshDatabase, freshDatabase } from '../../packages/db/test/fresh-database.ts';
import { atMinute, containerIdOf, makeContainer } from '../../packages/db/test/journal.ts';
import { startPostgres, type TestPostgres } from '../support/postgres.ts';

let server: TestPostgres;
let db: FreshDatabase;
let host: TestHost;
beforeAll(async () => {
  server = await startPostgres();
});
afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
});
beforeEach(async () => {
  db = await freshDatabase(server);
  host = await makeHost(db.collector);
  await makeIssuer(db.web);
  await addPlanVersion(db.web, proposal(), { isNew: true, by: 'test' });
  return async () => await db[Symbol.asyncDispose]();
});

/** A tenant that has used some in January, with the standard plan. */
async function billable(tenantId: string, container: number): Promise<void> {
  await makeTenant(db.web, tenantId);
  await assignPlan(db.web, { tenantId, planId: 'standard', from: '2026-01-01T00:00:00.000Z' });
  await host.store(minutes(600, 720, { tenantId, container }));
}
const finalise = (tenantId: string) => finaliseMonth(db.web, { tenantId, month: january }, act);
const books = (scope: 'all' | string[] = 'all') => ({ database: db.web, scope });

describe('from readings to an invoice', () => {
  test('what was read, minute by minute, is charged to the cent, and the database keeps it', async () => {
    await billable('acme', 1);
    await host.store([lateReading()]);
    const { draft, closing } = await draftOf(books(), { tenantId: 'acme', month: january }, { now: later });
    expect(closing).toMatchObject({ state: 'closed', blockers: [] });
    // 720 minutes of half a core: six core-hours; 256 MiB over 12 hours: 3 GiB-hours, half of one in the first tier.
    expect(draft.content.lines.map(({ kind, amount }) => [kind, amount])).toEqual([
      ['usage', '2.40'],
      ['usage', '0.05'],
      ['usage', '0.12'],
      ['fee', '5.00'],
    ]);
    expect(draft.content).toMatchObject({ subtotal: '7.57', tax: '1.44', total: '9.01', currency: 'EUR' });
    const invoice = await finalise('acme');
    expect(invoice).toMatchObject({ number: 'T-000001', previousHash: null, content: { total: '9.01' } });
    expect(await readInvoice(db.web, ['acme'], 'T-000001')).toEqual(invoice);
  });

  test('rated again, after shuffled readings came once more, it gives the same bytes', async () => {
    const readings = minutes(600, 720, { tenantId: 'acme', container: 1 });
    await billable('acme', 1);
    await host.store([lateReading()]);
    const bytes = async () =>
      JSON.stringify((await draftOf(books(), { tenantId: 'acme', month: january }, { now: later, withProof: true })).draft);
    const before = await bytes();
    await host.store(readings.toReversed());
    expect(await bytes()).toBe(before);
    const [first, again] = [
      await exportDraft(books(), { tenantId: 'acme', month: january }, later),
      await exportDraft(books(), { tenantId: 'acme', month: january }, later),
    ];
    expect(createHash('sha256').update(first.bytes).digest('hex')).toBe(createHash('sha256').update(again.bytes).digest('hex'));
  });

  test('hours that are made up and readings that were thinned give the same lines, a proof, and nothing to correct', async () => {
    await billable('acme', 1);
    await host.store([lateReading()]);
    const ofMonth = { tenantId: 'acme', month: january };
    const before = (await draftOf(books(), ofMonth, { now: later })).draft.content;
    while (!(await rollUpUsage(db.collector, host.hostId, later)).finished);
    expect((await draftOf(books(), ofMonth, { now: later })).draft.content).toEqual(before);
    const { number } = await finalise('acme');
    while (!(await thinReadings(db.collector, host.hostId, later)).finished);
    expect((await draftOf(books(), ofMonth, { now: later })).draft.content.lines).toEqual(before.lines);
    const { draft } = await draftOf(books(), { tenantId: 'acme', month: '2026-02' }, { now: later });
    expect(draft.content.lines.filter(({ kind }) => kind === 'correction')).toEqual([]);
    expect(verifyArchive((await exportEvidence(books(), number)).bytes, sha256)).toMatchObject({ agrees: true });
    await voidIssued(db.web, { number, reason: 'once more, of thinned readings' }, act);
    const again = await finalise('acme');
    expect(again.content.lines).toEqual(before.lines);
    expect(verifyArchive((await exportEvidence(books(), again.number)).bytes, sha256)).toMatchObject({ agrees: true });
  });

  test('what a tenant owns of others is charged and proved while it owns it', async () => {
    await makeTenant(db.web, 'acme');
    await makeTenant(db.web, 'beta');
    for (const tenantId of ['acme', 'beta']) await assignPlan(db.web, { tenantId, planId: 'standard', from: '2026-01-01T00:00:00.000Z' });
    await host.tell([{ kind: 'container', container: makeContainer({ container: 5, tenantId: 'beta' }), deleted: false }]);
    await host.store([...minutes(0, 240, { tenantId: 'beta', container: 5 }), lateReading()]);
    const resource = { hostId: host.hostId, kind: 'container', id: containerIdOf(5), name: 'c5' } as const;
    await own(db.web, { tenantId: 'acme', resource, from: atMinute(60), by: 'Ada' });
    await own(db.web, { tenantId: 'beta', resource, from: atMinute(120), by: 'Ada' });
    while (!(await rollUpUsage(db.collector, host.hostId, later)).finished);
    const used = async (tenantId: string) => (await finalise(tenantId)).content.lines.find(({ meter }) => meter === 'cpu-used')?.quantity;
    expect([await used('acme'), await used('beta')]).toEqual([String(60 * 30_000_000), String(180 * 30_000_000)]);
  });

  test('zero use is a bill of its fees; a period without a plan is refused', async () => {
    await makeTenant(db.web, 'quiet');
    await expect(draftOf(books(), { tenantId: 'quiet', month: january }, { now: later })).rejects.toThrow(
      'no price plan is in force in 2026-01',
    );
    await assignPlan(db.web, { tenantId: 'quiet', planId: 'standard', from: '2026-01-01T00:00:00.000Z' });
    await host.store([lateReading()]);
    expect((await finalise('quiet')).content).toMatchObject({ subtotal: '5.00', lines: [{ kind: 'fee' }] });
  });

  test('a change of plan in mid-month divides the use at its second', async () => {
    await addPlanVersion(
      db.web,
      proposal({ planId: 'other', prices: [{ meter: 'cpu-used', price: { model: 'per-unit', unitPrice: '1' } }], fees: [] }),
      { isNew: true, by: 'test' },
    );
    await billable('acme', 1);
    await assignPlan(db.web, { tenantId: 'acme', planId: 'other', from: '2026-01-01T11:00:00.000Z' });
    await host.store([lateReading()]);
    const { lines } = (await finalise('acme')).content;
    expect(lines.filter(({ meter }) => meter === 'cpu-used').map(({ planId, quantity, amount }) => [planId, quantity, amount])).toEqual([
      ['standard', String(660 * 30_000_000), '2.20'],
      ['other', String(60 * 30_000_000), '0.50'],
    ]);
  });

  test('a tenant that is renamed is billed by its new name, and what was issued keeps the old one', async () => {
    await billable('acme', 1);
    await host.store([lateReading()]);
    await finalise('acme');
    await setAccount(db.web, settings('acme', { name: 'Acme Reborn' }));
    await expect(setAccount(db.web, settings('acme', { zone: 'Asia/Shanghai' }))).rejects.toThrow('were billed in UTC');
    expect((await readInvoice(db.web, 'all', 'T-000001')).content.account.name).toBe('ACME');
    const { draft } = await draftOf(books(), { tenantId: 'acme', month: '2026-02' }, { now: later });
    expect(draft.content.account.name).toBe('Acme Reborn');
  });
});

describe('what stands against finalising', () => {
  test('a period that goes on is never finalised, not even by an override', async () => {
    await billable('acme', 1);
    await host.store([lateReading()]);
    const early = { by: 'test', now: new Date('2026-01-31T23:59:59.000Z') };
    for (const override of [{}, { override: { reason: 'now' } }])
      await expect(finaliseMonth(db.web, { tenantId: 'acme', month: january, ...override }, early)).rejects.toThrow(
        'the period has not ended',
      );
  });

  test('a silent host and the grace stand against it until an override names its reason, which the invoice then says', async () => {
    await billable('acme', 1);
    const soon = { by: 'ada', now: new Date('2026-02-01T12:00:00.000Z') };
    await expect(finaliseMonth(db.web, { tenantId: 'acme', month: january }, soon)).rejects.toThrow(
      /late readings are waited for.*host alpha is silent since 2026-01-01T12:00/,
    );
    const invoice = await finaliseMonth(db.web, { tenantId: 'acme', month: january, override: { reason: 'the host burnt' } }, soon);
    expect(invoice.content.override).toMatchObject({
      by: 'ada',
      reason: 'the host burnt',
      overridden: [expect.stringMatching(/waited for/), expect.stringMatching(/silent/)],
    });
    expect((await readInvoice(db.web, 'all', invoice.number)).content.override).toEqual(invoice.content.override);
    expect(Buffer.from((await exportInvoice(books(), { number: invoice.number, format: 'json' })).bytes).toString()).toContain(
      'the host burnt',
    );
  });

  test('nobody who issues, no second invoice for a month', async () => {
    await billable('acme', 1);
    await host.store([lateReading()]);
    await db.owner.query('DELETE FROM billing_issuer');
    await expect(finalise('acme')).rejects.toThrow('nobody is named who issues invoices');
    await makeIssuer(db.web);
    await finalise('acme');
    await expect(finalise('acme')).rejects.toThrow('tenant acme has an invoice for 2026-01 already');
  });
});

describe('numbers', () => {
  test('are without a gap when many tenants are billed at once and some fail, and the chain holds', async () => {
    const tenants = Array.from({ length: 12 }, (_, index) => `tenant-${index}`);
    for (const [index, tenantId] of tenants.entries()) await billable(tenantId, index + 1);
    await host.store([lateReading()]);
    // Each twice: one of both is refused after it had its number.
    const results = await Promise.allSettled([...tenants, ...tenants].map(finalise));
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(12);
    const series = await readSeries(db.web, 'T');
    expect(series.map(({ sequence }) => sequence)).toEqual(tenants.map((_, index) => index + 1));
    expect(checkChain(series, sha256)).toBeUndefined();
  });
});

describe('the database itself', () => {
  beforeEach(async () => {
    await billable('acme', 1);
    await host.store([lateReading()]);
    await grantCredit(
      db.web,
      {
        kind: 'grant',
        creditId: '00000000-0000-4000-8000-000000000001',
        tenantId: 'acme',
        at: '2026-01-01T00:00:00.000Z',
        currency: 'EUR',
        amount: '1.00',
        reason: 'hello',
      },
      'test',
    );
    await finalise('acme');
  });

  test.each([
    ['an invoice', `UPDATE invoice SET content = replace(content, '6.57', '6.56')`, /never changes/],
    ["an invoice's hash", `UPDATE invoice SET hash = repeat('0', 64)`, /never changes/],
    ["an invoice's number", `UPDATE invoice SET number = 'T-000002', sequence = 2`, /never changes|violates foreign key/],
    ['an invoice away', 'DELETE FROM invoice', /was issued and stays/],
    ['all invoices away', 'TRUNCATE invoice CASCADE', /never changed/],
    ['an invoice to paid without a payment', `UPDATE invoice SET status = 'paid'`, /cannot become paid/],
    ['evidence', `UPDATE invoice_evidence SET content = ''`, /never changed/],
    ['evidence away', 'DELETE FROM invoice_evidence', /never changed/],
    ['a credit', `UPDATE credit_ledger SET entry = '{}'`, /never changed/],
    ['a credit away', 'DELETE FROM credit_ledger', /never changed/],
    ['prices in force', `UPDATE price_plan_version SET document = replace(document, '0.40', '0.41')`, /never changes/],
    ['prices in force away', 'DELETE FROM price_plan_version', /is in force since/],
    [
      'prices of the past',
      `INSERT INTO price_plan_version SELECT plan_id, 2, '2026-01-05Z', document, now(), 'x' FROM price_plan_version`,
      /prices of the past cannot change/,
    ],
    ['which plan was in force', 'DELETE FROM plan_assignment', /plans of a period that was billed cannot change/],
    ['when a plan was in force', `UPDATE plan_assignment SET to_at = '2026-01-02Z'`, /plans of a period that was billed cannot change/],
  ])('refuses to change %s, even of its owner', async (_, statement, words) => {
    await expect(db.owner.query(statement)).rejects.toThrow(words);
  });

  test('refuses an invoice with another hash, another chain or a number that is left out', async () => {
    const copy = (changes: Record<string, string>) => {
      const columns = [
        'series',
        'sequence',
        'number',
        'tenant_id',
        'kind',
        'month',
        'period_start',
        'period_end',
        'status',
        'finalised_at',
        'previous_hash',
        'hash',
        'content',
      ];
      return db.owner.query(`INSERT INTO invoice (${columns}) SELECT ${columns.map((column) => changes[column] ?? column)} FROM invoice`);
    };
    const next = {
      month: `'2025-12'`,
      content: `replace(replace(replace(content, '2026-01', '2025-12'), '2025-12-01T', '2025-12-01T'), '2026-02-01', '2026-01-01')`,
      period_start: `'2025-12-01Z'`,
      period_end: `'2026-01-01Z'`,
    };
    await expect(copy({ ...next, sequence: '3', number: `'T-000003'` })).rejects.toThrow(/is not the next number/);
    await expect(copy({ ...next, sequence: '2', number: `'T-000002'` })).rejects.toThrow(/is not chained/);
    await expect(copy({ ...next, sequence: '2', number: `'T-000002'`, previous_hash: 'hash' })).rejects.toThrow(
      /the hash of T-000002 is not that of its content/,
    );
    expect((await db.owner.query('SELECT sequence FROM invoice_series')).rows).toEqual([{ sequence: 1 }]);
  });
});

describe('scopes', () => {
  test('a tenant sees its own account, plan, credits and invoices, and answers of others are those of unknown ones', async () => {
    await billable('acme', 1);
    await billable('globex', 2);
    await addPlanVersion(db.web, proposal({ planId: 'secret' }), { isNew: true, by: 'test' });
    await host.store([lateReading()]);
    await finalise('acme');
    const foreign = await finalise('globex');
    expect((await listInvoices(db.web, ['acme'], { limit: 10 })).map(({ tenantId }) => tenantId)).toEqual(['acme']);
    expect(await listInvoices(db.web, ['acme'], { tenantId: 'globex', limit: 10 })).toEqual([]);
    expect((await listPlans(db.web, ['acme'], later)).map(({ planId }) => planId)).toEqual(['standard']);
    await expect(readPlan(db.web, ['acme'], 'secret')).rejects.toThrow('there is no plan secret');
    for (const look of [
      () => readInvoice(db.web, ['acme'], foreign.number),
      () => exportInvoice(books(['acme']), { number: foreign.number, format: 'pdf' }),
      () => exportEvidence(books(['acme']), foreign.number),
    ])
      await expect(look()).rejects.toThrow(`there is no invoice ${foreign.number}`);
    for (const look of [
      () => readAccount(db.web, ['acme'], 'globex'),
      () => readCredits(db.web, ['acme'], 'globex'),
      () => draftOf(books(['acme']), { tenantId: 'globex', month: january }, { now: later }),
    ])
      await expect(look()).rejects.toThrow('tenant globex has no billing account');
  });
});

describe('credits', () => {
  const creditId = '00000000-0000-4000-8000-000000000001';
  const grant = (changes: object = {}) =>
    grantCredit(
      db.web,
      {
        kind: 'grant',
        creditId,
        tenantId: 'acme',
        at: '2026-01-01T00:00:00.000Z',
        currency: 'EUR',
        amount: '2.00',
        reason: 'sorry',
        ...changes,
      },
      'test',
    );
  const left = async () => (await readCredits(db.web, 'all', 'acme')).balances.map(({ balance }) => balance);

  test('pay before tax, are used once, and come back when the invoice is voided', async () => {
    await billable('acme', 1);
    await host.store([lateReading()]);
    await grant();
    const { number, content } = await finalise('acme');
    expect(content).toMatchObject({ subtotal: '5.57', tax: '1.06', total: '6.63' });
    expect(await left()).toEqual(['0.00']);
    await voidIssued(db.web, { number, reason: 'wrong address' }, act);
    expect(await left()).toEqual(['2.00']);
    expect((await finalise('acme')).number).toBe('T-000002');
    expect(await left()).toEqual(['0.00']);
  });

  test('that have expired pay for nothing', async () => {
    await billable('acme', 1);
    await host.store([lateReading()]);
    await grant({ at: '2025-06-01T00:00:00.000Z', expiresAt: '2026-01-01T00:00:00.000Z' });
    expect((await finalise('acme')).content.subtotal).toBe('7.57');
  });
});

describe('what becomes of an invoice', () => {
  beforeEach(async () => {
    await billable('acme', 1);
    await host.store([lateReading()]);
    await finalise('acme');
  });

  test('it is paid once, and then neither voided nor paid again', async () => {
    expect(await payInvoice(db.web, { number: 'T-000001', payment: 'bank, 2026-02-09' }, act)).toMatchObject({ status: 'paid' });
    expect(await readInvoice(db.web, 'all', 'T-000001')).toMatchObject({
      status: 'paid',
      payment: 'bank, 2026-02-09',
      paidAt: later.toISOString(),
    });
    await expect(payInvoice(db.web, { number: 'T-000001', payment: 'again' }, act)).rejects.toThrow('it is paid');
    await expect(voidIssued(db.web, { number: 'T-000001', reason: 'x' }, act)).rejects.toThrow('it is paid');
  });

  test('credit notes give back some of it, then all that is left, and never more', async () => {
    const { content } = await readInvoice(db.web, 'all', 'T-000001');
    const key = content.lines.find(({ kind }) => kind === 'fee')?.key ?? '';
    const note = await issueCreditNote(db.web, { number: 'T-000001', reason: 'outage', given: [{ key, amount: '1.00' }] }, act);
    expect(note).toMatchObject({ number: 'T-000002', content: { kind: 'credit-note', subtotal: '-1.00', tax: '-0.19', total: '-1.19' } });
    await expect(voidIssued(db.web, { number: 'T-000001', reason: 'x' }, act)).rejects.toThrow(/cannot become void/);
    const rest = await issueCreditNote(db.web, { number: 'T-000001', reason: 'all', given: 'all' }, act);
    expect(rest.content.total).toBe('-7.82');
    await expect(issueCreditNote(db.web, { number: 'T-000001', reason: 'more', given: 'all' }, act)).rejects.toThrow(
      'nothing of T-000001 is left',
    );
    expect(checkChain(await readSeries(db.web, 'T'), sha256)).toBeUndefined();
    expect((await exportInvoice(books(), { number: note.number, format: 'focus' })).bytes.length).toBeGreaterThan(100);
  });

  test('what comes late is a correction in the next month, with the month it was used in, and only once', async () => {
    await host.store(minutes(600, 660, { tenantId: 'acme', container: 7 }));
    const { draft } = await draftOf(books(), { tenantId: 'acme', month: '2026-02' }, { now: later });
    const corrections = draft.content.lines.filter(({ kind }) => kind === 'correction');
    // 660 minutes of half a core at 0.40; memory to its second tier.
    expect(corrections.find(({ meter }) => meter === 'cpu-used')).toMatchObject({
      amount: '2.20',
      refersTo: 'T-000001',
      chargePeriod: { start: '2026-01-01T00:00:00.000Z', end: '2026-02-01T00:00:00.000Z' },
    });
    const march = { by: 'test', now: new Date('2026-03-10T00:00:00.000Z') };
    await host.store([lateReading({ minute: 59 * 1440 + 30 })]);
    await finaliseMonth(db.web, { tenantId: 'acme', month: '2026-02' }, march);
    const next = await draftOf(books(), { tenantId: 'acme', month: '2026-03' }, { now: march.now });
    expect(next.draft.content.lines.filter(({ kind }) => kind === 'correction')).toEqual([]);
    expect((await readInvoice(db.web, 'all', 'T-000001')).content.total).toBe('9.01');
  });

  test('its evidence is verified without the database, and not with one digit changed', async () => {
    const { bytes } = await exportEvidence(books(['acme']), 'T-000001');
    expect((await exportEvidence(books(), 'T-000001')).bytes).toEqual(bytes);
    expect(verifyArchive(bytes, sha256)).toMatchObject({ agrees: true, number: 'T-000001', total: '9.01' });
    const spoilt = bytes.slice();
    spoilt[Math.floor(spoilt.length / 2)] = (spoilt[Math.floor(spoilt.length / 2)] ?? 0) ^ 1;
    expect(verifyArchive(spoilt, sha256)).toMatchObject({ agrees: false });
  });

  test('its renderings repeat, its FOCUS rows are valid and add up', async () => {
    for (const format of ['pdf', 'csv', 'json', 'focus'] as const) {
      const [first, again] = [
        await exportInvoice(books(), { number: 'T-000001', format }),
        await exportInvoice(books(['acme']), { number: 'T-000001', format }),
      ];
      expect(Buffer.compare(first.bytes, again.bytes), format).toBe(0);
    }
    const [head = [], ...rows] = parseCsv(
      Buffer.from((await exportInvoice(books(), { number: 'T-000001', format: 'focus' })).bytes).toString(),
    );
    const billed = head.indexOf('BilledCost');
    expect(rows.reduce((sum, row) => sum + Math.round(Number(row[billed]) * 1e6), 0)).toBe(9_010_000);
    expect(validateFocus(Buffer.from((await exportInvoice(books(), { number: 'T-000001', format: 'focus' })).bytes).toString())).toEqual(
      [],
    );
  });
});

describe('prices', () => {
  test('the next version begins later, in the same currency, and is taken back while it is not in force', async () => {
    const soon = new Date(Math.ceil(Date.now() / 1000) * 1000 + 86_400_000).toISOString();
    await expect(addPlanVersion(db.web, proposal(), { isNew: true, by: 'x' })).rejects.toThrow('there is a plan standard already');
    await expect(addPlanVersion(db.web, proposal({ planId: 'none' }), { isNew: false, by: 'x' })).rejects.toThrow('there is no plan none');
    await expect(
      addPlanVersion(db.web, proposal({ effectiveFrom: '2026-01-05T00:00:00.000Z' }), { isNew: false, by: 'x' }),
    ).rejects.toThrow('prices of the past cannot change');
    await expect(addPlanVersion(db.web, proposal({ effectiveFrom: soon, currency: 'USD' }), { isNew: false, by: 'x' })).rejects.toThrow(
      'is in EUR',
    );
    expect(await addPlanVersion(db.web, proposal({ effectiveFrom: soon }), { isNew: false, by: 'x' })).toMatchObject({ version: 2 });
    await withdrawPlanVersion(db.web, 'standard', 2);
    await expect(withdrawPlanVersion(db.web, 'standard', 1)).rejects.toThrow(/is in force since/);
    expect(await readPlan(db.web, 'all', 'standard')).toHaveLength(1);
  });

  test('a plan in another currency, two plans at once, or one for a tenant without an account cannot be assigned', async () => {
    await addPlanVersion(db.web, proposal({ planId: 'dollars', currency: 'USD' }), { isNew: true, by: 'x' });
    const from = '2026-01-01T00:00:00.000Z';
    await expect(assignPlan(db.web, { tenantId: 'acme', planId: 'standard', from })).rejects.toThrow('has no billing account');
    await makeTenant(db.web, 'acme');
    await expect(assignPlan(db.web, { tenantId: 'acme', planId: 'dollars', from })).rejects.toThrow('is in USD');
    await assignPlan(db.web, { tenantId: 'acme', planId: 'standard', from });
    await expect(assignPlan(db.web, { tenantId: 'acme', planId: 'standard', from })).rejects.toThrow('already');
    await expect(setAccount(db.web, settings('acme', { currency: 'USD' }))).rejects.toThrow('are in EUR');
    await endAssignments(db.web, 'acme', '2026-01-10T00:00:00.000Z');
    expect((await readAccount(db.web, 'all', 'acme')).assignments).toEqual([
      { tenantId: 'acme', planId: 'standard', from, to: '2026-01-10T00:00:00.000Z' },
    ]);
    await expect(assignPlan(db.web, { tenantId: 'acme', planId: 'standard', from: '2026-01-05T00:00:00.000Z' })).rejects.toThrow(
      'two plans at once',
    );
  });
});
