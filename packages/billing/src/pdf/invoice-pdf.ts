import { Decimal } from '@bulkhead/accounting';
import type { Invoice, InvoiceLanguage, InvoiceLine, UnpricedUse } from '@bulkhead/model';
import { meterOf } from '@bulkhead/model';
import { groupDigits, hoursBetween, percentOf, percentOfPpm, shownQuantity, shownTime } from './figures.ts';
import { type Cell, type Column, Sheet } from './sheet.ts';
import { type Words, wordsOf } from './words.ts';

const grey = '#5c6470';

function stateOf(invoice: Invoice, words: Words): string | undefined {
  switch (invoice.status) {
    case 'draft':
      return words.draft;
    case 'paid':
      return words.paid;
    case 'void':
      return words.void;
    case 'finalised':
      return undefined;
  }
}

function describeLine(line: InvoiceLine, invoice: Invoice, words: Words): Cell {
  const { period } = invoice.content;
  const { chargePeriod, planId, planVersion, basis, packageSize, meter, uncertain, refersTo } = line;
  const isWhole = chargePeriod.start === period.start && chargePeriod.end === period.end;
  const facts = [
    ...(basis === undefined ? [] : [words.charged[basis]]),
    ...(planId === undefined || planVersion === undefined ? [] : [words.plan(planId, planVersion)]),
    ...(packageSize === undefined || meter === undefined ? [] : [words.packageOf(packageSize, meterOf(meter).pricingUnit)]),
    ...(refersTo === undefined ? [] : [words.refersTo(refersTo)]),
  ];
  return {
    text: `${words.describe(line)}${uncertain === true ? ' *' : ''}`,
    below: [
      ...(facts.length === 0 ? [] : [facts.join(' · ')]),
      ...(isWhole ? [] : [`${shownTime(chargePeriod.start)} – ${shownTime(chargePeriod.end)} UTC`]),
    ],
  };
}

const cellsOf = (line: InvoiceLine, invoice: Invoice, words: Words): Cell[] => [
  describeLine(line, invoice, words),
  line.pricingQuantity === undefined
    ? { text: '' }
    : { text: shownQuantity(line.pricingQuantity), below: line.pricingUnit === undefined ? [] : [words.unit(line.pricingUnit)] },
  { text: line.unitPrice === undefined ? '' : groupDigits(line.unitPrice) },
  { text: groupDigits(line.amount) },
];

function drawHead(sheet: Sheet, invoice: Invoice, words: Words): void {
  const { content } = invoice;
  const { account, issuer, issuerDetails, period } = content;
  const half = sheet.width / 2 - 10;
  const right = { x: sheet.left + sheet.width / 2 + 10, width: half };
  const top = sheet.y;

  sheet.style('bold', 13).text(issuer, { width: half });
  if (issuerDetails !== undefined) sheet.style('regular', 8, grey).text(issuerDetails, { width: half });
  const below = sheet.y;

  sheet.y = top;
  sheet.style('bold', 18).text(content.kind === 'invoice' ? words.invoice : words.creditNote, { ...right, align: 'right' });
  const state = stateOf(invoice, words);
  if (state !== undefined) sheet.style('bold', 10, '#b3261e').text(state, { ...right, align: 'right' });
  sheet.y = Math.max(sheet.y, below) + 18;

  const middle = sheet.y;
  sheet.style('regular', 8, grey).text(words.billTo, { width: half });
  sheet.style('bold', 10).text(account.name, { width: half });
  if (account.address !== undefined) sheet.style('regular', 8.5).text(account.address, { width: half });
  sheet.style('regular', 8.5, grey).text(words.account(account.tenantId), { width: half });
  const left = sheet.y;

  sheet.y = middle;
  const facts = [
    ...(invoice.status === 'draft'
      ? []
      : [
          [words.number, invoice.number],
          [words.issued, `${shownTime(invoice.finalisedAt)} UTC`],
        ]),
    [words.period, `${period.month} (${period.zone})`],
    ['', `${shownTime(period.start)} – ${shownTime(period.end)} UTC`],
    ['', words.hours(hoursBetween(period.start, period.end))],
  ];
  for (const [name = '', value = ''] of facts) {
    const { y } = sheet;
    sheet.style('regular', 8.5, grey).text(name, { ...right, width: 80 });
    sheet.y = y;
    sheet.style('regular', 8.5).text(value, { ...right, align: 'right' });
  }
  sheet.y = Math.max(sheet.y, left) + 20;
}

