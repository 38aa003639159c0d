import { Invoice, type InvoiceLine, type IssuedInvoice, type UsageRow } from '@bulkhead/model';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { account, coreHour, finalised, gib, inputOf, march, priceOf, row, sha256, version } from '../../test/bill.ts';
import { inputs } from '../../test/random-bill.ts';
import { canonicalJson } from '../canonical.ts';
import { toMinor } from '../money.ts';
import { monthOf } from '../rate/period.ts';
import { rate } from '../rate/rate.ts';
import { closingOf, type HostWatermark } from './closing.ts';
import { correctionsOf } from './correction.ts';
import { draftCreditNote } from './credit-note.ts';
import { type DraftInput, describeRounding, draftInvoice } from './draft.ts';
import { checkChain, finalise, pay, voidInvoice } from './lifecycle.ts';

const taxed = { ...account, taxRate: '0.19' };
const perUnit = [
  priceOf('cpu-used', { model: 'per-unit', unitPrice: '0.333' }),
  priceOf('memory-used', { model: 'per-unit', unitPrice: '0.005' }),
];
const rows = [
  row({ quantity: coreHour }),
  row({ quantity: 5n * coreHour, hour: 9 }),
  row({ meter: 'memory-used', quantity: 77n * gib * 3600n, container: 2 }),
];
const input: DraftInput = { ...inputOf(perUnit, rows), account: taxed, issuer: 'Bulkhead GmbH' };
const draft = draftInvoice(input, sha256);
const sumOf = (lines: readonly InvoiceLine[]): bigint => lines.reduce((sum, { amount }) => sum + toMinor(amount, 'EUR'), 0n);

describe('a draft', () => {
  test('by hand: lines rounded once, the total is their sum and the tax', () => {
    // 6 x 0.333 = 1.998; 77 x 0.005 = 0.385, half to even 0.38; 19 % of 2.38 is 0.4522.
    expect(draft.content.lines.map(({ amount }) => amount)).toEqual(['2.00', '0.38']);
    expect(draft.content).toMatchObject({ subtotal: '2.38', tax: '0.45', total: '2.83', coveragePpm: 1_000_000, unpriced: [] });
    expect(describeRounding('EUR', taxed)).toBe(
      'Each line is rounded once, to 2 decimals of EUR, half to even; the total is the sum of the rounded lines and the tax.',
    );
    expect(Invoice.parse(draft)).toEqual(draft);
  });

  test('credits come before tax, which is of what is left', () => {
    const credits = [{ creditId: '00000000-0000-4000-8000-000000000001', grantedAt: march.start, reason: 'sorry', balance: '100.00' }];
    expect(draftInvoice({ ...input, credits }, sha256).content).toMatchObject({ subtotal: '0.00', tax: '0.00', total: '0.00' });
    const some = [{ ...(credits[0] as (typeof credits)[0]), balance: '1.38' }];
    expect(draftInvoice({ ...input, credits: some }, sha256).content).toMatchObject({ subtotal: '1.00', tax: '0.19', total: '1.19' });
  });

  test('in any order of anything the bytes are the same, and the total is the sum of lines and tax', () => {
    fc.assert(
      fc.property(inputs, fc.nat(), (random, seed) => {
        const whole = { ...random, account: taxed, issuer: 'Bulkhead GmbH' };
        const turn = seed % Math.max(1, random.rows.length);
        const other = {
          ...whole,
          rows: [...random.rows.slice(turn), ...random.rows.slice(0, turn), ...random.rows.slice(0, 3)],
          plans: random.plans.toReversed(),
        };
        const { content } = draftInvoice(whole, sha256);
        expect(canonicalJson(draftInvoice(other, sha256).content)).toBe(canonicalJson(content));
        expect(toMinor(content.subtotal, 'EUR')).toBe(sumOf(content.lines));
        expect(toMinor(content.total, 'EUR')).toBe(toMinor(content.subtotal, 'EUR') + toMinor(content.tax, 'EUR'));
      }),
      { numRuns: 60 },
    );
  });

  test('another price, rate or name is another hash of terms; another row is another hash of rows', () => {
    const { inputs: hashes } = draft.content;
    const dearer = draftInvoice({ ...input, plans: [version({ prices: perUnit, name: 'Other' })] }, sha256).content.inputs;
    expect(dearer.rows).toBe(hashes.rows);
    expect(dearer.terms).not.toBe(hashes.terms);
    const less = draftInvoice({ ...input, rows: rows.slice(1) }, sha256).content.inputs;
    expect(less.terms).toBe(hashes.terms);
    expect(less.rows).not.toBe(hashes.rows);
  });
});

