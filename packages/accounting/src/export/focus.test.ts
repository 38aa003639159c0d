import type { InvoiceLine } from '@bulkhead/model';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { account, assigned, coreHour, finalised, gib, inputOf, priceOf, row, sha256, version } from '../../test/bill.ts';
import { inputs } from '../../test/random-bill.ts';
import { correctionsOf } from '../invoice/correction.ts';
import { draftCreditNote } from '../invoice/credit-note.ts';
import { draftInvoice } from '../invoice/draft.ts';
import { rate } from '../rate/rate.ts';
import { parseCsv, toCsv } from './csv.ts';
import { focusCsv, focusRows } from './focus.ts';
import { type FocusColumn, focusColumns } from './focus-columns.ts';
import { isUnit } from './focus-spec.ts';
import { validateFocus } from './focus-validator.ts';

const taxed = { ...account, taxRate: '0.19' };
const prices = [
  priceOf(
    'cpu-used',
    {
      model: 'graduated',
      tiers: [
        { from: '0', upTo: '1', unitPrice: '0.0333' },
        { from: '1', upTo: 'max', unitPrice: '0.02' },
      ],
    },
    { included: { quantity: '0.5' } },
  ),
  priceOf('network-out-bytes', { model: 'package', size: '10', packagePrice: '2.50' }, { cap: { amount: '4.00' } }),
  priceOf('io-read-operations', { model: 'per-unit', unitPrice: '0.1' }, { minimum: { amount: '1.00' } }),
];
const plan = version({ prices, fees: [{ id: 'base', name: 'Base fee', amount: '9.99' }] });
const rows = [
  row({ quantity: coreHour, container: 1 }),
  row({ quantity: 2n * coreHour, container: 2 }),
  row({ quantity: 7n, container: 3, flags: ['spread'] }),
  row({ meter: 'network-out-bytes', quantity: 15n * gib, container: 1 }),
  row({ meter: 'io-read-operations', quantity: 123_456n, container: 1 }),
];
const credits = [
  { creditId: '00000000-0000-4000-8000-000000000001', grantedAt: '2026-01-01T00:00:00.000Z', reason: 'sorry', balance: '3.00' },
];
const input = {
  ...inputOf([], rows),
  account: taxed,
  plans: [plan],
  issuer: 'Bulkhead GmbH',
  credits,
  assignments: [assigned({ from: '2026-03-11T00:00:00.000Z' })],
};
// In force for 21 of 31 days, and use within them.
const shifted = rows.map((one) => ({ ...one, start: one.start.replace('03-01', '03-12'), end: one.end.replace('03-01', '03-12') }));
const invoice = finalised(draftInvoice({ ...input, rows: shifted }, sha256), 1);
const exported = focusRows({
  invoice,
  rows: shifted,
  provider: 'Bulkhead',
  describe: ({ name }) => ({
    regionName: 'rack 7',
    labels: { app: name, tier: '"quoted"' },
    subAccount: { id: 'p1', name: 'Project 1', type: 'Project' },
  }),
});
const csv = focusCsv(exported);
const totals = { [invoice.number]: invoice.content.total };

