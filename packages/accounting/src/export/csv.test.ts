import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { account, coreHour, finalised, inputOf, priceOf, row, sha256 } from '../../test/bill.ts';
import { draftInvoice } from '../invoice/draft.ts';
import { type CsvColumn, parseCsv, toCsv, toPlainCsv } from './csv.ts';
import { invoiceCsv, invoiceJson, usageCsv } from './plain.ts';

describe('CSV', () => {
  test('what is written is read back, whatever is in the cells', () => {
    const cell = fc.oneof(fc.string(), fc.constantFrom('', '"', '""', ',', '\r\n', '\n', 'a"b,c\nd', ' x '));
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5 }).chain((width) => fc.array(fc.array(cell, { minLength: width, maxLength: width }), { minLength: 1 })),
        (rows) => {
          expect(parseCsv(toCsv(rows))).toEqual(rows);
        },
      ),
    );
  });

  test('a cell may be as long as it likes', () => {
    const long = 'x'.repeat(300_000);
    expect(parseCsv(toCsv([[long, 'b']]))).toEqual([[long, 'b']]);
  });

  test.each([
    ['a"b', 'line 1: a quote stands inside of a plain cell'],
    ['a\n"b', 'line 2: a quote is not closed'],
    ['"a"b', 'line 1: "b" follows a cell'],
  ])('%j is refused', (text, message) => {
    expect(() => parseCsv(text)).toThrow(message);
  });
});

describe('CSV for people', () => {
  const columns: CsvColumn<{ text: string; number?: string }>[] = [
    { name: 'text', kind: 'text', of: ({ text }) => text },
    { name: 'number', kind: 'number', of: ({ number }) => number },
  ];

  test.each(['=1+1', '+1', '-1', '@SUM(A1)', '\tx', '\rx', '=HYPERLINK("http://x","y")'])(
    'a text that begins like a formula, %j, is no formula',
    (text) => {
      const [, [cell = ''] = []] = parseCsv(toPlainCsv(columns, [{ text }]));
      expect(cell).toBe(`'${text}`);
    },
  );

  test('no text cell ever begins with what begins a formula; other texts and negative numbers stay as they are', () => {
    fc.assert(
      fc.property(
        fc.tuple(fc.constantFrom('', '=', '+', '-', '@', '\t', '\r', ' '), fc.string()).map((parts) => parts.join('')),
        (text) => {
          const [, [cell = ''] = []] = parseCsv(toPlainCsv(columns, [{ text, number: '-1.50' }]));
          expect(/^[=+\-@\t\r]/.test(cell)).toBe(false);
          expect(cell === text || cell === `'${text}`).toBe(true);
        },
      ),
    );
    expect(toPlainCsv(columns, [{ text: 'a', number: '-1.50' }, { text: 'b' }])).toBe('text,number\r\na,-1.50\r\nb,\r\n');
    expect(() => toPlainCsv(columns, [{ text: 'a', number: '=1' }])).toThrow('number: "=1" is no number');
  });

  test('an invoice: its lines, then its sums', () => {
    const named = { ...account, taxName: '=VAT', taxRate: '0.19' };
    const input = {
      ...inputOf([priceOf('cpu-used', { model: 'per-unit', unitPrice: '2' })], [row({ quantity: coreHour })]),
      account: named,
    };
    const invoice = finalised(draftInvoice({ ...input, issuer: 'x' }, sha256), 1);
    const rows = parseCsv(invoiceCsv(invoice)).map((cells) => [cells[0], cells[1], cells[8], cells[9], cells[10], cells[11]]);
    expect(rows).toEqual([
      ['kind', 'description', 'quantity', 'unit', 'unitPrice', 'amount'],
      ['usage', 'CPU time used: 1 x Core-Hours at 2 EUR', '1', 'Core-Hours', '2', '2.00'],
      ['sum', 'Subtotal, EUR', '', '', '', '2.00'],
      ['sum', "'=VAT 0.19, EUR", '', '', '', '0.38'],
      ['sum', 'Total, EUR', '', '', '', '2.38'],
    ]);
    expect(JSON.parse(invoiceJson(invoice))).toEqual(invoice);
  });

  test('rows of use, names that begin like a formula among them', () => {
    const use = row({ quantity: 5n });
    const csv = usageCsv([{ ...use, resource: { ...use.resource, name: '@evil' }, flags: ['reset', 'spread'] }]);
    expect(parseCsv(csv)[1]).toEqual([
      ...['acme', use.resource.hostId, 'container', use.resource.id, "'@evil", 'cpu-used'],
      ...[use.start, use.end, '5', 'usec', '0', 'reset spread'],
    ]);
  });
});
