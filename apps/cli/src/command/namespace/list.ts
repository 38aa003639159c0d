import { type Namespace, NamespaceType } from '@bulkhead/model';
import { agentOf } from '../../client/clients.ts';
import { describeGaps, namespaceHead, namespaceRow } from '../../output/namespace-row.ts';
import { print, printError, printJson } from '../../output/print.ts';
import { formatTable } from '../../output/table.ts';

/** By type as the types are always listed, then by number. */
export const byTypeAndNumber = (one: Namespace, other: Namespace): number =>
  NamespaceType.options.indexOf(one.type) - NamespaceType.options.indexOf(other.type) || Number(one.ino) - Number(other.ino);

/** `namespace ls`. */
export async function listNamespaces(stateDirectory: string, options: { type?: NamespaceType; json?: boolean }): Promise<void> {
  const inventory = await agentOf(stateDirectory).namespace.list.query(options.type === undefined ? {} : { type: options.type });
  if (options.json === true) printJson(inventory);
  else {
    print(formatTable(namespaceHead, inventory.namespaces.sort(byTypeAndNumber).map(namespaceRow)));
    printError(describeGaps(inventory));
  }
}
