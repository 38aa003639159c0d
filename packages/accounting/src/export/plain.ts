import { type Invoice, type InvoiceLine, meterOf, type UsageRow } from '@bulkhead/model';
import { canonicalJson } from '../canonical.ts';
import { type CsvColumn, toPlainCsv } from './csv.ts';

const lineColumns: readonly CsvColumn<InvoiceLine>[] = [
  { name: 'kind', kind: 'text', of: ({ kind }) => kind },
  { name: 'description', kind: 'text', of: ({ description }) => description },
  { name: 'from', kind: 'text', of: ({ chargePeriod }) => chargePeriod.start },
  { name: 'to', kind: 'text', of: ({ chargePeriod }) => chargePeriod.end },
  { name: 'plan', kind: 'text', of: ({ planId }) => planId },
  { name: 'planVersion', kind: 'number', of: ({ planVersion }) => planVersion?.toString() },
  { name: 'meter', kind: 'text', of: ({ meter }) => meter },
  { name: 'charged', kind: 'text', of: ({ basis }) => basis },
  { name: 'quantity', kind: 'number', of: ({ pricingQuantity }) => pricingQuantity },
  { name: 'unit', kind: 'text', of: ({ pricingUnit }) => pricingUnit },
  { name: 'unitPrice', kind: 'number', of: ({ unitPrice }) => unitPrice },
  { name: 'amount', kind: 'number', of: ({ amount }) => amount },
  { name: 'uncertain', kind: 'text', of: ({ uncertain }) => (uncertain ? 'yes' : undefined) },
  { name: 'refersTo', kind: 'text', of: ({ refersTo }) => refersTo },
];

const rowColumns: readonly CsvColumn<UsageRow>[] = [
  { name: 'tenant', kind: 'text', of: ({ tenantId }) => tenantId ?? undefined },
  { name: 'host', kind: 'text', of: ({ resource }) => resource.hostId },
  { name: 'resourceKind', kind: 'text', of: ({ resource }) => resource.kind },
  { name: 'resource', kind: 'text', of: ({ resource }) => resource.id },
  { name: 'name', kind: 'text', of: ({ resource }) => resource.name },
  { name: 'meter', kind: 'text', of: ({ meter }) => meter },
  { name: 'from', kind: 'text', of: ({ start }) => start },
  { name: 'to', kind: 'text', of: ({ end }) => end },
  { name: 'quantity', kind: 'number', of: ({ quantity }) => quantity },
  { name: 'unit', kind: 'text', of: ({ meter }) => meterOf(meter).unit },
  { name: 'unmeasuredMsec', kind: 'number', of: ({ unmeasuredMsec }) => unmeasuredMsec },
  { name: 'flags', kind: 'text', of: ({ flags }) => flags.join(' ') },
];

/** Lines of an invoice, then subtotal, tax and total. */
export function invoiceCsv({ content }: Invoice): string {
  const { account, currency, period, lines, subtotal, tax, total } = content;
  const sumLine = (description: string, amount: string): InvoiceLine => ({
    key: description,
    kind: 'usage',
    description: `${description}, ${currency}`,
    chargePeriod: { start: period.start, end: period.end },
    amount,
  });
  const sums = [sumLine('Subtotal', subtotal), sumLine(`${account.taxName} ${account.taxRate}`, tax), sumLine('Total', total)];
  const columns = lineColumns.map((column) =>
    column.name === 'kind' ? { ...column, of: (line: InvoiceLine) => (sums.includes(line) ? 'sum' : line.kind) } : column,
  );
  return toPlainCsv(columns, [...lines, ...sums]);
}

export const usageCsv = (rows: readonly UsageRow[]): string => toPlainCsv(rowColumns, rows);

/** The stored invoice as it is hashed: one line of canonical JSON. */
export const invoiceJson = (invoice: Invoice): string => `${canonicalJson(invoice)}\n`;
