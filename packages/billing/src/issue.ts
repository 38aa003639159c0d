import {
  canonicalJson,
  creditRefunds,
  creditUses,
  draftCreditNote,
  evidencePack,
  finalise,
  type GivenBack,
  monthOf,
  pay,
  verifyEvidence,
  voidInvoice,
} from '@bulkhead/accounting';
import { creditNotesOn, type Database, findInvoice, issueInvoice, readInvoice, readIssuer, settleInvoice } from '@bulkhead/db';
import { type BillingIssuer, type FinalisedInvoice, type IssuedInvoice, Problem } from '@bulkhead/model';
import { draftOf, type OfMonth } from './draft.ts';
import { encodeEvidence } from './evidence-file.ts';
import { sha256 } from './sha256.ts';
import { readState } from './state.ts';

/** Who does it, as invoices and ledgers record it. */
export interface Act {
  by: string;
  now: Date;
}

async function requireIssuer(database: Database): Promise<BillingIssuer> {
  const issuer = await readIssuer(database);
  if (issuer === undefined)
    throw new Problem('conflict', 'nobody is named who issues invoices', { remedy: 'bulkhead invoice issuer --name NAME' });
  return issuer;
}

/**
 * Issues the invoice of a month. What is stored was computed again from its own evidence before. Throws Problem
 * `conflict` while the month goes on, where something stands against it that no override names, and where there is an
 * invoice for it already.
 */
export async function finaliseMonth(
  database: Database,
  { tenantId, month, override: wanted }: OfMonth & { override?: { reason: string } | undefined },
  { by, now }: Act,
): Promise<FinalisedInvoice> {
  const { series } = await requireIssuer(database);
  const { draft, input, state, closing } = await draftOf({ database, scope: 'all' }, { tenantId, month }, { now, withProof: true });
  const { proof } = input;
  if (proof === undefined) throw new Error('a draft to be finalised has its proof');
  const at = now.toISOString();
  const override =
    wanted === undefined || closing.blockers.length === 0
      ? {}
      : { override: { by, reason: wanted.reason, at, overridden: closing.blockers } };
  const numbered = (sequence: number, previous: Parameters<typeof finalise>[1]['previous']): FinalisedInvoice =>
    finalise(draft, { series, sequence, at, previous, closing, ...override }, sha256);

  const pack = evidencePack(numbered(1, undefined), { ...input, proof });
  const verification = verifyEvidence(pack, sha256);
  if (!verification.agrees)
    throw new Problem('conflict', `the invoice does not come out of its evidence (${verification.part}): ${verification.difference}`, {
      remedy: 'readings may have come in meanwhile: try again',
    });
  const evidence = encodeEvidence(pack);
  const before = canonicalJson(state);
  return await issueInvoice(database, { tenantId, series, by }, async (transaction, { sequence, previous }) => {
    const current = await readState(transaction, tenantId, (zone) => monthOf(month, zone));
    if (canonicalJson(current) !== before)
      throw new Problem('conflict', `account, plans, credits or invoices of tenant ${tenantId} changed meanwhile`, { remedy: 'try again' });
    const invoice = numbered(sequence, previous);
    const { number, content } = invoice;
    return { invoice, evidence, credits: creditUses(content.lines, content.currency, { number, at }) };
  });
}

/** Gives back some lines of an invoice. Throws Problem `not-found`, and what `draftCreditNote` throws. */
export async function issueCreditNote(
  database: Database,
  { number, reason, given }: { number: string; reason: string; given: GivenBack },
  { by, now }: Act,
): Promise<FinalisedInvoice> {
  const { series } = await requireIssuer(database);
  const { tenantId } = (await readInvoice(database, 'all', number)).content.account;
  return await issueInvoice(database, { tenantId, series, by }, async (transaction, { sequence, previous }) => {
    // Read once more: now nobody changes it.
    const invoice = await findInvoice(transaction, number);
    const earlier = await creditNotesOn(transaction, { tenantId, number });
    const draft = draftCreditNote(invoice, { given, reason, earlier }, sha256);
    if (draft.content.lines.length === 0) throw new Problem('conflict', `nothing of ${number} is left to give back`);
    const closing = { state: 'closed', closesAt: draft.content.period.end, blockers: [] } as const;
    const note = finalise(draft, { series, sequence, at: now.toISOString(), previous, closing: { ...closing, blockers: [] } }, sha256);
    return { invoice: note, refersTo: number };
  });
}

export async function payInvoice(
  database: Database,
  { number, payment }: { number: string; payment: string },
  { by, now }: Act,
): Promise<IssuedInvoice> {
  return await settleInvoice(database, { number, by }, (invoice) => ({ invoice: pay(invoice, { at: now.toISOString(), payment }) }));
}

/** Credits that it used come back. */
export async function voidIssued(
  database: Database,
  { number, reason }: { number: string; reason: string },
  { by, now }: Act,
): Promise<IssuedInvoice> {
  const at = now.toISOString();
  return await settleInvoice(database, { number, by }, (invoice, entries) => {
    const uses = entries.filter((entry) => entry.kind === 'use' && entry.invoiceNumber === number);
    return { invoice: voidInvoice(invoice, { at, reason }), credits: creditRefunds(uses, at) };
  });
}
