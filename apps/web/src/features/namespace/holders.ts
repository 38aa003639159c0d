import type { Namespace } from '@bulkhead/model';

/** What keeps a namespace alive, the strongest first. `nothing` is a namespace that is about to go. */
export type Holder = 'processes' | 'threads' | 'descriptor' | 'mount' | 'child' | 'nothing';

/** How many of each kind hold a namespace, those that are none left out. */
export function holdersOf({ holders }: Pick<Namespace, 'holders'>): { holder: Exclude<Holder, 'nothing'>; count: number }[] {
  const counts = [
    { holder: 'processes', count: holders.processes },
    { holder: 'threads', count: holders.threads },
    { holder: 'descriptor', count: holders.descriptorCount },
    { holder: 'mount', count: holders.mountCount },
    { holder: 'child', count: holders.children },
  ] as const;
  return counts.filter(({ count }) => count > 0);
}

export const mainHolder = (namespace: Pick<Namespace, 'holders'>): Holder => holdersOf(namespace)[0]?.holder ?? 'nothing';

/** True where nobody lives in it: it is there only because something points at it. */
export const isEmpty = ({ holders }: Pick<Namespace, 'holders'>): boolean => holders.processes === 0 && holders.threads === 0;
