import { monthAt } from '@bulkhead/accounting';
import { type Invoice, type InvoiceLanguage, Problem } from '@bulkhead/model';
import { controlOf } from '../../client/clients.ts';
import { print, printJson } from '../../output/print.ts';
import { formatTable } from '../../output/table.ts';
import { writeView } from './invoice-file.ts';
import { formatContent } from './invoice-table.ts';

interface Output {
  json?: boolean;
}

export interface DraftOptions extends Output {
  tenant: string;
  month?: string;
  pdf?: string;
  language?: InvoiceLanguage;
}

/** `invoice draft`: nothing is stored. */
export async function showDraft(stateDirectory: string, { json, tenant, month: wanted, pdf, language }: DraftOptions): Promise<void> {
  const control = controlOf(stateDirectory);
  const month = wanted ?? monthAt(new Date().toISOString(), (await control.account.get.query({ tenantId: tenant })).account.zone).month;
  const ofMonth = { tenantId: tenant, month };
  if (pdf !== undefined) {
    writeView(await control.invoice.exportDraft.query({ ...ofMonth, ...(language === undefined ? {} : { language }) }), pdf);
    return;
  }
  const draft = await control.invoice.draft.query(ofMonth);
  if (json === true) {
    printJson(draft);
    return;
  }
  const { state, closesAt, blockers } = draft.closing;
  print(`draft, not an invoice: the period is ${state}${state === 'closed' ? '' : ` until ${closesAt}`}\n`);
  for (const blocker of blockers) print(`  ${blocker}\n`);
  print(formatContent(draft.content));
}

function tell(invoice: Invoice, { json }: Output, what: string): void {
  if (json === true) printJson(invoice);
  else if (invoice.status !== 'draft') print(`${invoice.number} ${what}: ${invoice.content.total} ${invoice.content.currency}\n`);
}

/** `invoice finalise` */
export async function finaliseInvoice(
  stateDirectory: string,
  { json, tenant, month, override }: Output & { tenant: string; month: string; override?: string },
): Promise<void> {
  const invoice = await controlOf(stateDirectory).invoice.finalise.mutate({
    tenantId: tenant,
    month,
    ...(override === undefined ? {} : { override: { reason: override } }),
  });
  tell(invoice, { ...(json === undefined ? {} : { json }) }, 'is finalised');
}

/** `invoice list` */
export async function listInvoices(stateDirectory: string, { json, tenant }: Output & { tenant?: string }): Promise<void> {
  const invoices = await controlOf(stateDirectory).invoice.list.query(tenant === undefined ? {} : { tenantId: tenant });
  if (json === true) {
    printJson(invoices);
    return;
  }
  const rows = invoices.map(({ number, tenantId, kind, month, status, total, currency, finalisedAt, refersTo }) => [
    number,
    tenantId,
    kind === 'invoice' ? month : `credit note on ${refersTo ?? '?'}`,
    status,
    `${total} ${currency}`,
    finalisedAt,
  ]);
  print(formatTable(['NUMBER', 'TENANT', 'MONTH', 'STATUS', 'TOTAL', 'ISSUED'], rows));
}

function outcomeOf(invoice: Invoice): string {
  switch (invoice.status) {
    case 'draft':
      return '';
    case 'finalised':
      return 'not paid yet\n';
    case 'paid':
      return `paid at ${invoice.paidAt}: ${invoice.payment}\n`;
    case 'void':
      return `void since ${invoice.voidedAt}: ${invoice.reason}\n`;
  }
}

/** `invoice show` */
export async function showInvoice(stateDirectory: string, number: string, { json }: Output): Promise<void> {
  const invoice = await controlOf(stateDirectory).invoice.inspect.query({ number });
  if (json === true) {
    printJson(invoice);
    return;
  }
  if (invoice.status === 'draft') throw new Error('a stored invoice is no draft');
  const kind = invoice.content.kind === 'invoice' ? 'invoice' : 'credit note';
  print(`${kind} ${invoice.number}, issued at ${invoice.finalisedAt}, ${outcomeOf(invoice)}${formatContent(invoice.content)}`);
  print(`sha256 ${invoice.hash}, after ${invoice.previousHash ?? 'none'}\n`);
}

/** `invoice pay` */
export async function payInvoice(
  stateDirectory: string,
  number: string,
  { payment, ...output }: Output & { payment: string },
): Promise<void> {
  tell(await controlOf(stateDirectory).invoice.pay.mutate({ number, payment }), output, 'is paid');
}

/** `invoice void` */
export async function voidInvoice(
  stateDirectory: string,
  number: string,
  { reason, ...output }: Output & { reason: string },
): Promise<void> {
  tell(await controlOf(stateDirectory).invoice.void.mutate({ number, reason }), output, 'is void');
}

function toGiven(text: string): { key: string; amount: string } {
  const at = text.lastIndexOf('=');
  if (at <= 0) throw new Problem('invalid', `--line: "${text}" names no line and amount; write it like KEY=1.50`);
  return { key: text.slice(0, at), amount: text.slice(at + 1) };
}

/** `invoice credit-note` */
export async function issueCreditNote(
  stateDirectory: string,
  number: string,
  { reason, line = [], all, ...output }: Output & { reason: string; line?: string[]; all?: boolean },
): Promise<void> {
  if ((all === true) === line.length > 0) throw new Problem('invalid', 'say what is given back: --all, or --line once or more');
  const given = all === true ? 'all' : line.map(toGiven);
  tell(await controlOf(stateDirectory).invoice.creditNote.mutate({ number, reason, given }), output, `gives back of ${number}`);
}
