import { type Currency, type InvoiceLine, type IssuedInvoice, Problem } from '@bulkhead/model';
import { type Minor, toAmount, toMinor } from '../money.ts';

/** Lines of what a period costs, which credits and corrections of other periods are not. */
const isCharge = ({ kind }: InvoiceLine): boolean => kind !== 'credit' && kind !== 'correction';
const keyOfCorrection = (number: string, key: string): string => `correction/${number}/${key}`;

/**
 * Lines for the next open period that make up for what came late: the difference between what a finalised invoice, with
 * its earlier corrections, charged and what its period costs when rated again. They bear the original charge period. The
 * finalised invoice itself never changes.
 * Throws Problem `invalid` where the invoice that is to bear them has another currency.
 *
 * @param rerated lines of the same period, rated again
 * @param earlier corrections of it that later invoices bear already
 * @param into currency of the invoice that is to bear the lines
 */
export function correctionsOf(
  original: IssuedInvoice,
  rerated: readonly InvoiceLine[],
  { earlier = [], into }: { earlier?: readonly InvoiceLine[]; into: Currency },
): InvoiceLine[] {
  const { number, content } = original;
  const { currency } = content;
  if (currency !== into)
    throw new Problem('invalid', `${number} is in ${currency}: its corrections cannot enter an invoice in ${into}`, {
      remedy: 'write a credit note and a new invoice',
    });
  const charged = new Map<string, { minor: Minor; line: InvoiceLine }>();
  for (const line of content.lines.filter(isCharge)) charged.set(line.key, { minor: toMinor(line.amount, currency), line });
  const prefix = keyOfCorrection(number, '');
  for (const line of earlier) {
    if (!line.key.startsWith(prefix)) continue;
    const key = line.key.slice(prefix.length);
    const known = charged.get(key);
    charged.set(key, { minor: (known?.minor ?? 0n) + toMinor(line.amount, currency), line: known?.line ?? line });
  }
  const due = new Map(rerated.filter(isCharge).map((line) => [line.key, line] as const));
  const keys = [...new Set([...charged.keys(), ...due.keys()])].sort();
  return keys.flatMap((key) => {
    const line = due.get(key) ?? charged.get(key)?.line;
    const difference = toMinor(due.get(key)?.amount ?? '0', currency) - (charged.get(key)?.minor ?? 0n);
    if (line === undefined || difference === 0n) return [];
    const { chargePeriod, planId, planVersion, meter, basis, tier } = line;
    const told = Object.fromEntries(Object.entries({ planId, planVersion, meter, basis, tier }).filter(([, value]) => value !== undefined));
    return [
      {
        key: keyOfCorrection(number, key),
        kind: 'correction',
        description: `Correction of ${number}: ${line.description.replace(/^Correction of \S+: /, '')}`.slice(0, 500),
        chargePeriod,
        ...told,
        amount: toAmount(difference, currency),
        refersTo: number,
      } satisfies InvoiceLine,
    ];
  });
}