describe('an invoice as FOCUS 1.2', () => {
  test('breaks no rule of the specification', () => {
    expect(validateFocus(csv, totals)).toEqual([]);
  });

  test('has a row for each line and container, of every category, and one adjustment for what rounding made', () => {
    const kinds = exported.map(({ x_LineKind, ChargeCategory, ResourceName, BilledCost }) => [
      x_LineKind,
      ChargeCategory,
      ResourceName,
      BilledCost,
    ]);
    expect(kinds.map(([kind, category]) => `${kind} ${category}`)).toEqual([
      ...Array.from({ length: 3 }, () => 'included Usage'),
      ...Array.from({ length: 6 }, () => 'usage Usage'),
      'usage Usage',
      'minimum Purchase',
      'usage Usage',
      'cap Credit',
      'fee Purchase',
      'credit Credit',
      'tax Tax',
      'rounding Adjustment',
    ]);
    expect(exported.find(({ x_LineKind }) => x_LineKind === 'fee')).toMatchObject({
      PricingQuantity: '0.677419354839',
      PricingUnit: 'Months',
      ListUnitPrice: '9.99',
      ListCost: '6.76741935484161',
    });
    expect(exported[0]).toMatchObject({
      BillingAccountId: 'acme',
      InvoiceId: 'A-000001',
      ChargePeriodStart: '2026-03-11T00:00:00Z',
      SkuMeter: 'CPU time used',
      ResourceId: `host/${rows[0]?.resource.hostId}/container/0000000000000001`,
      RegionName: 'rack 7',
      Tags: '{"app":"c1","tier":"\\"quoted\\""}',
      SubAccountName: 'Project 1',
    });
  });

  test('own columns stand after those of FOCUS', () => {
    const first = focusColumns.findIndex((column) => column.startsWith('x_'));
    expect(focusColumns.slice(first).every((column) => column.startsWith('x_'))).toBe(true);
  });

  test('corrections bear their class, the later invoice and the period of the charge', () => {
    const april = { ...input, period: { ...input.period, start: input.period.end, end: '2026-05-01T00:00:00.000Z', month: '2026-04' } };
    const late = row({ quantity: 40n * coreHour, hour: 500 });
    const corrections = correctionsOf(invoice, rate({ ...input, rows: [...shifted, late] }, sha256).lines, { into: 'EUR' });
    const next = finalised(draftInvoice({ ...april, rows: [], credits: [], corrections }, sha256), 2, invoice);
    const later = focusRows({ invoice: next, rows: [] });
    expect(validateFocus(focusCsv(later), { [next.number]: next.content.total })).toEqual([]);
    const [correction] = later.filter(({ ChargeClass }) => ChargeClass === 'Correction');
    expect(correction).toMatchObject({
      InvoiceId: 'A-000002',
      BillingPeriodStart: '2026-04-01T00:00:00Z',
      ChargePeriodStart: '2026-03-11T00:00:00Z',
      x_RefersToInvoice: 'A-000001',
    });
  });

  test('a credit note breaks no rule either', () => {
    const note = finalised(draftCreditNote(invoice, { given: 'all', reason: 'outage' }, sha256), 2, invoice);
    expect(validateFocus(focusCsv(focusRows({ invoice: note, rows: shifted })), { [note.number]: note.content.total })).toEqual([]);
  });

  test('an invoice with nothing but zero rows has no adjustment', () => {
    const empty = finalised(draftInvoice({ ...input, plans: [version({})], credits: [], rows: [] }, sha256), 1);
    expect(focusRows({ invoice: empty, rows: [] })).toEqual([]);
  });

  test('whatever is charged: no rule is broken, and rows add up to the invoice', () => {
    fc.assert(
      fc.property(inputs, (random) => {
        const issued = finalised(draftInvoice({ ...random, account: taxed, issuer: 'Bulkhead GmbH', credits }, sha256), 1);
        const all = focusRows({ invoice: issued, rows: random.rows });
        expect(validateFocus(focusCsv(all), { [issued.number]: issued.content.total })).toEqual([]);
        expect(all.filter(({ ChargeCategory }) => ChargeCategory === 'Adjustment').length).toBeLessThanOrEqual(1);
      }),
      { numRuns: 60 },
    );
  });
});

