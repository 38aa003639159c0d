import type { BillingPeriod, Conservation, EvidencePack, Holding, IssuedInvoice, LedgerReading } from '@bulkhead/model';
import type { DraftInput } from '../invoice/draft.ts';
import { boundingReadings } from '../ledger/bounding.ts';
import { toMsec } from '../ledger/cells.ts';
import { gapsOf } from '../ledger/gaps.ts';
import { resourceKey } from '../ledger/owners.ts';
import type { RowOptions } from '../ledger/row-book.ts';
import { inRowOrder } from '../ledger/row-text.ts';

export interface ProofInput {
  /** All readings of the tenant's resources that the period's rows were made of. */
  readings: readonly LedgerReading[];
  holdings?: readonly Holding[];
  conservation?: readonly Conservation[];
  /** Those that the rows were made with, the period among them. */
  options: RowOptions & { period: Pick<BillingPeriod, 'start' | 'end'> };
}

const byText =
  <T>(of: (item: T) => string) =>
  (left: T, right: T): number =>
    of(left) < of(right) ? -1 : of(left) > of(right) ? 1 : 0;

/** What bounds the rows of a period: to be hashed into the invoice when it is finalised. */
export function proofOf({ readings, holdings = [], conservation = [], options }: ProofInput): EvidencePack['proof'] {
  const { ownerships = [], cuts = [], period } = options;
  const [startMsec, endMsec] = [toMsec(period.start), toMsec(period.end)];
  return {
    readings: boundingReadings(readings, options),
    holdings: holdings.toSorted(byText(({ resource, meter, from }) => `${resourceKey(resource)} ${meter} ${from.at}`)),
    ownerships: ownerships.toSorted(byText(({ resource, from }) => `${resourceKey(resource)} ${from}`)),
    cuts: [...new Set(cuts)].sort(),
    gaps: gapsOf(readings).filter(({ from, to }) => toMsec(from) < endMsec && toMsec(to) > startMsec),
    conservation: conservation.toSorted(byText(({ hostId, tenantId, meter, start }) => `${hostId} ${tenantId ?? ''} ${meter} ${start}`)),
  };
}

/** The pack of a finalised invoice: what it says, and all that it was computed from. */
export function evidencePack(invoice: IssuedInvoice, input: DraftInput & Required<Pick<DraftInput, 'proof'>>): EvidencePack {
  const { number, series, sequence, finalisedAt, previousHash, hash, content } = invoice;
  const { plans, assignments, credits = [], corrections = [], rows, proof } = input;
  return {
    schema: 1,
    invoice: { status: 'finalised', number, series, sequence, finalisedAt, previousHash, hash, content },
    terms: { plans: [...plans], assignments: [...assignments], credits: [...credits], corrections: [...corrections] },
    rows: inRowOrder(rows),
    proof,
  };
}
