import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { describeNeeds } from '../../../../test/support/needs.ts';
import { sampleInvoice } from '../../test/sample.ts';
import { groupDigits, percentOfPpm, shownQuantity } from './figures.ts';
import { renderInvoicePdf } from './invoice-pdf.ts';

const directory = mkdtempSync(join(tmpdir(), 'bulkhead-pdf-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** What poppler reads off a page, a text for each. */
function pagesOf(pdf: Buffer): string[] {
  const file = join(directory, 'page.pdf');
  writeFileSync(file, pdf);
  const { stdout, stderr, status } = spawnSync('pdftotext', ['-layout', file, '-'], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`pdftotext: ${stderr}`);
  return stdout.split('\f').slice(0, -1);
}

describeNeeds({ programs: ['pdftotext'] }, 'the page of an invoice', () => {
  test.each([
    [
      'en',
      [
        'Invoice',
        'Bill to',
        'Description',
        'CPU time used, tier 1',
        'charged as used',
        'Subtotal',
        'VAT 19 %',
        'half to even',
        'Page 1 of',
      ],
    ],
    ['zh', ['账单', '付款方', '项目', 'CPU 使用时间，第 1 档', '按使用量计费', '小计', 'VAT 19 %', '五取偶', '第 1 页，共']],
  ] as const)('says in %s whose it is, what is charged, how it was rounded, and its hash', async (language, words) => {
    const invoice = sampleInvoice();
    const text = pagesOf(await renderInvoicePdf(invoice, language)).join('\n');
    for (const word of words) expect(text).toContain(word);
    const { account, total, issuer } = invoice.content;
    for (const fact of [invoice.number, account.name, issuer, total, invoice.hash, 'Hafenstraße 7']) expect(text).toContain(fact);
  });

  test('of many lines goes over pages, each with its head and number, and shows every line', async () => {
    const invoice = sampleInvoice({}, 12);
    const pages = pagesOf(await renderInvoicePdf(invoice, 'en'));
    expect(pages.length).toBeGreaterThan(5);
    for (const [index, page] of pages.entries()) expect(page).toContain(`Page ${index + 1} of ${pages.length}`);
    for (const page of pages.slice(0, -1)) expect(page).toMatch(/Description\s+Quantity\s+Unit price\s+Amount \(EUR\)/);
    for (const page of pages.slice(1)) expect(page).toContain('(continued)');
    const fees = pages.join('').match(/Base fee/g) ?? [];
    expect(fees).toHaveLength(invoice.content.lines.filter(({ kind }) => kind === 'fee').length);
  });

  test('is the same bytes each time, and others in another language', async () => {
    const invoice = sampleInvoice();
    const [first, again, chinese] = [
      await renderInvoicePdf(invoice, 'en'),
      await renderInvoicePdf(invoice, 'en'),
      await renderInvoicePdf(invoice, 'zh'),
    ];
    expect(again.equals(first)).toBe(true);
    expect(chinese.equals(first)).toBe(false);
  });

  test('says that it is a draft, paid, void or issued in spite of something', async () => {
    const invoice = sampleInvoice({
      override: { by: 'ada', reason: 'the host burnt', at: '2026-04-01T00:00:00.000Z', overridden: ['host alpha is silent since ever'] },
    });
    const text = async (page: Parameters<typeof renderInvoicePdf>[0]) =>
      pagesOf(await renderInvoicePdf(page, 'en'))
        .join('\n')
        .replace(/\s+/g, ' ');
    expect(await text(invoice)).toContain('host alpha is silent since ever). Reason: the host burnt');
    const draft = await text({ status: 'draft', content: invoice.content });
    expect(draft).toContain('Draft: not an invoice');
    expect(draft).not.toContain('A-000001');
    expect(await text({ ...invoice, status: 'paid', paidAt: '2026-04-09T00:00:00.000Z', payment: 'bank' })).toContain(
      'Paid on 2026-04-09 00:00:00 UTC: bank',
    );
    expect(await text({ ...invoice, status: 'void', voidedAt: '2026-04-09T00:00:00.000Z', reason: 'address' })).toContain(
      'Void since 2026-04-09',
    );
  });
});

test('figures keep their digits', () => {
  expect(['1234567.50', '-1234.5', '12', '0.004'].map(groupDigits)).toEqual(['1,234,567.50', '-1,234.5', '12', '0.004']);
  expect(shownQuantity('1234.123456789')).toBe('1,234.123457');
  expect([999_697, 1_000_000, 0].map(percentOfPpm)).toEqual(['99.9697', '100', '0']);
});
