import { Currency } from '@bulkhead/model';
import { Decimal } from '../decimal.ts';
import { parseCsv } from './csv.ts';
import { type FocusColumnRule, focusRules, foreignColumns, isUnit, subcategories } from './focus-spec.ts';

/** A rule of the specification that a dataset breaks. `row` counts from 1 below the header; 0 is the dataset itself. */
export interface FocusFinding {
  row: number;
  column: string;
  rule: string;
}

type Row = ReadonlyMap<string, string | null>;

const numeric = /^-?\d+(?:\.\d+)?(?:E-?\d+)?$/;
const datetime = /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\dZ$/;

/** `35.2E-7` too. */
function toDecimal(text: string): Decimal {
  const [mantissa = '', exponent = '0'] = text.split('E');
  const { digits, scale } = Decimal.parse(mantissa);
  const moved = scale - Number(exponent);
  return moved >= 0 ? new Decimal(digits, moved) : new Decimal(digits * 10n ** BigInt(-moved), 0);
}

/** Key-Value Format: one object of plain values. */
function isKeyValue(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
    const keys = [...text.matchAll(/"((?:[^"\\]|\\.)*)"\s*:/g)].map(([, key]) => key);
    return Object.values(value).every((field) => typeof field !== 'object' || field === null) && new Set(keys).size === keys.length;
  } catch {
    return false;
  }
}

/** What is wrong with a cell that is there, by its column alone. */
function* checkCell(text: string, { type, allowed, isUnit: mustBeUnit, isCurrency, isNonNegative }: FocusColumnRule): Generator<string> {
  if (type === 'decimal' && !numeric.test(text)) {
    yield 'NumericFormat: must be one number, without separators, sign of plus or unit';
    return;
  }
  if (type === 'decimal' && isNonNegative && text.startsWith('-')) yield 'must be a non-negative decimal value';
  if (type === 'datetime' && !datetime.test(text)) yield 'DateTimeFormat: must be YYYY-MM-DDTHH:mm:ssZ';
  if (type === 'json' && !isKeyValue(text)) yield 'KeyValueFormat: must be an object of numbers, strings, true, false or null';
  if (type === 'string' && text.trim() === '') yield 'NullHandling: empty strings do not stand for null';
  if (allowed !== undefined && !allowed.includes(text)) yield `must be one of the allowed values, not ${JSON.stringify(text)}`;
  if (mustBeUnit && !isUnit(text)) yield `UnitFormat: ${JSON.stringify(text)} is no unit`;
  if (isCurrency && !Currency.safeParse(text).success) yield 'CurrencyFormat: must be a code of ISO 4217';
}

/** Rules over several cells of one row: [column, rule, whether it is kept]. Formats are right already. */
function* checkRow(row: Row, present: ReadonlySet<string>): Generator<[string, string, boolean]> {
  const of = (column: string): string | null => row.get(column) ?? null;
  const [category, frequency] = [of('ChargeCategory'), of('ChargeFrequency')];
  const isCorrection = of('ChargeClass') === 'Correction';
  const isCharged = category === 'Usage' || category === 'Purchase';
  const has = (column: string): boolean => of(column) !== null;
  const number = (column: string): Decimal | undefined => {
    const text = of(column);
    return text !== null && numeric.test(text) ? toDecimal(text) : undefined;
  };
  for (const column of ['SkuId', 'SkuPriceId', 'ListUnitPrice', 'ContractedUnitPrice', 'PricingCategory', 'PricingQuantity']) {
    if (!present.has(column)) continue;
    if (category === 'Tax') yield [column, 'must be null when ChargeCategory is "Tax"', !has(column)];
    if (isCharged && !isCorrection)
      yield [column, 'must not be null when ChargeCategory is "Usage" or "Purchase" and ChargeClass is not "Correction"', has(column)];
  }
  for (const [child, parent] of [
    ['PricingUnit', 'PricingQuantity'],
    ['ConsumedUnit', 'ConsumedQuantity'],
    ['ResourceType', 'ResourceId'],
    ['RegionName', 'RegionId'],
    ['SubAccountName', 'SubAccountId'],
    ['SubAccountType', 'SubAccountId'],
  ] as const)
    if (present.has(child)) yield [child, `must be null when ${parent} is null, and not otherwise`, has(child) === has(parent)];
  yield ['ResourceName', 'must be null when ResourceId is null', !has('ResourceName') || has('ResourceId')];
  yield ['ResourceName', 'must not duplicate ResourceId', !has('ResourceName') || of('ResourceName') !== of('ResourceId')];
  yield ['SkuMeter', 'must be null when SkuId is null', !has('SkuMeter') || has('SkuId')];
  if (present.has('ConsumedQuantity')) {
    yield ['ConsumedQuantity', 'must be null when ChargeCategory is not "Usage"', category === 'Usage' || !has('ConsumedQuantity')];
    yield [
      'ConsumedQuantity',
      'must not be null when ChargeCategory is "Usage" and ChargeClass is not "Correction"',
      category !== 'Usage' || isCorrection || has('ConsumedQuantity'),
    ];
  }
  yield [
    'ChargeFrequency',
    'must not be "Usage-Based" when ChargeCategory is "Purchase"',
    category !== 'Purchase' || frequency !== 'Usage-Based',
  ];
  for (const [price, cost] of [
    ['ListUnitPrice', 'ListCost'],
    ['ContractedUnitPrice', 'ContractedCost'],
  ] as const) {
    const [quantity, unitPrice, total] = [number('PricingQuantity'), number(price), number(cost)];
    if (isCorrection || quantity === undefined || unitPrice === undefined || total === undefined) continue;
    yield [cost, `must be the product of ${price} and PricingQuantity`, quantity.times(unitPrice).compare(total) === 0];
  }
  // Charges that hang on no others: credits and adjustments.
  if (category === 'Credit' || category === 'Adjustment')
    for (const [cost, price] of [['EffectiveCost'], ['ContractedCost', 'ContractedUnitPrice'], ['ListCost', 'ListUnitPrice']] as const)
      if (price === undefined || !has(price)) {
        const [own, billed] = [number(cost), number('BilledCost')];
        yield [
          cost,
          'must match BilledCost of a charge unrelated to others',
          own === undefined || billed === undefined || own.compare(billed) === 0,
        ];
      }
  for (const period of ['BillingPeriod', 'ChargePeriod'])
    yield [
      `${period}End`,
      `must be after ${period}Start, whose end it excludes`,
      (of(`${period}Start`) ?? '') < (of(`${period}End`) ?? '~'),
    ];
  const [service, sub] = [of('ServiceCategory'), of('ServiceSubcategory')];
  if (service !== null && sub !== null)
    yield ['ServiceSubcategory', 'must have its one parent ServiceCategory', subcategories[service]?.includes(sub) ?? false];
}

