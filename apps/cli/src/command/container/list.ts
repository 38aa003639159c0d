import { Problem, type Workload } from '@bulkhead/model';
import { containerRuntimes } from '@bulkhead/model/container-runtimes';
import { agentOf } from '../../client/clients.ts';
import { containerHead, containerRow, foreignHead, foreignRow } from '../../output/container-row.ts';
import { describeGaps } from '../../output/namespace-row.ts';
import { print, printError, printJson } from '../../output/print.ts';
import { formatTable } from '../../output/table.ts';

export interface ListOptions {
  all?: boolean;
  quiet?: boolean;
  json?: boolean;
  tenant?: string;
  foreign?: boolean;
}

/** Sandboxes of this instance that wait for their container are not somebody else's. */
const isForeign = ({ maker }: Workload): boolean =>
  containerRuntimes.has(maker.runtime) && (maker.runtime !== 'bulkhead' || maker.instance !== undefined);

/** `ps --foreign`: what other runtimes run, another instance of Bulkhead included. */
async function listForeign(stateDirectory: string, { tenant, quiet, json }: ListOptions): Promise<void> {
  if (tenant !== undefined)
    throw new Problem('invalid', '--tenant and --foreign exclude each other: containers of other runtimes have no tenant');
  const { workloads, ...inventory } = await agentOf(stateDirectory).namespace.list.query({});
  const shown = workloads.filter(isForeign).sort((a, b) => (a.startedAt < b.startedAt ? 1 : a.startedAt > b.startedAt ? -1 : 0));
  if (json === true) printJson(shown);
  else if (quiet === true) print(shown.map(({ maker }) => `${maker.externalId ?? maker.name}\n`).join(''));
  else {
    const now = Date.now();
    print(
      formatTable(
        foreignHead,
        shown.map((workload) => foreignRow(workload, now)),
      ),
    );
    printError(describeGaps(inventory));
  }
}

/** `ps`: running containers, or all of them. */
export async function listContainers(stateDirectory: string, options: ListOptions): Promise<void> {
  if (options.foreign === true) return await listForeign(stateDirectory, options);
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
        containerHead(options.all === true),
        shown.map((container) => containerRow(container, now, options.all === true)),
      ),
    );
  }
}
