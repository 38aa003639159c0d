import { focusCsv, focusRows, invoiceCsv, invoiceJson, packArchive } from '@bulkhead/accounting';
import { readAccount, readEvidence } from '@bulkhead/db';
import type { InvoiceFormat, InvoiceLanguage } from '@bulkhead/model';
import { type Books, draftOf, type OfMonth } from './draft.ts';
import { decodeEvidence } from './evidence-file.ts';
import { renderInvoicePdf } from './pdf/invoice-pdf.ts';
import { sha256 } from './sha256.ts';

/** A rendering: bytes with a name to keep them by. */
export interface Rendering {
  name: string;
  mediaType: string;
  bytes: Uint8Array;
}

/** The language that was asked for, else the account's. */
async function languageOf({ database, scope }: Books, tenantId: string, wanted: InvoiceLanguage | undefined): Promise<InvoiceLanguage> {
  return wanted ?? (await readAccount(database, scope, tenantId)).account.language;
}

/** A rendering of a stored invoice: the same bytes each time. Throws Problem `not-found`, of an invoice out of scope too. */
export async function exportInvoice(
  books: Books,
  { number, format, language }: { number: string; format: InvoiceFormat; language?: InvoiceLanguage | undefined },
): Promise<Rendering> {
  const { invoice, evidence } = await readEvidence(books.database, books.scope, number);
  switch (format) {
    case 'pdf': {
      const chosen = await languageOf(books, invoice.content.account.tenantId, language);
      return { name: `${number}.pdf`, mediaType: 'application/pdf', bytes: await renderInvoicePdf(invoice, chosen) };
    }
    case 'csv':
      return { name: `${number}.csv`, mediaType: 'text/csv', bytes: Buffer.from(invoiceCsv(invoice)) };
    case 'json':
      return { name: `${number}.json`, mediaType: 'application/json', bytes: Buffer.from(invoiceJson(invoice)) };
    case 'focus': {
      const rows = invoice.content.kind === 'credit-note' ? [] : decodeEvidence(invoice, evidence).rows;
      return { name: `${number}.focus.csv`, mediaType: 'text/csv', bytes: Buffer.from(focusCsv(focusRows({ invoice, rows }))) };
    }
  }
}

/** A PDF of what a month costs as things stand, marked as a draft. */
export async function exportDraft(
  books: Books,
  ofMonth: OfMonth & { language?: InvoiceLanguage | undefined },
  now: Date,
): Promise<Rendering> {
  const { draft, state } = await draftOf(books, ofMonth, { now });
  const bytes = await renderInvoicePdf(draft, ofMonth.language ?? state.account.language);
  return { name: `draft-${ofMonth.tenantId}-${ofMonth.month}.pdf`, mediaType: 'application/pdf', bytes };
}

/** Everything an invoice was made of, as an archive that `verifyArchive` checks. Throws Problem `not-found`. */
export async function exportEvidence({ database, scope }: Books, number: string): Promise<Rendering> {
  const { invoice, evidence } = await readEvidence(database, scope, number);
  const bytes = packArchive(decodeEvidence(invoice, evidence), sha256);
  return { name: `${number}.evidence.zip`, mediaType: 'application/zip', bytes };
}