describe('the validator finds', () => {
  const [header = [], ...body] = parseCsv(csv);
  /** The dataset with one cell changed in the first row of a category. */
  const broken = (column: FocusColumn, value: string, isRow: (kind: string) => boolean = (kind) => kind === 'usage'): string => {
    const kindAt = header.indexOf('x_LineKind');
    const target = body.findIndex((cells) => isRow(cells[kindAt] ?? ''));
    return toCsv([
      header,
      ...body.map((cells, index) => (index === target ? cells.map((cell, at) => (header[at] === column ? value : cell)) : cells)),
    ]);
  };
  const rulesOf = (text: string): string[] => validateFocus(text, totals).map(({ column, rule }) => `${column}: ${rule}`);

  test.each<[FocusColumn, string, RegExp]>([
    ['BilledCost', '', /^BilledCost: must not be null/],
    ['BilledCost', '1,000.00', /^BilledCost: NumericFormat/],
    ['BilledCost', '+3', /^BilledCost: NumericFormat/],
    ['BilledCost', '35.2E+7', /^BilledCost: NumericFormat/],
    ['BilledCost', '77', /^BilledCost: the sum for invoice A-000001 is/],
    ['ListCost', '77', /^ListCost: must be the product of ListUnitPrice and PricingQuantity/],
    ['ContractedCost', '77', /^ContractedCost: must be the product of ContractedUnitPrice/],
    ['PricingQuantity', '77', /^ListCost: must be the product/],
    ['PricingQuantity', '', /^PricingQuantity: must not be null when ChargeCategory is "Usage" or "Purchase"/],
    ['ListUnitPrice', '-1', /^ListUnitPrice: must be a non-negative/],
    ['ListUnitPrice', '', /^ListUnitPrice: must not be null/],
    ['SkuId', '', /^SkuId: must not be null/],
    ['SkuMeter', '   ', /^SkuMeter: NullHandling/],
    ['SkuPriceId', '', /^SkuPriceId: must not be null/],
    ['PricingCategory', '', /^PricingCategory: must not be null/],
    ['PricingUnit', '', /^PricingUnit: must be null when PricingQuantity is null, and not otherwise/],
    ['PricingUnit', 'gigabyte-hours', /^PricingUnit: UnitFormat/],
    ['ConsumedQuantity', '', /^ConsumedQuantity: must not be null when ChargeCategory is "Usage"/],
    ['ConsumedUnit', '', /^ConsumedUnit: must be null when ConsumedQuantity is null/],
    ['BillingCurrency', 'Euro', /^BillingCurrency: CurrencyFormat/],
    ['BillingPeriodStart', '2026-03-01', /^BillingPeriodStart: DateTimeFormat/],
    ['ChargePeriodEnd', '2026-03-01T00:00:00+01:00', /^ChargePeriodEnd: DateTimeFormat/],
    ['ChargePeriodEnd', '2026-03-01T00:00:00Z', /^ChargePeriodEnd: must be after ChargePeriodStart/],
    ['ChargeCategory', 'Fee', /^ChargeCategory: must be one of the allowed values/],
    ['ChargeCategory', 'Tax', /^SkuId: must be null when ChargeCategory is "Tax"/],
    ['ChargeCategory', 'Purchase', /^ChargeFrequency: must not be "Usage-Based"/],
    ['ChargeCategory', 'Purchase', /^ConsumedQuantity: must be null when ChargeCategory is not "Usage"/],
    ['ChargeClass', 'correction', /^ChargeClass: must be one of the allowed values/],
    ['ServiceCategory', 'Containers', /^ServiceCategory: must be one of/],
    ['ServiceCategory', 'Storage', /^ServiceName: Bulkhead Containers must have one and only one ServiceCategory/],
    ['ServiceSubcategory', 'Block Storage', /^ServiceSubcategory: must have its one parent/],
    ['ServiceName', '', /^ServiceName: must not be null/],
    ['ResourceType', '', /^ResourceType: must be null when ResourceId is null/],
    ['ResourceId', '', /^ResourceName: must be null when ResourceId is null/],
    ['RegionName', '', /^RegionName: must be null when RegionId is null/],
    ['SubAccountType', '', /^SubAccountType: must be null when SubAccountId is null/],
    ['Tags', '{"a":{"b":1}}', /^Tags: KeyValueFormat/],
    ['Tags', '{"a":1,"a":2}', /^Tags: KeyValueFormat/],
    ['Tags', 'a=b', /^Tags: KeyValueFormat/],
    ['ProviderName', '', /^ProviderName: must not be null/],
  ])('%s: %j', (column, value, expected) => {
    expect(rulesOf(broken(column, value)).filter((rule) => expected.test(rule))).not.toEqual([]);
  });

  test('a credit whose costs differ', () => {
    expect(rulesOf(broken('EffectiveCost', '0', (kind) => kind === 'credit'))).toContain(
      'EffectiveCost: must match BilledCost of a charge unrelated to others',
    );
    expect(rulesOf(broken('ListCost', '0', (kind) => kind === 'rounding'))).toContain(
      'ListCost: must match BilledCost of a charge unrelated to others',
    );
  });

  test('columns that are missing, twice, out of order or of no known name', () => {
    const renamed = (change: (names: string[]) => string[]) => rulesOf(toCsv([change(header), ...body.map((cells) => cells)]));
    expect(renamed((names) => names.map((name) => (name === 'ProviderName' ? 'Provider' : name)))).toEqual(
      expect.arrayContaining([
        'ProviderName: must be present in a FOCUS dataset',
        'Provider: ColumnHandling: own columns begin with x_ and a capital',
      ]),
    );
    expect(renamed((names) => names.map((name) => (name === 'Tags' ? 'ListCost' : name)))).toContain('ListCost: is there twice');
    expect(renamed((names) => ['x_Basis', ...names.filter((name) => name !== 'x_Basis')])).toContain(
      'InvoiceId: ColumnHandling: FOCUS columns come before own ones',
    );
    const every = header.filter((name) => !name.startsWith('x_'));
    const mandatory = every.filter((name) =>
      rulesOf(toCsv([header.map((own) => (own === name ? 'x_Gone' : own)), ...body])).includes(
        `${name}: must be present in a FOCUS dataset`,
      ),
    );
    expect(mandatory.length).toBe(21);
  });

  test('a row that is shorter than the header', () => {
    expect(rulesOf(toCsv([header, ...body.slice(0, -1), body.at(-1)?.slice(0, -1) ?? []]))).toContain(
      `: has ${header.length - 1} cells, the header ${header.length}`,
    );
  });

  test('numbers in scientific notation are numbers', () => {
    const [, first = []] = [header, body.find((cells) => cells[header.indexOf('x_LineKind')] === 'included') ?? []];
    expect(first[header.indexOf('ListCost')]).toBe('0');
    expect(rulesOf(broken('ListCost', '0E-7', (kind) => kind === 'included'))).toEqual([]);
    expect(rulesOf(broken('ListCost', '1E-7', (kind) => kind === 'included'))).not.toEqual([]);
  });
});

test('units are those of the Unit Format', () => {
  for (const unit of [
    'GB',
    'Hours',
    'GiB-Hours',
    'Core-Hours',
    'Requests/Day',
    '1000 Tokens',
    'Units/3 Months',
    '1000000 Operations',
    '10 GiB',
    'Months',
    'Units',
  ])
    expect([unit, isUnit(unit)]).toEqual([unit, true]);
  for (const unit of ['GBs', 'gib-hours', 'Hour', 'GiB-Hour', 'GiB Hours', '1.5 GiB', 'Core_Hours', 'core-hours', 'Requests/Days', ''])
    expect([unit, isUnit(unit)]).toEqual([unit, false]);
});

test('a line that has no quantity cannot be exported as use', () => {
  const [line] = invoice.content.lines as [InvoiceLine];
  const { unitPrice: _, ...without } = line;
  expect(() => focusRows({ invoice: { ...invoice, content: { ...invoice.content, lines: [without] } }, rows })).toThrow(/has no quantity/);
});