describe('closing a period', () => {
  const host = (until: string | undefined, missing = 0): HostWatermark => ({
    hostId: '0198a000-0000-7000-8000-000000000001',
    name: 'alpha',
    until,
    missing,
  });
  const at = (now: string, ...hosts: HostWatermark[]) => closingOf(march, account, { now, hosts });
  const issue = (now: string, hosts: HostWatermark[], overridden?: string[]) =>
    finalise(
      draft,
      {
        series: 'A',
        sequence: 1,
        at: now,
        previous: undefined,
        closing: at(now, ...hosts),
        ...(overridden === undefined ? {} : { override: { by: 'ann', reason: 'the host burnt down', at: now, overridden } }),
      },
      sha256,
    );

  test('it is open, then provisional, then closed', () => {
    expect(at('2026-03-31T23:59:59.999Z', host(march.end)).state).toBe('open');
    expect(at(march.end, host(march.end))).toMatchObject({ state: 'provisional', closesAt: '2026-04-04T00:00:00.000Z' });
    expect(at('2026-04-04T00:00:00.000Z', host(march.end))).toEqual({
      state: 'closed',
      closesAt: '2026-04-04T00:00:00.000Z',
      blockers: [],
    });
  });

  test('one that goes on is not finalised, whatever the override', () => {
    expect(() => issue('2026-03-31T00:00:00.000Z', [host(march.end)], ['anything'])).toThrow('the period has not ended');
  });

  test('a silent host, lost records and the grace stand against it; an override that names them is recorded', () => {
    const now = '2026-04-02T00:00:00.000Z';
    const hosts = [host('2026-03-30T00:00:00.000Z', 7), { ...host(undefined), name: 'beta' }];
    const { blockers } = at(now, ...hosts);
    expect(blockers).toEqual([
      'late readings are waited for until 2026-04-04T00:00:00.000Z',
      'host alpha is silent since 2026-03-30T00:00:00.000Z',
      'host beta is silent since ever',
      '7 records of host alpha never came',
    ]);
    expect(() => issue(now, hosts)).toThrow(/the period is not closed: late readings/);
    expect(() => issue(now, hosts, blockers.slice(1))).toThrow(/the period is not closed: late readings/);
    expect(issue(now, hosts, blockers).content.override).toMatchObject({ by: 'ann', overridden: blockers });
  });
});

describe('the life of an invoice', () => {
  const first = finalised(draft, 1);
  const at = '2026-04-20T00:00:00.000Z';

  test('draft, finalised, then paid or void, and nothing else', () => {
    expect(first).toMatchObject({ status: 'finalised', number: 'A-000001', previousHash: null });
    const paid = pay(first, { at, payment: 'transfer 17' });
    const void_ = voidInvoice(first, { at, reason: 'wrong address' });
    expect([paid.status, paid.hash, void_.status, void_.hash]).toEqual(['paid', first.hash, 'void', first.hash]);
    for (const invoice of [first, paid, void_]) expect(Invoice.parse(invoice)).toEqual(invoice);
    expect(() => pay(draft, { at, payment: 'x' })).toThrow('a draft cannot be paid: it is draft');
    expect(() => voidInvoice(draft, { at, reason: 'x' })).toThrow(/a draft cannot be voided/);
    for (const invoice of [paid, void_]) {
      expect(() => pay(invoice, { at, payment: 'x' })).toThrow(/cannot be paid: it is/);
      expect(() => voidInvoice(invoice, { at, reason: 'x' })).toThrow(/cannot be voided: it is/);
    }
  });

  test('a number that does not follow the one before it is refused', () => {
    expect(() => finalised(draft, 2)).toThrow('A-000002 does not follow nothing');
    expect(() => finalised(draft, 3, first)).toThrow('A-000003 does not follow A-000001');
    expect(() => finalised(draft, 2, { ...first, series: 'B' })).toThrow('A-000002 does not follow B-000001');
  });

  test('a chain tells of a gap, a swap, and any digit that was changed', () => {
    const second = finalised(draft, 2, first);
    const third = finalised(draft, 3, second);
    const check = (...invoices: IssuedInvoice[]) => checkChain(invoices, sha256);
    expect(check(first, pay(second, { at, payment: 'x' }), third)).toBeUndefined();
    expect(check(first, third)).toBe('A-000003: the number before it is missing, A-000002 was expected');
    expect(check({ ...second, sequence: 1, number: 'A-000001' })).toBe('A-000001: is not chained to the invoice before it');
    expect(check(first, { ...second, previousHash: third.hash })).toBe('A-000002: is not chained to the invoice before it');
    expect(check(first, { ...second, content: { ...second.content, total: '2.84' } })).toBe(
      'A-000002: its content is not what was finalised',
    );
    expect(check({ ...first, finalisedAt: at })).toBe('A-000001: its content is not what was finalised');
    expect(check({ ...first, number: 'A-000009' })).toBe('A-000001: is not number 1 of series A'.replace('A-000001', 'A-000009'));
  });
});

