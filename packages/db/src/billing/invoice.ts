import { canonicalJson } from '@bulkhead/accounting';
import {
  type CreditEntry,
  type FinalisedInvoice,
  Invoice,
  type InvoiceSummary,
  type IssuedInvoice,
  Problem,
  type TenantId,
} from '@bulkhead/model';
import { type Database, inScope, type TenantScope, type Transaction } from '../database.ts';
import { addCreditEntries, creditEntriesOf } from './credit.ts';
import { tellingRefusals } from './refusal.ts';

type InvoiceRow = NonNullable<Awaited<ReturnType<Transaction['invoice']['findUnique']>>>;

function toInvoice(row: InvoiceRow): IssuedInvoice {
  const { status, series, sequence, number, previousHash, hash } = row;
  const issued = {
    status,
    number,
    series,
    sequence,
    finalisedAt: row.finalisedAt.toISOString(),
    previousHash,
    hash,
    content: JSON.parse(row.content),
    ...(row.paidAt === null ? {} : { paidAt: row.paidAt.toISOString(), payment: row.payment }),
    ...(row.voidedAt === null ? {} : { voidedAt: row.voidedAt.toISOString(), reason: row.voidReason }),
  };
  // A stored row is never a draft; the schema tells which of the others it is.
  return Invoice.parse(issued) as IssuedInvoice;
}

/** Issued invoices and credit notes in scope, newest first. */
export async function listInvoices(
  database: Database,
  scope: TenantScope,
  { tenantId, limit }: { tenantId?: TenantId | undefined; limit: number },
): Promise<InvoiceSummary[]> {
  const rows = await inScope(
    database,
    scope,
    (transaction) => transaction.$queryRaw<
      (Pick<InvoiceSummary, 'number' | 'kind' | 'month' | 'status' | 'currency' | 'total'> & {
        tenant_id: string;
        finalised_at: Date;
        refers_to: string | null;
      })[]
    >`
      SELECT number, tenant_id, kind, month, status, content::jsonb ->> 'currency' AS currency, content::jsonb ->> 'total' AS total,
             finalised_at, refers_to
      FROM invoice WHERE ${tenantId ?? null}::text IS NULL OR tenant_id = ${tenantId ?? null}
      ORDER BY finalised_at DESC, series, sequence DESC LIMIT ${limit}`,
  );
  return rows.map(({ tenant_id, finalised_at, refers_to, ...row }) => ({
    ...row,
    tenantId: tenant_id,
    finalisedAt: finalised_at.toISOString(),
    ...(refers_to === null ? {} : { refersTo: refers_to }),
  }));
}

const missing = (number: string): Problem => new Problem('not-found', `there is no invoice ${number}`);

/** Throws Problem `not-found`, of an invoice out of scope too. */
export async function readInvoice(database: Database, scope: TenantScope, number: string): Promise<IssuedInvoice> {
  return await inScope(database, scope, (transaction) => findInvoice(transaction, number));
}

/** The same within a transaction. */
export async function findInvoice(transaction: Transaction, number: string): Promise<IssuedInvoice> {
  const row = await transaction.invoice.findUnique({ where: { number } });
  if (row === null) throw missing(number);
  return toInvoice(row);
}

/** Invoices of a series, oldest first: what a chain is checked over. */
export async function readSeries(database: Database, series: string): Promise<IssuedInvoice[]> {
  const rows = await inScope(database, 'all', (transaction) =>
    transaction.invoice.findMany({ where: { series }, orderBy: { sequence: 'asc' } }),
  );
  return rows.map(toInvoice);
}

/** Invoices of a tenant that stand (are not void), of periods that end after a moment, oldest period first. Credit notes are none. */
export async function standingInvoices(transaction: Transaction, tenantId: TenantId, after: string): Promise<IssuedInvoice[]> {
  const rows = await transaction.invoice.findMany({
    where: { tenantId, kind: 'invoice', status: { not: 'void' }, periodEnd: { gt: after } },
    orderBy: { periodStart: 'asc' },
  });
  return rows.map(toInvoice);
}

/** Credit notes on an invoice, void ones too. */
export async function creditNotesOn(
  transaction: Transaction,
  { tenantId, number }: { tenantId: TenantId; number: string },
): Promise<IssuedInvoice[]> {
  const rows = await transaction.invoice.findMany({ where: { tenantId, refersTo: number }, orderBy: { sequence: 'asc' } });
  return rows.map(toInvoice);
}

/** What stands before the next invoice of a series, nobody else's coming in between. */
export interface Position {
  sequence: number;
  previous: Pick<IssuedInvoice, 'series' | 'sequence' | 'hash'> | undefined;
}

