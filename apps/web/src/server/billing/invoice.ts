import type { controlContract } from '@bulkhead/api';
import type { HandlersOf } from '@bulkhead/api/router';
import {
  draftOf,
  exportDraft,
  exportEvidence,
  exportInvoice,
  finaliseMonth,
  issueCreditNote,
  payInvoice,
  voidIssued,
} from '@bulkhead/billing';
import { listInvoices, readInvoice } from '@bulkhead/db';
import type { IssuedInvoice } from '@bulkhead/model';
import { scopeOf } from '../scope.ts';
import type { Services } from '../services.ts';
import { bringUpToDate } from '../up-to-date.ts';
import { actOf, toFile } from './act.ts';

/** A month of any time zone that may go on at this moment. */
const mayGoOn = (month: string): boolean => month >= new Date(Date.now() - 86_400_000).toISOString().slice(0, 7);

export function invoiceHandlers(services: Services): HandlersOf<typeof controlContract>['invoice'] {
  const { database, log } = services;
  const note = (by: unknown, { number, hash, content }: IssuedInvoice, what: string): void =>
    log.info({ by, number, hash, tenantId: content.account.tenantId, total: content.total, currency: content.currency }, what);
  return {
    async draft({ caller, input }) {
      if (mayGoOn(input.month)) await bringUpToDate(services);
      const { draft, closing } = await draftOf({ database, scope: scopeOf(caller) }, input, { now: new Date() });
      // What stands against it names hosts, which are no tenant's to know of.
      return { content: draft.content, closing: { ...closing, blockers: caller.tenants === 'all' ? closing.blockers : [] } };
    },
    async finalise({ caller, input }) {
      const invoice = await finaliseMonth(database, input, actOf(caller));
      note(caller.subject, invoice, 'an invoice was finalised');
      return invoice;
    },
    async pay({ caller, input }) {
      const invoice = await payInvoice(database, input, actOf(caller));
      note(caller.subject, invoice, 'an invoice was paid');
      return invoice;
    },
    async void({ caller, input }) {
      const invoice = await voidIssued(database, input, actOf(caller));
      note(caller.subject, invoice, 'an invoice was voided');
      return invoice;
    },
    async creditNote({ caller, input }) {
      const invoice = await issueCreditNote(database, input, actOf(caller));
      note(caller.subject, invoice, 'a credit note was issued');
      return invoice;
    },
    list: ({ caller, input }) => listInvoices(database, scopeOf(caller), input),
    inspect: ({ caller, input }) => readInvoice(database, scopeOf(caller), input.number),
    export: async ({ caller, input }) => toFile(await exportInvoice({ database, scope: scopeOf(caller) }, input)),
    async exportDraft({ caller, input }) {
      if (mayGoOn(input.month)) await bringUpToDate(services);
      return toFile(await exportDraft({ database, scope: scopeOf(caller) }, input, new Date()));
    },
    evidence: async ({ caller, input }) => toFile(await exportEvidence({ database, scope: scopeOf(caller) }, input.number)),
  };
}
