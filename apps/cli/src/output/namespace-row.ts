import type { Maker, Namespace, NamespaceInventory } from '@bulkhead/model';

const shorten = (text: string, length: number): string => (text.length <= length ? text : `${text.slice(0, length - 1)}…`);

/** `docker web`, `podman (of instance x)`: the runtime, and what people call it. */
export const describeMaker = ({ runtime, name, instance }: Maker): string =>
  `${name === runtime ? runtime : `${runtime} ${shorten(name, 40)}`}${instance === undefined ? '' : ` (instance ${instance})`}`;

/** What keeps a namespace alive besides the processes that are in it: `1 mount, 2 descriptors`. */
export function describeHolders({ threads, mountCount, descriptorCount, children }: Namespace['holders']): string {
  const parts = [
    [threads, 'thread', 'threads'],
    [mountCount, 'mount', 'mounts'],
    [descriptorCount, 'descriptor', 'descriptors'],
    [children, 'child', 'children'],
  ] as const;
  return parts.flatMap(([count, one, more]) => (count === 0 ? [] : [`${count} ${count === 1 ? one : more}`])).join(', ');
}

export const namespaceHead = ['NAMESPACE', 'TYPE', 'PROCESSES', 'PID', 'COMMAND', 'MADE BY', 'ALSO HELD BY'] as const;

export const namespaceRow = (namespace: Namespace): string[] => [
  namespace.key,
  namespace.type,
  String(namespace.holders.processes),
  namespace.leader === undefined ? '-' : String(namespace.leader.pid),
  shorten(namespace.leader?.command ?? '-', 24),
  namespace.initial ? 'host' : describeMaker(namespace.maker),
  describeHolders(namespace.holders) || '-',
];

/** A line for each thing that could not be seen, or not as fast as it can be; nothing where all is well. */
export function describeGaps({ unreadable, way }: Pick<NamespaceInventory, 'unreadable' | 'way'>): string {
  const lines = unreadable.reasons.map((reason) => `incomplete: ${reason}\n`);
  if (way?.kind === 'proc')
    lines.push(`slow: processes are read from /proc one by one${way.reason === undefined ? '' : `: ${way.reason}`}\n`);
  return lines.join('');
}
