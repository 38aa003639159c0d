import { gunzipSync, gzipSync } from 'node:zlib';
import { canonicalJson, evidencePack } from '@bulkhead/accounting';
import { EvidencePack, type IssuedInvoice, Problem } from '@bulkhead/model';

type Made = Omit<EvidencePack, 'schema' | 'invoice'>;

/** What is kept beside an invoice: terms, rows and proof. */
export function encodeEvidence({ terms, rows, proof }: Made): Uint8Array<ArrayBuffer> {
  return new Uint8Array(gzipSync(canonicalJson({ terms, rows, proof }), { level: 9 }));
}

/** The pack of an invoice out of what was kept beside it. Throws Problem `not-found` where nothing was. */
export function decodeEvidence(invoice: IssuedInvoice, evidence: Uint8Array | undefined): EvidencePack {
  if (evidence === undefined)
    throw new Problem('not-found', `${invoice.number} has no evidence of its own`, {
      remedy:
        invoice.content.kind === 'credit-note' ? 'ask for that of the invoice that it gives back from' : 'tell who runs this instance',
    });
  const made = JSON.parse(gunzipSync(evidence).toString('utf8')) as Made;
  const { account, issuer, period } = invoice.content;
  return EvidencePack.parse(evidencePack(invoice, { account, issuer, period, ...made.terms, rows: made.rows, proof: made.proof }));
}
