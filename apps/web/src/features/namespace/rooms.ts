import type { Maker, Namespace, NamespaceType, Runtime, Workload } from '@bulkhead/model';
import { runtimes } from '../../lib/known.ts';
import { type Holder, isEmpty, mainHolder } from './holders.ts';

/** A workload with processes in a namespace. */
export interface Inhabitant {
  workload: Workload;
  /** Processes of it in this namespace, as far as its groups are told. */
  processes: number;
}

/** A namespace as the graph draws it: a room with those who live in it. */
export interface Room {
  key: string;
  namespace: Namespace;
  name: string;
  runtime: Runtime;
  /** The next outer one, of pid and user namespaces, where it is known. */
  parent: string | undefined;
  /** Most processes first. */
  inhabitants: readonly Inhabitant[];
  /** Set where nobody lives in it: what keeps it all the same. */
  heldBy: Holder | undefined;
}

/** Types whose namespaces stand inside one another. */
export const nestedTypes: ReadonlySet<NamespaceType> = new Set<NamespaceType>(['pid', 'user']);

const rank = new Map(runtimes.map((runtime, index) => [runtime, index]));
export const byRuntime = (a: Runtime, b: Runtime): number => (rank.get(a) ?? runtimes.length) - (rank.get(b) ?? runtimes.length);

const collator = new Intl.Collator('en', { numeric: true });
export const byName = collator.compare;
/** Beyond so many nobody reads a list from above; then order has only to be the same each time. */
const readable = 500;
const byCode = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Who lives in each namespace; where only some are wanted, in those. */
export function inhabitantsByNamespace(workloads: Iterable<Workload>, wanted?: { has(key: string): boolean }): Map<string, Inhabitant[]> {
  const found = new Map<string, Inhabitant[]>();
  for (const workload of workloads) {
    const before = new Map<string, Inhabitant>();
    for (const group of workload.groups)
      for (const key of group.namespaces) {
        if (wanted !== undefined && !wanted.has(key)) continue;
        const known = before.get(key);
        if (known !== undefined) {
          known.processes += group.processes;
          continue;
        }
        const inhabitant = { workload, processes: group.processes };
        if (workload.groups.length > 1) before.set(key, inhabitant);
        const list = found.get(key);
        if (list === undefined) found.set(key, [inhabitant]);
        else list.push(inhabitant);
      }
  }
  for (const list of found.values()) {
    const inOrder = list.length > readable ? byCode : byName;
    list.sort(
      (a, b) => b.processes - a.processes || inOrder(a.workload.maker.name, b.workload.maker.name) || inOrder(a.workload.id, b.workload.id),
    );
  }
  return found;
}

/** The rooms of one type, in the order in which they are drawn first. */
export function roomsOf(
  namespaces: Iterable<Namespace>,
  inhabitants: ReadonlyMap<string, readonly Inhabitant[]>,
  type: NamespaceType,
): Room[] {
  const rooms: Room[] = [];
  for (const namespace of namespaces) {
    if (namespace.type !== type) continue;
    rooms.push({
      key: namespace.key,
      namespace,
      name: namespace.maker.name,
      runtime: namespace.maker.runtime,
      parent: nestedTypes.has(type) ? namespace.parent : undefined,
      inhabitants: inhabitants.get(namespace.key) ?? [],
      heldBy: isEmpty(namespace) ? mainHolder(namespace) : undefined,
    });
  }
  const inOrder = rooms.length > readable ? byCode : byName;
  return rooms.sort(
    (a, b) =>
      Number(b.namespace.initial) - Number(a.namespace.initial) ||
      byRuntime(a.runtime, b.runtime) ||
      inOrder(a.name, b.name) ||
      inOrder(a.key, b.key),
  );
}

/** Text in which a search looks. */
export function searchTextOf({ key, type, ino, maker, leader }: Namespace): string {
  return [maker.name, maker.runtime, maker.externalId, maker.image, maker.instance, type, ino, key, leader?.command, leader?.pid]
    .filter((part) => part !== undefined)
    .join(' ')
    .toLowerCase();
}

/** The room of a key and those one step away: who shares an inhabitant with it, what it stands in, and what stands in it. */
export function neighbourhood(rooms: readonly Room[], key: string): Set<string> {
  const centre = rooms.find((room) => room.key === key);
  const found = new Set<string>();
  if (centre === undefined) return found;
  found.add(key);
  const workloads = new Set(centre.inhabitants.map(({ workload }) => workload.id));
  for (const room of rooms)
    if (room.parent === key || room.key === centre.parent || room.inhabitants.some(({ workload }) => workloads.has(workload.id)))
      found.add(room.key);
  return found;
}

export interface Link {
  from: string;
  to: string;
  /** Workloads with processes in both. */
  makers: readonly Maker[];
}

/** Rooms that share a workload with one room: the same workload lives in both. */
export function linksOf(rooms: readonly Room[], key: string): Link[] {
  const centre = rooms.find((room) => room.key === key);
  if (centre === undefined) return [];
  const workloads = new Set(centre.inhabitants.map(({ workload }) => workload.id));
  return rooms.flatMap((room) => {
    if (room.key === key) return [];
    const shared = room.inhabitants.filter(({ workload }) => workloads.has(workload.id));
    return shared.length === 0 ? [] : [{ from: key, to: room.key, makers: shared.map(({ workload }) => workload.maker) }];
  });
}
