import type { CreditBalance, CreditEntry, InvoiceLine, MeterId } from '@bulkhead/model';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { march } from '../../test/bill.ts';
import { toMinor } from '../money.ts';
import { lesserOf } from '../round.ts';
import { applyCredits, creditBalances, creditExpiries, creditRefunds, creditUses } from './credit.ts';

const idOf = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
const before = '2026-02-01T00:00:00.000Z';

const credit = (n: number, balance: string, more: Partial<CreditBalance> = {}): CreditBalance => ({
  creditId: idOf(n),
  grantedAt: before,
  reason: `credit ${n}`,
  balance,
  ...more,
});
const line = (key: string, amount: string, meter?: MeterId): InvoiceLine => ({
  key,
  kind: meter === undefined ? 'fee' : 'usage',
  description: key,
  chargePeriod: { start: march.start, end: march.end },
  ...(meter === undefined ? {} : { meter }),
  amount,
});
const applied = (credits: readonly CreditBalance[], lines: readonly InvoiceLine[]) =>
  applyCredits(credits, { lines, period: march, currency: 'EUR' }).map(({ creditId, amount }) => [Number(creditId?.slice(-12)), amount]);

describe('credits pay', () => {
  const cpu = line('cpu', '10.00', 'cpu-used');
  const memory = line('memory', '5.00', 'memory-used');
  const fee = line('fee', '7.00');

  test('expiring ones first and the earliest of them, then scoped ones, then the others', () => {
    const credits = [
      credit(1, '4.00'),
      credit(2, '4.00', { meters: ['cpu-used'] }),
      credit(3, '4.00', { expiresAt: '2026-09-01T00:00:00.000Z' }),
      credit(4, '4.00', { expiresAt: '2026-06-01T00:00:00.000Z' }),
    ];
    expect(applied(credits, [cpu, memory, fee])).toEqual([
      [4, '-4.00'],
      [3, '-4.00'],
      [2, '-4.00'],
      [1, '-4.00'],
    ]);
    expect(applied(credits, [line('fee', '9.00')])).toEqual([
      [4, '-4.00'],
      [3, '-4.00'],
      [1, '-1.00'],
    ]);
  });

  test('never more than is charged, and nothing of other meters', () => {
    expect(applied([credit(1, '100.00')], [cpu, memory, fee])).toEqual([[1, '-22.00']]);
    expect(applied([credit(1, '100.00', { meters: ['memory-used'] })], [cpu, memory, fee])).toEqual([[1, '-5.00']]);
    expect(applied([credit(1, '100.00', { meters: ['disk-used'] })], [cpu, memory, fee])).toEqual([]);
  });

  test('a general credit takes first what no scoped one after it could pay', () => {
    const credits = [credit(1, '10.00', { expiresAt: '2026-06-01T00:00:00.000Z' }), credit(2, '10.00', { meters: ['cpu-used'] })];
    expect(applied(credits, [cpu, line('memory', '10.00', 'memory-used')])).toEqual([
      [1, '-10.00'],
      [2, '-10.00'],
    ]);
  });

  test('what a cap takes off is not paid for', () => {
    const cap: InvoiceLine = { ...line('cap', '-6.00', 'cpu-used'), kind: 'cap' };
    expect(applied([credit(1, '100.00', { meters: ['cpu-used'] })], [cpu, cap])).toEqual([[1, '-4.00']]);
    expect(applied([credit(1, '100.00')], [cpu, { ...line('cap', '-20.00'), kind: 'cap' }])).toEqual([]);
  });

  test('only while they are in force', () => {
    expect(applied([credit(1, '1.00', { expiresAt: march.start })], [cpu])).toEqual([]);
    expect(applied([credit(1, '1.00', { expiresAt: '2026-03-02T00:00:00.000Z' })], [cpu])).toEqual([[1, '-1.00']]);
    expect(applied([credit(1, '1.00', { grantedAt: march.end })], [cpu])).toEqual([]);
  });

  test('neither charges nor a credit ever go below nothing, and no money is left where some could pay', () => {
    const amount = fc.nat(2000).map((cents) => `${Math.floor(cents / 100)}.${String(cents % 100).padStart(2, '0')}`);
    const scope = fc.option(fc.subarray<MeterId>(['cpu-used', 'memory-used'], { minLength: 1 }), { nil: undefined });
    const credits = fc
      .array(fc.record({ balance: amount, meters: scope, expires: fc.boolean() }), { maxLength: 6 })
      .map((list) =>
        list.map(({ balance, meters, expires }, n) =>
          credit(n + 1, balance, { ...(meters === undefined ? {} : { meters }), ...(expires ? { expiresAt: march.end } : {}) }),
        ),
      );
    fc.assert(
      fc.property(credits, amount, amount, amount, (list, first, second, third) => {
        const lines = [line('a', first, 'cpu-used'), line('b', second, 'memory-used'), line('c', third)];
        const uses = applyCredits(list, { lines, period: march, currency: 'EUR' });
        const charged = lines.reduce((sum, { amount: text }) => sum + toMinor(text, 'EUR'), 0n);
        const paid = uses.reduce((sum, { amount: text }) => sum - toMinor(text, 'EUR'), 0n);
        expect(paid <= charged).toBe(true);
        for (const { creditId, amount: text } of uses) {
          const { balance } = list.find((one) => one.creditId === creditId) as CreditBalance;
          expect(-toMinor(text, 'EUR') <= toMinor(balance, 'EUR')).toBe(true);
        }
        const general = list.filter(({ meters }) => meters === undefined).reduce((sum, { balance }) => sum + toMinor(balance, 'EUR'), 0n);
        expect(paid >= lesserOf(general, charged)).toBe(true);
        expect(applyCredits(list.toReversed(), { lines: lines.toReversed(), period: march, currency: 'EUR' })).toEqual(uses);
      }),
    );
  });
});

