import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { verifyArchive } from '@bulkhead/accounting';
import { type FileView, type InvoiceFormat, type InvoiceLanguage, Problem } from '@bulkhead/model';
import { controlOf } from '../../client/clients.ts';
import { ExitRequest } from '../../failure.ts';
import { print, printError, printJson } from '../../output/print.ts';
import { readFile } from './json-file.ts';

/** Writes a file that was answered; `-` prints it. */
export function writeView({ base64 }: FileView, path: string): void {
  const content = Buffer.from(base64, 'base64');
  if (path === '-') {
    print(content);
    return;
  }
  try {
    writeFileSync(path, content);
  } catch (cause) {
    throw new Problem('invalid', `${path} cannot be written: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
  printError(`${path}: ${content.length} bytes\n`);
}

export interface ExportOptions {
  format: InvoiceFormat;
  language?: InvoiceLanguage;
  output?: string;
}

/** `invoice pdf`, `csv`, `json`, `focus` */
export async function exportInvoice(stateDirectory: string, number: string, { format, language, output }: ExportOptions): Promise<void> {
  const view = await controlOf(stateDirectory).invoice.export.query({ number, format, ...(language === undefined ? {} : { language }) });
  writeView(view, output ?? (format === 'pdf' ? view.name : '-'));
}

/** `invoice evidence` */
export async function exportEvidence(stateDirectory: string, number: string, { output }: { output?: string }): Promise<void> {
  const view = await controlOf(stateDirectory).invoice.evidence.query({ number });
  writeView(view, output ?? view.name);
}

/** `invoice verify`: asks nobody. Exit code 1 where anything differs. */
export function verifyFile(path: string, { json }: { json?: boolean }): void {
  const verification = verifyArchive(readFile(path), (text) => createHash('sha256').update(text).digest('hex'));
  if (json === true) printJson(verification);
  else if (verification.agrees) {
    const { number, total, currency, rows, readings, allotted, gaps, broken, previousHash } = verification;
    print(`${number} agrees: ${total} ${currency}, from ${rows} rows and ${readings} readings\n`);
    if (allotted > 0) print(`  ${allotted} rows are shares of what nobody owned: held by the hash alone\n`);
    if (gaps > 0) print(`  ${gaps} gaps, told in the pack\n`);
    if (broken > 0) print(`  ${broken} checks of conservation do not hold, told in the pack\n`);
    print(`  chained to ${previousHash ?? 'nothing: the first of its series'}\n`);
  } else printError(`bulkhead: ${path} does not agree (${verification.part}): ${verification.difference}\n`);
  if (!verification.agrees) throw new ExitRequest(1);
}
