import {
  type ClosingOverride,
  type DraftInvoice,
  type FinalisedInvoice,
  type Invoice,
  type IssuedInvoice,
  Problem,
  type Timestamp,
} from '@bulkhead/model';
import { canonicalJson, type Sha256 } from '../canonical.ts';
import { assertClosed, type Closing } from './closing.ts';

export interface Finalising {
  series: string;
  /** The next one of the series, given inside the transaction that stores the invoice. */
  sequence: number;
  at: Timestamp;
  /** The invoice before it in the series; undefined for the first. */
  previous: Pick<IssuedInvoice, 'series' | 'sequence' | 'hash'> | undefined;
  closing: Closing;
  override?: ClosingOverride;
}

export const numberOf = (series: string, sequence: number): string => `${series}-${String(sequence).padStart(6, '0')}`;

/** Hash of everything that may not change once an invoice is finalised. */
export const hashInvoice = (
  { number, series, sequence, finalisedAt, previousHash, content }: Omit<IssuedInvoice, 'hash' | 'status'>,
  sha256: Sha256,
): string => sha256(canonicalJson({ number, series, sequence, finalisedAt, previousHash, content }));

/** Throws Problem `conflict` where the period is not closed, or the number does not follow the one before it. */
export function finalise(
  draft: DraftInvoice,
  { series, sequence, at, previous, closing, override }: Finalising,
  sha256: Sha256,
): FinalisedInvoice {
  assertClosed(closing, override);
  const expected = (previous?.sequence ?? 0) + 1;
  if (sequence !== expected || (previous !== undefined && previous.series !== series))
    throw new Problem(
      'conflict',
      `${numberOf(series, sequence)} does not follow ${previous === undefined ? 'nothing' : numberOf(previous.series, previous.sequence)}`,
    );
  const issued = {
    number: numberOf(series, sequence),
    series,
    sequence,
    finalisedAt: at,
    previousHash: previous?.hash ?? null,
    content: override === undefined ? draft.content : { ...draft.content, override },
  };
  return { status: 'finalised', ...issued, hash: hashInvoice(issued, sha256) };
}

function assertFinalised(invoice: Invoice, verb: string): asserts invoice is FinalisedInvoice {
  if (invoice.status === 'finalised') return;
  const what = invoice.status === 'draft' ? 'a draft' : `invoice ${invoice.number}`;
  throw new Problem('conflict', `${what} cannot be ${verb}: it is ${invoice.status}`, {
    ...(invoice.status === 'paid' ? { remedy: 'write a credit note' } : {}),
  });
}

/** Throws Problem `conflict` for anything but a finalised invoice. */
export function pay(invoice: Invoice, { at, payment }: { at: Timestamp; payment: string }): Extract<Invoice, { status: 'paid' }> {
  assertFinalised(invoice, 'paid');
  return { ...invoice, status: 'paid', paidAt: at, payment };
}

/** It keeps its number and its hash; credits that it used come back (`creditRefunds`). Throws Problem `conflict` for anything but a finalised invoice. */
export function voidInvoice(invoice: Invoice, { at, reason }: { at: Timestamp; reason: string }): Extract<Invoice, { status: 'void' }> {
  assertFinalised(invoice, 'voided');
  return { ...invoice, status: 'void', voidedAt: at, reason };
}

/** The first thing that is wrong with a series of invoices in their order, or undefined: a gap, a broken chain, a changed content. */
export function checkChain(invoices: readonly IssuedInvoice[], sha256: Sha256): string | undefined {
  for (const [index, invoice] of invoices.entries()) {
    const { number, series, sequence, previousHash, hash } = invoice;
    const before = invoices[index - 1];
    const expected = before === undefined ? sequence : before.sequence + 1;
    if (sequence !== expected || (before !== undefined && series !== before.series))
      return `${number}: the number before it is missing, ${numberOf(before?.series ?? series, expected)} was expected`;
    if (number !== numberOf(series, sequence)) return `${number}: is not number ${sequence} of series ${series}`;
    if (before !== undefined ? previousHash !== before.hash : sequence === 1 && previousHash !== null)
      return `${number}: is not chained to the invoice before it`;
    if (hash !== hashInvoice(invoice, sha256)) return `${number}: its content is not what was finalised`;
  }
  return undefined;
}