function drawTotals(sheet: Sheet, invoice: Invoice, words: Words): void {
  const { account, currency, subtotal, tax, total } = invoice.content;
  const lines: [string, string, 'regular' | 'bold'][] = [
    [words.subtotal, subtotal, 'regular'],
    [words.tax(account.taxName, percentOf(account.taxRate)), tax, 'regular'],
    [`${words.total} (${currency})`, total, 'bold'],
  ];
  sheet.need(80);
  sheet.y += 6;
  const box = { x: sheet.left + sheet.width - 240 };
  for (const [name, amount, face] of lines) {
    const { y } = sheet;
    sheet.style(face, face === 'bold' ? 11 : 9).text(name, { ...box, width: 140 });
    sheet.y = y;
    sheet.text(groupDigits(amount), { x: box.x + 140, width: 100, align: 'right' });
    sheet.y += 3;
  }
  sheet.y += 12;
}

const shownUse = ({ meter, quantity }: UnpricedUse, words: Words): string => {
  const { pricingUnit, unitsPerPricingUnit } = meterOf(meter);
  const amount = Decimal.ofRatio(BigInt(quantity), unitsPerPricingUnit, 6).toShortText();
  return `${words.meter(meter)} ${groupDigits(amount)} ${words.unit(pricingUnit)}`;
};

function notesOf(invoice: Invoice, words: Words): string[] {
  const { account, currency, period, lines, unpriced, coveragePpm, override, allottedBy } = invoice.content;
  return [
    ...(invoice.status === 'paid' ? [words.paidOn(`${shownTime(invoice.paidAt)} UTC`, invoice.payment)] : []),
    ...(invoice.status === 'void' ? [words.voidedOn(`${shownTime(invoice.voidedAt)} UTC`, invoice.reason)] : []),
    words.rounding(currency, account.rounding),
    words.quantities,
    words.zone(period.zone),
    ...(lines.some(({ kind }) => kind === 'credit') ? [words.creditsBeforeTax] : []),
    ...(lines.some(({ uncertain }) => uncertain === true) ? [words.uncertain] : []),
    ...(coveragePpm === undefined ? [] : [words.coverage(percentOfPpm(coveragePpm))]),
    ...(unpriced.length === 0 ? [] : [words.unpriced(unpriced.map((use) => shownUse(use, words)).join(', '))]),
    ...(allottedBy === undefined ? [] : [words.allotted(allottedBy)]),
    ...(override === undefined ? [] : [words.override(override)]),
    ...(invoice.status === 'draft' || invoice.content.kind === 'credit-note' ? [] : [words.proof(invoice.number)]),
  ];
}

function drawNotes(sheet: Sheet, invoice: Invoice, words: Words): void {
  sheet.need(60);
  sheet.style('bold', 9).text(words.notes);
  sheet.y += 2;
  const draw = (note: string): void => {
    sheet.need(sheet.style('regular', 8).document.heightOfString(note, { width: sheet.width }) + 2);
    sheet.style('regular', 8).text(note);
    sheet.y += 2;
  };
  for (const note of notesOf(invoice, words)) draw(note);
  if (invoice.status === 'draft') return;
  sheet.y += 4;
  draw(`${words.hash}: ${invoice.hash}`);
  draw(`${words.previousHash}: ${invoice.previousHash ?? words.first}`);
}

/** The page of an invoice, a credit note or a draft: of the same content the same bytes. */
export async function renderInvoicePdf(invoice: Invoice, language: InvoiceLanguage): Promise<Buffer> {
  const words = wordsOf(language);
  const { content } = invoice;
  const kind = content.kind === 'invoice' ? words.invoice : words.creditNote;
  const name = invoice.status === 'draft' ? `${words.draft} ${content.period.month}` : invoice.number;
  const sheet = new Sheet({
    title: `${kind} ${name}`,
    author: content.issuer,
    language: language === 'zh' ? 'zh-Hans' : 'en',
    at: new Date(invoice.status === 'draft' ? content.period.end : invoice.finalisedAt),
  });
  const columns: Column[] = [
    { title: words.description, width: sheet.width - 280, align: 'left' },
    { title: words.quantity, width: 110, align: 'right' },
    { title: words.unitPrice, width: 75, align: 'right' },
    { title: words.amount(content.currency), width: 95, align: 'right' },
  ];
  drawHead(sheet, invoice, words);
  sheet.head(columns);
  const running = (): void => {
    sheet.style('regular', 8, grey).text(`${kind} ${name} · ${content.account.name} (${words.continued})`);
    sheet.y += 8;
  };
  sheet.onNewPage(() => {
    running();
    sheet.head(columns);
  });
  for (const line of content.lines) sheet.row(columns, cellsOf(line, invoice, words));
  sheet.onNewPage(running);
  drawTotals(sheet, invoice, words);
  drawNotes(sheet, invoice, words);
  return await sheet.end((page, of) => ({ left: `${kind} ${name}`, right: words.page(page, of) }));
}
