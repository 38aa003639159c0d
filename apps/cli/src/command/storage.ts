import { controlOf } from '../client/clients.ts';
import { print, printJson } from '../output/print.ts';
import { formatBytes } from '../output/quantity.ts';
import { formatTable } from '../output/table.ts';

/** `host storage`: what the database holds, and what still waits for it. */
export async function showStorage(stateDirectory: string, { json = false }: { json?: boolean }): Promise<void> {
  const report = await controlOf(stateDirectory).host.storage.query({});
  if (json) {
    printJson(report);
    return;
  }
  const { databaseBytes, tables, retention, journalBytes } = report;
  print(
    formatTable(
      ['TABLE', 'SIZE', 'ROWS (ABOUT)'],
      tables.map(({ name, bytes, rows }) => [name, formatBytes(bytes), rows]),
    ),
  );
  print(`\nThe database takes ${formatBytes(databaseBytes)}`);
  print(journalBytes === undefined ? '; the agent is away.\n' : `, the agent's journal ${formatBytes(journalBytes)}.\n`);
  print(`Kept: minutes ${retention.minuteDays} days, hours ${retention.hourMonths} months.\n`);
}
