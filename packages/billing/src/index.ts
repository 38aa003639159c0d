/** Bills out of what is stored: drafts, invoices that are issued and settled, and their renderings. */
export { type Books, type Drafted, draftOf, type OfMonth } from './draft.ts';
export { decodeEvidence } from './evidence-file.ts';
export { exportDraft, exportEvidence, exportInvoice, type Rendering } from './export.ts';
export { type Act, finaliseMonth, issueCreditNote, payInvoice, voidIssued } from './issue.ts';
export { renderInvoicePdf } from './pdf/invoice-pdf.ts';
export { previewPlan } from './preview.ts';
export { sha256 } from './sha256.ts';