describe('the ledger of credits', () => {
  const grant: CreditEntry = {
    kind: 'grant',
    creditId: idOf(1),
    tenantId: 'acme',
    at: before,
    currency: 'EUR',
    amount: '10.00',
    reason: 'welcome',
  };
  const use: CreditEntry = { kind: 'use', creditId: idOf(1), at: before, amount: '6.00', invoiceNumber: 'A-000001' };

  test('what is left is grants less uses and expiries, and refunds come back', () => {
    const left = (...entries: CreditEntry[]) => creditBalances(entries, 'acme', 'EUR').map(({ balance }) => balance);
    expect(left(grant)).toEqual(['10.00']);
    expect(left(use, grant)).toEqual(['4.00']);
    expect(left(grant, use, ...creditRefunds([use], before))).toEqual(['10.00']);
    expect(left(grant, use, { kind: 'expire', creditId: idOf(1), at: before, amount: '4.00' })).toEqual(['0.00']);
  });

  test("other tenants' and other currencies' credits are not there", () => {
    expect(creditBalances([grant, use], 'beta', 'EUR')).toEqual([]);
    expect(creditBalances([grant, use], 'acme', 'USD')).toEqual([]);
  });

  test('more used than granted, a use of nothing and a second grant are refused', () => {
    expect(() => creditBalances([grant, use, use], 'acme', 'EUR')).toThrow(/used beyond what it had, by 2.00/);
    expect(() => creditBalances([use], 'acme', 'EUR')).toThrow(/never granted/);
    expect(() => creditBalances([grant, grant], 'acme', 'EUR')).toThrow(/granted twice/);
  });

  test('an invoice leaves an entry for each credit that it used; what expired leaves another', () => {
    const lines = applyCredits([credit(1, '3.00')], { lines: [line('fee', '7.00')], period: march, currency: 'EUR' });
    expect(creditUses(lines, 'EUR', { number: 'A-000007', at: march.end })).toEqual([
      { kind: 'use', creditId: idOf(1), at: march.end, amount: '3.00', invoiceNumber: 'A-000007' },
    ]);
    const credits = [credit(1, '3.00', { expiresAt: march.end }), credit(2, '0.00', { expiresAt: march.end }), credit(3, '1.00')];
    expect(creditExpiries(credits, march.end)).toEqual([{ kind: 'expire', creditId: idOf(1), at: march.end, amount: '3.00' }]);
  });
});
