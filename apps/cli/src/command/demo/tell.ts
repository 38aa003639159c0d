import { monthAt } from '@bulkhead/accounting';
import { defaultStateDirectory } from '@bulkhead/model';
import type { ControlClient } from '../../client/clients.ts';
import { readEnvironment } from '../../env.ts';
import { print } from '../../output/print.ts';
import { formatTable } from '../../output/table.ts';
import { demoTenants } from './content.ts';

/** How this instance's commands are typed in a shell. */
export function commandOn(stateDirectory: string, preset = readEnvironment().stateDirectory ?? defaultStateDirectory): string {
  if (stateDirectory === preset) return './bulkhead';
  const quoted = /^[\w./-]+$/.test(stateDirectory) ? stateDirectory : `'${stateDirectory.replaceAll("'", "'\\''")}'`;
  return `./bulkhead --state-dir ${quoted}`;
}

/** Where to look, and how to be rid of it. */
export function tellWhere(stateDirectory: string, url: string): void {
  print(`
Together they take at most half a CPU and 256 MiB. All use is measured; prices alone are made up, and high, so that cents come soon.

look at     ${url}
take away   ${commandOn(stateDirectory)} demo --remove

`);
}

/** What each tenant has used until now would cost, and the command that says so. */
export async function tellDrafts(stateDirectory: string, control: ControlClient): Promise<void> {
  const rows: string[][] = [];
  for (const { tenantId } of demoTenants) {
    const { account } = await control.account.get.query({ tenantId });
    const { month } = monthAt(new Date().toISOString(), account.zone);
    const { content } = await control.invoice.draft.query({ tenantId, month });
    rows.push([`${content.total} ${content.currency}`, `${commandOn(stateDirectory)} invoice draft --tenant ${tenantId}`]);
  }
  print(`${formatTable(['DRAFT', 'COMMAND'], rows)}A month that goes on has a draft alone; it can be finalised when it is over.\n`);
}
