import {
  type Closing,
  closingOf,
  correctionsOf,
  cutsOf,
  type DraftInput,
  draftInvoice,
  monthOf,
  planSegments,
  rate,
} from '@bulkhead/accounting';
import {
  boundingReadingsOf,
  conservationOfPeriod,
  type Database,
  gapsOfTenant,
  inScope,
  type LedgerQuery,
  ownershipsOf,
  readIssuer,
  rowOptionsOf,
  type TenantScope,
  usageRowsOf,
  watermarksOf,
} from '@bulkhead/db';
import type {
  BillingAccount,
  BillingPeriod,
  BillingSettings,
  DraftInvoice,
  EvidencePack,
  InvoiceLine,
  Month,
  TenantId,
} from '@bulkhead/model';
import { sha256 } from './sha256.ts';
import { type BillingState, readState, termsOf } from './state.ts';

export interface OfMonth {
  tenantId: TenantId;
  month: Month;
}

/** Where bills are made: the database, and whose rows may be looked at. */
export interface Books {
  database: Database;
  scope: TenantScope;
}

const accountOf = ({ currency: _, language: __, ...account }: BillingSettings): BillingAccount => account;

/** What was used in a period, divided where its prices change. */
export function ledgerQueryOf(tenantId: TenantId, state: BillingState, period: BillingPeriod): LedgerQuery {
  return { tenantId, start: period.start, end: period.end, cuts: cutsOf(period, planSegments(termsOf(state, period))) };
}

/** What came late for periods that were billed: each is rated again as it was, and the difference goes into this one. */
async function lateCorrections({ database, scope }: Books, tenantId: TenantId, state: BillingState): Promise<InvoiceLine[]> {
  const borne = state.standing.flatMap(({ content }) => content.lines.filter(({ kind }) => kind === 'correction'));
  const corrections: InvoiceLine[] = [];
  for (const invoice of state.earlier) {
    const { account, period } = invoice.content;
    const rows = await usageRowsOf(database, scope, ledgerQueryOf(tenantId, state, period));
    const { lines } = rate({ account, ...termsOf(state, period), rows }, sha256);
    corrections.push(...correctionsOf(invoice, lines, { earlier: borne, into: state.account.currency }));
  }
  return corrections;
}

/** What bounds the rows: readings, gaps, owners, conservation. */
async function proofOfQuery({ database, scope }: Books, query: LedgerQuery): Promise<EvidencePack['proof']> {
  const ownerships = await ownershipsOf(database, scope, query);
  return {
    readings: await boundingReadingsOf(database, scope, query),
    holdings: [],
    ownerships,
    cuts: [...(rowOptionsOf(query, ownerships).cuts ?? [])],
    gaps: await gapsOfTenant(database, scope, query),
    conservation: await conservationOfPeriod(database, scope, query),
  };
}

export interface Drafted {
  draft: DraftInvoice;
  /** What it was made of; `proof` where it was asked for. */
  input: DraftInput;
  state: BillingState;
  closing: Closing;
}

/**
 * The invoice of a month as things stand. Throws Problem `not-found` where the tenant has no account or is out of scope,
 * `invalid` where it has no plan in the month.
 *
 * @param now on the wall clock
 */
export async function draftOf(
  books: Books,
  { tenantId, month }: OfMonth,
  { now, withProof = false }: { now: Date; withProof?: boolean },
): Promise<Drafted> {
  const { database, scope } = books;
  const state = await inScope(database, scope, (transaction) => readState(transaction, tenantId, (zone) => monthOf(month, zone)));
  const period = monthOf(month, state.account.zone);
  const query = ledgerQueryOf(tenantId, state, period);
  const issuer = await readIssuer(database);
  const input: DraftInput = {
    account: accountOf(state.account),
    issuer: issuer?.name ?? '(nobody yet)',
    ...(issuer?.details === undefined ? {} : { issuerDetails: issuer.details }),
    ...termsOf(state, period),
    credits: state.credits,
    corrections: await lateCorrections(books, tenantId, state),
    rows: await usageRowsOf(database, scope, query),
    ...(withProof ? { proof: await proofOfQuery(books, query) } : {}),
  };
  const closing = closingOf(period, state.account, { now: now.toISOString(), hosts: await watermarksOf(database, period) });
  return { draft: draftInvoice(input, sha256), input, state, closing };
}
