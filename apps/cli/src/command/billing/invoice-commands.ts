import { type Command, Option } from 'commander';
import { stateDirectoryOf } from '../state-directory.ts';

const collect = (value: string, before: string[] | undefined): string[] => [...(before ?? []), value];
const language = (): Option => new Option('--language <language>', "en or zh; by default the account's").choices(['en', 'zh']);

/** Commands on invoices. For root: the control plane's local socket is open to nobody else; `verify` asks nobody. */
export function addInvoiceCommands(program: Command): void {
  const invoice = program
    .command('invoice')
    .summary('invoices: issuer, account, draft, finalise, list, show, pay, void, credit-note, pdf, csv, json, focus, evidence, verify');
  addParties(invoice);
  addMaking(invoice);
  addSettling(invoice);
  addRenderings(invoice);
}

function addParties(invoice: Command): void {
  invoice
    .command('issuer')
    .summary('shows who issues invoices, or sets it')
    .option('--name <name>', 'as printed')
    .option('--details <text>', 'address and tax number, as printed')
    .option('--series <series>', 'series that new invoices are numbered in')
    .option('--json', 'prints JSON')
    .action(async (options, command: Command) => {
      const { showIssuer } = await import('./account.ts');
      await showIssuer(stateDirectoryOf(command), options);
    });
  invoice
    .command('account')
    .summary("shows a tenant's billing account with its plans, or sets it")
    .argument('<tenant>')
    .option('--name <name>', 'who pays, as printed')
    .option('--address <text>', 'where it is and its tax number, as printed')
    .option('--currency <code>', 'three letters: EUR')
    .option('--zone <zone>', 'whose months are billed: Europe/Berlin; UTC where none was set')
    .addOption(
      new Option('--rounding <rule>', 'what happens to half a cent; half-even where none was set').choices(['half-even', 'half-up']),
    )
    .option('--tax-rate <share>', '0.19 is 19 %; 0 where none was set')
    .option('--tax-name <name>', 'as printed; VAT where none was set')
    .option('--grace-hours <hours>', 'how long late readings are waited for; 72 where none was set')
    .addOption(new Option('--language <language>', 'of its PDFs; en where none was set').choices(['en', 'zh']))
    .option('--json', 'prints JSON')
    .action(async (tenant: string, options, command: Command) => {
      const { showAccount } = await import('./account.ts');
      await showAccount(stateDirectoryOf(command), tenant, options);
    });
}

function addMaking(invoice: Command): void {
  invoice
    .command('draft')
    .summary('what a month costs as things stand; nothing is stored')
    .requiredOption('--tenant <tenant>', 'whose')
    .option('--month <month>', 'such as 2026-03; by default the one that goes on')
    .option('--pdf <file>', 'writes it as a PDF, marked as a draft')
    .addOption(language())
    .option('--json', 'prints JSON')
    .action(async (options, command: Command) => {
      const { showDraft } = await import('./invoice.ts');
      await showDraft(stateDirectoryOf(command), options);
    });
  invoice
    .command('finalise')
    .summary('issues the invoice of a month: it gets its number and never changes')
    .requiredOption('--tenant <tenant>', 'whose')
    .requiredOption('--month <month>', 'such as 2026-03; it must have ended')
    .option('--override <reason>', 'issues it though late readings are waited for or a host is silent; the invoice says so')
    .option('--json', 'prints JSON')
    .action(async (options, command: Command) => {
      const { finaliseInvoice } = await import('./invoice.ts');
      await finaliseInvoice(stateDirectoryOf(command), options);
    });
  invoice
    .command('list')
    .alias('ls')
    .summary('lists invoices and credit notes, newest first')
    .option('--tenant <tenant>', 'of one tenant')
    .option('--json', 'prints JSON')
    .action(async (options, command: Command) => {
      const { listInvoices } = await import('./invoice.ts');
      await listInvoices(stateDirectoryOf(command), options);
    });
  invoice
    .command('show')
    .summary('shows an invoice')
    .argument('<number>')
    .option('--json', 'prints JSON')
    .action(async (number: string, options, command: Command) => {
      const { showInvoice } = await import('./invoice.ts');
      await showInvoice(stateDirectoryOf(command), number, options);
    });
}

function addSettling(invoice: Command): void {
  invoice
    .command('pay')
    .summary('notes that an invoice was paid')
    .argument('<number>')
    .requiredOption('--payment <text>', 'how: bank transfer of 2026-04-09')
    .option('--json', 'prints JSON')
    .action(async (number: string, options, command: Command) => {
      const { payInvoice } = await import('./invoice.ts');
      await payInvoice(stateDirectoryOf(command), number, options);
    });
  invoice
    .command('void')
    .summary('voids an invoice: it keeps its number, and its month can be billed again')
    .argument('<number>')
    .requiredOption('--reason <text>', 'why')
    .option('--json', 'prints JSON')
    .action(async (number: string, options, command: Command) => {
      const { voidInvoice } = await import('./invoice.ts');
      await voidInvoice(stateDirectoryOf(command), number, options);
    });
  invoice
    .command('credit-note')
    .summary('gives back lines of an invoice, or all that is left of it')
    .argument('<number>')
    .requiredOption('--reason <text>', 'why')
    .option('--line <key=amount>', 'a line by its key (show --json tells) and what is given back; may be given more than once', collect)
    .option('--all', 'all that is left')
    .option('--json', 'prints JSON')
    .action(async (number: string, options, command: Command) => {
      const { issueCreditNote } = await import('./invoice.ts');
      await issueCreditNote(stateDirectoryOf(command), number, options);
    });
}

function addRenderings(invoice: Command): void {
  for (const [format, summary] of [
    ['pdf', 'writes an invoice as a PDF'],
    ['csv', 'prints the lines of an invoice as CSV, for people'],
    ['json', 'prints the stored invoice as it is hashed'],
    ['focus', 'prints an invoice as rows of FOCUS 1.2'],
  ] as const) {
    const command = invoice.command(format).summary(summary).argument('<number>');
    if (format === 'pdf') command.addOption(language());
    command
      .option('-o, --output <file>', format === 'pdf' ? 'where to; by default a file of its number; - prints it' : 'into a file')
      .action(async (number: string, options, own: Command) => {
        const { exportInvoice } = await import('./invoice-file.ts');
        await exportInvoice(stateDirectoryOf(own), number, { ...options, format });
      });
  }
  invoice
    .command('evidence')
    .summary('writes all that an invoice was made of as one archive')
    .argument('<number>')
    .option('-o, --output <file>', 'where to; by default a file of its number; - prints it')
    .action(async (number: string, options, command: Command) => {
      const { exportEvidence } = await import('./invoice-file.ts');
      await exportEvidence(stateDirectoryOf(command), number, options);
    });
  invoice
    .command('verify')
    .summary('computes everything in an evidence archive again; needs no instance')
    .description(
      'Computes everything in an evidence archive again, without a network and without an instance. Exit code 1 where one digit differs.',
    )
    .argument('<file>')
    .option('--json', 'prints JSON')
    .action(async (path: string, options) => {
      const { verifyFile } = await import('./invoice-file.ts');
      verifyFile(path, options);
    });
}
