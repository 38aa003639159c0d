import type { Namespace } from '@bulkhead/model';
import { agentOf } from '../../client/clients.ts';
import { describeGaps, describeHolders, describeMaker } from '../../output/namespace-row.ts';
import { print, printError } from '../../output/print.ts';
import { toVisible } from '../../output/table.ts';
import { byTypeAndNumber } from './list.ts';

/** Below which one it stands: a user or nested pid namespace below its parent, any other below its owner. */
function aboveOf({ type, owner, parent }: Namespace, known: ReadonlyMap<string, Namespace>): string | undefined {
  const outer = parent === undefined ? undefined : known.get(parent);
  // A pid namespace whose parent is the host's own is told by its owner, which says more.
  if (outer !== undefined && (type === 'user' || !outer.initial)) return outer.key;
  return owner !== undefined && known.has(owner) ? owner : undefined;
}

function describe(namespace: Namespace): string {
  const { key, type, initial, holders, maker } = namespace;
  const processes = holders.processes === 0 ? 'no process' : holders.processes === 1 ? '1 process' : `${holders.processes} processes`;
  const more = describeHolders({ ...holders, children: 0 });
  return `${type} ${key}  ${initial ? 'host' : toVisible(describeMaker(maker))}, ${processes}${more === '' ? '' : `, ${more}`}`;
}

/** Lines of the tree of namespaces, drawn as lsns draws its own. */
export function drawTree(namespaces: readonly Namespace[]): string {
  const known = new Map(namespaces.map((namespace) => [namespace.key, namespace]));
  const below = Map.groupBy(namespaces, (namespace) => aboveOf(namespace, known));
  const lines: string[] = [];
  const draw = (above: string | undefined, indent: string): void => {
    const children = (below.get(above) ?? []).toSorted(byTypeAndNumber);
    for (const [index, child] of children.entries()) {
      const isLast = index === children.length - 1;
      const branch = above === undefined ? '' : isLast ? '└─' : '├─';
      lines.push(`${indent}${branch}${describe(child)}\n`);
      draw(child.key, above === undefined ? '' : `${indent}${isLast ? '  ' : '│ '}`);
    }
  };
  draw(undefined, '');
  return lines.join('');
}

/** `namespace tree`. */
export async function showNamespaceTree(stateDirectory: string): Promise<void> {
  const { namespaces, ...inventory } = await agentOf(stateDirectory).namespace.list.query({});
  print(drawTree(namespaces));
  printError(describeGaps(inventory));
}
