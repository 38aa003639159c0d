import { Decimal } from '@bulkhead/accounting';
import { type InvoiceContent, meterOf } from '@bulkhead/model';
import { formatTable } from '../../output/table.ts';

const shown = (quantity: string): string => Decimal.parse(quantity).round(6, 'half-even').toShortText();

/** Lines of an invoice as a table. */
export function formatLines({ lines, unpriced, currency }: Pick<InvoiceContent, 'lines' | 'unpriced' | 'currency'>): string {
  const rows = lines.map(({ description, pricingQuantity, pricingUnit = '', unitPrice, amount, uncertain }) => [
    `${description}${uncertain === true ? ' *' : ''}`,
    pricingQuantity === undefined ? '' : `${shown(pricingQuantity)} ${pricingUnit}`,
    unitPrice ?? '',
    amount,
  ]);
  const free = unpriced.map(({ meter, quantity }) => {
    const { pricingUnit, unitsPerPricingUnit } = meterOf(meter);
    return `used and not charged: ${meter} ${Decimal.ofRatio(BigInt(quantity), unitsPerPricingUnit, 6).toShortText()} ${pricingUnit}\n`;
  });
  return `${formatTable(['LINE', 'QUANTITY', 'UNIT PRICE', currency], rows)}${free.join('')}`;
}

/** An invoice's content: whose, of when, lines and sums. */
export function formatContent(content: InvoiceContent): string {
  const { account, period, currency, subtotal, tax, total, lines, override } = content;
  return [
    `${account.name} (${account.tenantId}), ${period.month} in ${period.zone}: ${period.start} to ${period.end}\n\n`,
    formatLines(content),
    lines.some(({ uncertain }) => uncertain === true) ? '* some of it was estimated\n' : '',
    `\nsubtotal  ${subtotal} ${currency}\n${account.taxName}  ${tax} ${currency} (${account.taxRate})\ntotal  ${total} ${currency}\n`,
    override === undefined ? '' : `issued by ${override.by} though ${override.overridden.join('; ')}: ${override.reason}\n`,
  ].join('');
}
