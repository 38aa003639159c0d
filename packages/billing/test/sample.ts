import { draftInvoice } from '@bulkhead/accounting';
import type { FinalisedInvoice, InvoiceContent } from '@bulkhead/model';
import { account, finalised, sha256 } from '../../accounting/test/bill.ts';
import { makeEvidence } from '../../accounting/test/evidence.ts';

/** A finalised invoice of a few hours of use with everything that a page can say, its lines repeated so that they take several pages. */
export function sampleInvoice(changes: Partial<InvoiceContent> = {}, repeat = 1): FinalisedInvoice {
  const { input } = makeEvidence();
  const { content } = draftInvoice(
    {
      ...input,
      account: {
        ...account,
        name: 'Acme Widgets GmbH',
        address: 'Hafenstraße 7\n20457 Hamburg\nUSt-IdNr. DE123456789',
        taxRate: '0.19',
        zone: 'Europe/Berlin',
      },
      issuer: 'Bulkhead Hosting GmbH',
      issuerDetails: 'Werftweg 1\n28195 Bremen\nVAT DE987654321',
    },
    sha256,
  );
  const lines = Array.from({ length: repeat }, (_, round) =>
    content.lines.map((line) => ({ ...line, key: round === 0 ? line.key : `${line.key}/${round}` })),
  ).flat();
  return finalised({ status: 'draft', content: { ...content, lines, ...changes } }, 1);
}