/** Rules over columns' names and order. */
function* checkHeader(header: readonly string[]): Generator<Omit<FocusFinding, 'row'>> {
  for (const [column, { level }] of Object.entries(focusRules))
    if (level === 'mandatory' && !header.includes(column)) yield { column, rule: 'must be present in a FOCUS dataset' };
  const isOwn = (column: string): boolean => !(column in focusRules) && !foreignColumns.includes(column);
  for (const [index, column] of header.entries()) {
    if (header.indexOf(column) < index) yield { column, rule: 'is there twice' };
    if (isOwn(column) && !/^x_[A-Z][A-Za-z0-9]*$/.test(column))
      yield { column, rule: 'ColumnHandling: own columns begin with x_ and a capital' };
    if (!isOwn(column) && header.slice(0, index).some(isOwn)) yield { column, rule: 'ColumnHandling: FOCUS columns come before own ones' };
  }
}

/** Rules over rows together. */
function* checkDataset(rows: readonly Row[], invoices: Readonly<Record<string, string>>): Generator<Omit<FocusFinding, 'row'>> {
  const parents = new Map<string, string>();
  for (const row of rows)
    for (const [child, parent] of [
      ['ServiceName', 'ServiceCategory'],
      ['SkuPriceId', 'SkuId'],
    ] as const) {
      const [name, value] = [row.get(child), row.get(parent) ?? ''];
      if (!name) continue;
      const known = parents.get(`${child} ${name}`);
      if (known !== undefined && known !== value) yield { column: child, rule: `${name} must have one and only one ${parent}` };
      parents.set(`${child} ${name}`, value);
    }
  for (const [number, total] of Object.entries(invoices)) {
    const billed = rows
      .filter((row) => row.get('InvoiceId') === number && numeric.test(row.get('BilledCost') ?? ''))
      .reduce((sum, row) => sum.plus(toDecimal(row.get('BilledCost') ?? '0')), Decimal.zero);
    if (billed.compare(Decimal.parse(total)) !== 0)
      yield { column: 'BilledCost', rule: `the sum for invoice ${number} is ${billed.toShortText()}, the invoice says ${total}` };
  }
}

/**
 * Everything in which a CSV dataset breaks the FOCUS specification 1.2, as far as a dataset can tell.
 *
 * @param invoices payable amount of each invoice by its number, which rows must add up to
 */
export function validateFocus(csv: string, invoices: Readonly<Record<string, string>> = {}): FocusFinding[] {
  const [header = [], ...body] = parseCsv(csv);
  const findings: FocusFinding[] = [...checkHeader(header)].map((finding) => ({ row: 0, ...finding }));
  const present = new Set(header);
  const rows = body.map(
    (cells) => new Map(header.map((column, index) => [column, cells[index] === '' ? null : (cells[index] ?? null)] as const)),
  );
  for (const [index, row] of rows.entries()) {
    const at = index + 1;
    if (body[index]?.length !== header.length)
      findings.push({ row: at, column: '', rule: `has ${body[index]?.length} cells, the header ${header.length}` });
    for (const [column, text] of row) {
      const rule = focusRules[column];
      if (rule === undefined) continue;
      if (text === null) {
        if (!rule.mayBeNull) findings.push({ row: at, column, rule: 'must not be null' });
      } else for (const broken of checkCell(text, rule)) findings.push({ row: at, column, rule: broken });
    }
    for (const [column, rule, isKept] of checkRow(row, present)) if (!isKept) findings.push({ row: at, column, rule });
  }
  for (const finding of checkDataset(rows, invoices)) findings.push({ row: 0, ...finding });
  return findings;
}
