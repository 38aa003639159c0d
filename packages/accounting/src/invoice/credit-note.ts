import { type Amount, type DraftInvoice, type InvoiceLine, type IssuedInvoice, Problem } from '@bulkhead/model';
import { canonicalJson, type Sha256 } from '../canonical.ts';
import { type Minor, sumOf, toAmount, toMinor } from '../money.ts';
import { totalsOf } from './draft.ts';

/** Some of an invoice's lines with what is given back of each, or all that is left. */
export type GivenBack = 'all' | readonly { key: string; amount: Amount }[];

const isWithin = (minor: Minor, left: Minor): boolean => (left >= 0n ? minor >= 0n && minor <= left : minor <= 0n && minor >= left);

/**
 * A draft that gives back lines of a finalised invoice, with their tax. Over all notes never more than the invoice:
 * throws Problem `invalid` otherwise, and `conflict` for a void invoice or a note on a note.
 *
 * @param earlier credit notes on this invoice that are finalised
 */
export function draftCreditNote(
  invoice: IssuedInvoice,
  { given, reason, earlier = [] }: { given: GivenBack; reason: string; earlier?: readonly IssuedInvoice[] },
  sha256: Sha256,
): DraftInvoice {
  const { number, status, content } = invoice;
  const { currency } = content;
  if (status === 'void') throw new Problem('conflict', `invoice ${number} is void: there is nothing to give back`);
  if (content.kind === 'credit-note') throw new Problem('conflict', `${number} is a credit note itself`);
  const notes = earlier.filter(({ status: state }) => state !== 'void').flatMap((note) => note.content);
  const left = new Map(content.lines.map(({ key, amount }) => [key, toMinor(amount, currency)] as const));
  for (const { key, amount, refersTo } of notes.flatMap(({ lines }) => lines)) {
    const original = key.slice(`credit-note/${number}/`.length);
    if (refersTo === number) left.set(original, (left.get(original) ?? 0n) + toMinor(amount, currency));
  }
  const wanted =
    given === 'all'
      ? [...left].map(([key, minor]) => ({ key, minor }))
      : given.map(({ key, amount }) => ({ key, minor: toMinor(amount, currency) }));
  const lines = wanted.flatMap(({ key, minor }) => {
    const line = content.lines.find((candidate) => candidate.key === key);
    const rest = left.get(key);
    if (line === undefined || rest === undefined) throw new Problem('invalid', `invoice ${number} has no line ${key}`);
    if (!isWithin(minor, rest))
      throw new Problem('invalid', `of line ${key} of ${number} ${toAmount(rest, currency)} is left, not ${toAmount(minor, currency)}`);
    left.set(key, rest - minor);
    if (minor === 0n) return [];
    return [
      {
        key: `credit-note/${number}/${key}`,
        kind: 'correction',
        description: `Given back of ${number} (${reason}): ${line.description}`.slice(0, 500),
        chargePeriod: line.chargePeriod,
        ...(line.meter === undefined ? {} : { meter: line.meter }),
        amount: toAmount(-minor, currency),
        refersTo: number,
      } satisfies InvoiceLine,
    ];
  });
  const totals = totalsOf(lines, currency, content.account);
  // The last note gives back what tax is left, to the last cent.
  const isWhole = left.values().every((minor) => minor === 0n);
  const taxLeft = toMinor(content.tax, currency) + sumOf(notes.map(({ tax }) => toMinor(tax, currency)));
  const tax = isWhole ? -taxLeft : toMinor(totals.tax, currency);
  return {
    status: 'draft',
    content: {
      ...content,
      kind: 'credit-note',
      lines,
      subtotal: totals.subtotal,
      tax: toAmount(tax, currency),
      total: toAmount(toMinor(totals.subtotal, currency) + tax, currency),
      unpriced: [],
      inputs: { terms: sha256(canonicalJson({ invoice: invoice.hash, reason, lines })), rows: sha256('') },
    },
  };
}