export interface Issued {
  invoice: FinalisedInvoice;
  /** Uses of credits. */
  credits?: readonly CreditEntry[];
  /** Terms, rows and proof, as `readEvidence` gives them back. */
  evidence?: Uint8Array<ArrayBuffer>;
  /** Of a credit note. */
  refersTo?: string;
}

/**
 * Issues an invoice in one transaction: nobody else touches the tenant's account or the series meanwhile. Whatever fails,
 * the number is given to the next one. Throws Problem `conflict` where the database refuses.
 *
 * @param make is told the number, and reads through the transaction what the invoice is made of
 */
export async function issueInvoice(
  database: Database,
  { tenantId, series, by }: { tenantId: TenantId; series: string; by: string },
  make: (transaction: Transaction, position: Position) => Promise<Issued>,
): Promise<FinalisedInvoice> {
  return await tellingRefusals(() =>
    inScope(database, 'all', async (transaction) => {
      await transaction.$queryRaw`SELECT 1 FROM billing_account WHERE tenant_id = ${tenantId} FOR UPDATE`;
      await transaction.$executeRaw`SELECT pg_advisory_xact_lock(hashtextextended('bulkhead.invoice.' || ${series}, 0))`;
      const previous = await transaction.invoice.findFirst({
        where: { series },
        orderBy: { sequence: 'desc' },
        select: { series: true, sequence: true, hash: true },
      });
      const position = { sequence: (previous?.sequence ?? 0) + 1, previous: previous ?? undefined };
      const { invoice, credits = [], evidence, refersTo } = await make(transaction, position);
      const { content } = invoice;
      await transaction.invoice.create({
        data: {
          series,
          sequence: invoice.sequence,
          number: invoice.number,
          tenantId,
          kind: content.kind,
          month: content.period.month,
          periodStart: content.period.start,
          periodEnd: content.period.end,
          status: 'finalised',
          finalisedAt: invoice.finalisedAt,
          previousHash: invoice.previousHash,
          hash: invoice.hash,
          content: canonicalJson(content),
          refersTo: refersTo ?? null,
        },
      });
      if (evidence !== undefined)
        await transaction.invoiceEvidence.create({ data: { series, sequence: invoice.sequence, tenantId, content: evidence } });
      await addCreditEntries(transaction, tenantId, credits, by);
      return invoice;
    }),
  );
}

/** Undefined where none was kept, as of credit notes. Throws Problem `not-found`, of an invoice out of scope too. */
export async function readEvidence(
  database: Database,
  scope: TenantScope,
  number: string,
): Promise<{ invoice: IssuedInvoice; evidence: Uint8Array | undefined }> {
  const row = await inScope(database, scope, (transaction) =>
    transaction.invoice.findUnique({ where: { number }, include: { evidence: true } }),
  );
  if (row === null) throw missing(number);
  const { evidence, ...invoice } = row;
  return { invoice: toInvoice(invoice), evidence: evidence?.content };
}

/**
 * Stores what became of an invoice. Throws Problem `not-found` for one that is not there, `conflict` where the database
 * refuses.
 *
 * @param settle throws where it may not become so
 */
export async function settleInvoice(
  database: Database,
  { number, by }: { number: string; by: string },
  settle: (
    invoice: IssuedInvoice,
    entries: readonly CreditEntry[],
  ) => { invoice: Extract<Invoice, { status: 'paid' | 'void' }>; credits?: readonly CreditEntry[] },
): Promise<IssuedInvoice> {
  return await tellingRefusals(() =>
    inScope(database, 'all', async (transaction) => {
      const found = await transaction.invoice.findUnique({ where: { number }, select: { tenantId: true } });
      if (found === null) throw missing(number);
      const { tenantId } = found;
      await transaction.$queryRaw`SELECT 1 FROM billing_account WHERE tenant_id = ${tenantId} FOR UPDATE`;
      const row = await transaction.invoice.findUniqueOrThrow({ where: { number } });
      const { series, sequence } = row;
      const { invoice, credits = [] } = settle(toInvoice(row), await creditEntriesOf(transaction, tenantId));
      const outcome =
        invoice.status === 'paid'
          ? { status: 'paid', paidAt: invoice.paidAt, payment: invoice.payment }
          : { status: 'void', voidedAt: invoice.voidedAt, voidReason: invoice.reason };
      await transaction.invoice.updateMany({ where: { series, sequence }, data: outcome });
      await addCreditEntries(transaction, tenantId, credits, by);
      return invoice;
    }),
  );
}
