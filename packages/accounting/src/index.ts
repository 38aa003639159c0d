/**
 * Readings to usage, prices, invoices and their proof. Pure: no I/O, no clock, no floating point; SHA-256 is passed in.
 * What goes in and out are nouns of `@bulkhead/model`. In the order in which they are used:
 *
 * 1. `toLedgerReading`, `rowsOfReadings`, `rowsOfHoldings`: readings and the event log to rows of an hour each
 * 2. `conservationOfTenant`, `conservationOfHost`: the ledger held against the kernel's own sums
 * 3. `monthOf`, `planSegments`, `cutsOf`: the period, the prices in force, and where rows must be divided for them
 * 4. `draftInvoice`, `closingOf`, `finalise`, `pay`, `voidInvoice`; `correctionsOf`, `draftCreditNote`
 * 5. `invoiceCsv`, `usageCsv`, `invoiceJson`, `focusRows`
 * 6. `proofOf`, `evidencePack`, `verifyEvidence`; `packArchive`, `verifyArchive`
 */
export { canonicalJson, type Sha256 } from './canonical.ts';
export * from './conservation.ts';
export { Decimal } from './decimal.ts';
export { packArchive, verifyArchive } from './evidence/archive.ts';
export { kernelFiles } from './evidence/kernel-file.ts';
export * from './evidence/pack.ts';
export { type Verification, verifyEvidence } from './evidence/verify.ts';
export { guardCell, parseCsv } from './export/csv.ts';
export { type FocusDescription, type FocusInput, focusCsv, focusRows } from './export/focus.ts';
export { type FocusColumn, type FocusRow, focusColumns } from './export/focus-columns.ts';
export { type FocusFinding, validateFocus } from './export/focus-validator.ts';
export { invoiceCsv, invoiceJson, usageCsv } from './export/plain.ts';
export * from './invoice/closing.ts';
export * from './invoice/correction.ts';
export * from './invoice/credit.ts';
export { draftCreditNote, type GivenBack } from './invoice/credit-note.ts';
export { type DraftInput, describeRounding, draftInvoice } from './invoice/draft.ts';
export { checkChain, type Finalising, finalise, hashInvoice, numberOf, pay, voidInvoice } from './invoice/lifecycle.ts';
export { type AllotMethod, allotUnowned } from './ledger/allot.ts';
export { boundingReadings } from './ledger/bounding.ts';
export { toLedgerReading } from './ledger/from-record.ts';
export { gapsOf } from './ledger/gaps.ts';
export { rowsOfHoldings } from './ledger/holdings.ts';
export type { RowOptions } from './ledger/row-book.ts';
export { inRowOrder } from './ledger/row-text.ts';
export { defaultMaximumStepMsec, type ReadingOptions, rowsOfReadings } from './ledger/rows.ts';
export { toAmount, toMinor } from './money.ts';
export { describeMeter, meterNames } from './rate/describe.ts';
export { monthAt, monthOf } from './rate/period.ts';
export { type RateInput, type Rating, rate } from './rate/rate.ts';
export { cutsOf, type PlanSegment, planSegments } from './rate/segments.ts';
export { splitByLargestRemainder } from './round.ts';
export * from './usage.ts';
