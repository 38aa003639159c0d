import { agentOf } from '../../client/clients.ts';
import { containerHead, containerRow } from '../../output/container-row.ts';
import { print, printJson } from '../../output/print.ts';
import { formatTable } from '../../output/table.ts';

export interface ListOptions {
  all?: boolean;
  quiet?: boolean;
  json?: boolean;
  tenant?: string;
}

/** `ps`: running containers, or all of them. */
export async function listContainers(stateDirectory: string, options: ListOptions): Promise<void> {
  const known = await agentOf(stateDirectory).container.list.query(options.tenant === undefined ? {} : { tenantId: options.tenant });
  const shown =
    options.all === true ? known : known.filter((container) => container.status === 'running' || container.status === 'creating');
  // Not localeCompare: loading its collation takes 6 ms, and timestamps of one form need none.
  shown.sort((a, b) => (a.createdAt < b.createdAt ? 1 : a.createdAt > b.createdAt ? -1 : 0));
  if (options.json === true) printJson(shown);
  else if (options.quiet === true) print(shown.map((container) => `${container.id}\n`).join(''));
  else {
    const now = Date.now();
    print(
      formatTable(
        containerHead,
        shown.map((container) => containerRow(container, now)),
      ),
    );
  }
}