describe('corrections', () => {
  const issued = finalised(draft, 1);

  test('late use is charged in the next period, with the period in which it was used', () => {
    const late = row({ quantity: 2n * coreHour, hour: 700 });
    const rerated = rate({ ...input, rows: [...rows, late] }, sha256).lines;
    const corrections = correctionsOf(issued, rerated, { into: 'EUR' });
    expect(corrections).toMatchObject([
      { kind: 'correction', meter: 'cpu-used', amount: '0.66', chargePeriod: { start: march.start, end: march.end }, refersTo: 'A-000001' },
    ]);
    const april = monthOf('2026-04', 'UTC');
    const next = draftInvoice({ ...input, period: april, rows: [], corrections }, sha256).content;
    expect(next).toMatchObject({ subtotal: '0.66', tax: '0.13', total: '0.79', lines: corrections });
    expect(correctionsOf(issued, rerated, { earlier: corrections, into: 'EUR' })).toEqual([]);
  });

  test('what was charged and is no longer there is given back', () => {
    const rerated = rate({ ...input, rows: rows.slice(0, 2) }, sha256).lines;
    expect(correctionsOf(issued, rerated, { into: 'EUR' })).toMatchObject([{ meter: 'memory-used', amount: '-0.38' }]);
  });

  test('they cannot enter an invoice in another currency', () => {
    expect(() => correctionsOf(issued, [], { into: 'USD' })).toThrow(/A-000001 is in EUR/);
  });

  test('whatever comes late, however often: invoice and corrections add up to the period rated whole', () => {
    fc.assert(
      fc.property(inputs, fc.array(fc.nat(60), { maxLength: 3 }), (random, cuts) => {
        const whole = { ...random, account: taxed, issuer: 'Bulkhead GmbH' };
        const [start = 0, ...later] = cuts.toSorted((left, right) => left - right);
        const invoice = finalised(draftInvoice({ ...whole, rows: random.rows.slice(0, start) }, sha256), 1);
        const earlier: InvoiceLine[] = [];
        for (const count of [...later, random.rows.length]) {
          const rerated = rate({ ...whole, rows: random.rows.slice(0, count) }, sha256).lines;
          earlier.push(...correctionsOf(invoice, rerated, { earlier, into: 'EUR' }));
          expect(sumOf(invoice.content.lines) + sumOf(earlier)).toBe(sumOf(rerated));
        }
      }),
      { numRuns: 60 },
    );
  });
});

describe('credit notes', () => {
  const issued = finalised(draft, 1);
  const note = (given: Parameters<typeof draftCreditNote>[1]['given'], earlier: IssuedInvoice[] = [], invoice: IssuedInvoice = issued) =>
    draftCreditNote(invoice, { given, reason: 'outage', earlier }, sha256);
  const [cpu, memory] = draft.content.lines as [InvoiceLine, InvoiceLine];

  test('all of an invoice gives back its total, to the cent', () => {
    const whole = note('all').content;
    expect(whole).toMatchObject({ kind: 'credit-note', subtotal: '-2.38', tax: '-0.45', total: '-2.83' });
    expect(whole.lines.map(({ amount, refersTo }) => [amount, refersTo])).toEqual([
      ['-2.00', 'A-000001'],
      ['-0.38', 'A-000001'],
    ]);
  });

  test('by parts: never more than is left, and the last part gives back the last cent of tax', () => {
    const one = finalised(note([{ key: cpu.key, amount: '0.50' }]), 2, issued);
    expect(one.content).toMatchObject({ subtotal: '-0.50', tax: '-0.10', total: '-0.60' });
    expect(() => note([{ key: cpu.key, amount: '1.51' }], [one])).toThrow('1.50 is left, not 1.51');
    const rest = note('all', [one]).content;
    // 19 % of 1.88 would be 0.36, and 0.46 in all, of an invoice whose tax is 0.45.
    expect(rest).toMatchObject({ subtotal: '-1.88', tax: '-0.35', total: '-2.23' });
    const two = finalised(note('all', [one]), 3, one);
    expect(note('all', [one, two]).content).toMatchObject({ lines: [], total: '0.00' });
  });

  test('unknown lines, amounts below nothing, void invoices and notes on notes are refused', () => {
    expect(() => note([{ key: 'nothing', amount: '1.00' }])).toThrow(/has no line nothing/);
    expect(() => note([{ key: memory.key, amount: '-0.01' }])).toThrow(/0.38 is left, not -0.01/);
    const at = march.end;
    expect(() => note('all', [], voidInvoice(issued, { at, reason: 'x' }))).toThrow(/is void/);
    expect(() => note('all', [], finalised(note('all'), 2, issued))).toThrow(/is a credit note itself/);
    const voided = voidInvoice(finalised(note('all'), 2, issued), { at, reason: 'x' });
    expect(note('all', [voided]).content.total).toBe('-2.83');
  });
});

test('a month without any use is an invoice of nothing', () => {
  const empty: UsageRow[] = [];
  expect(draftInvoice({ ...input, rows: empty }, sha256).content).toMatchObject({
    lines: [],
    subtotal: '0.00',
    tax: '0.00',
    total: '0.00',
  });
});
