import type { Namespace, NamespaceInventory, NamespaceKey, Workload } from '@bulkhead/model';
import type { NamespaceChange } from './namespace.ts';
import { type Caller, mayTouch } from './permission.ts';

type Delta = Extract<NamespaceChange, { type: 'changed' }>;

/**
 * What one caller sees of a host's namespaces: an administrator everything, a member the workloads of its tenants and the
 * namespaces these made. It remembers what it showed, so that what ceases to be the caller's is told as gone, and nothing
 * is told of what never was.
 */
export class NamespaceScope {
  readonly #caller: Caller;
  #namespaces = new Set<NamespaceKey>();
  #workloads = new Set<string>();

  constructor(caller: Caller) {
    this.#caller = caller;
  }

  /** True where the caller may see what this maker made. */
  sees({ maker: { tenantId } }: Pick<Namespace | Workload, 'maker'>): boolean {
    return this.#caller.tenants === 'all' || (tenantId !== undefined && mayTouch(this.#caller, tenantId));
  }

  /** A namespace as the caller may see it: who else on the host holds it open is not a member's to know. */
  show(namespace: Namespace): Namespace {
    if (this.#caller.tenants === 'all') return namespace;
    return { ...namespace, holders: { ...namespace.holders, mounts: [], descriptors: [] } };
  }

  inventory(whole: NamespaceInventory): NamespaceInventory {
    if (this.#caller.tenants === 'all') return whole;
    const namespaces = whole.namespaces.filter((each) => this.sees(each)).map((each) => this.show(each));
    const workloads = whole.workloads.filter((each) => this.sees(each));
    this.#namespaces = new Set(namespaces.map(({ key }) => key));
    this.#workloads = new Set(workloads.map(({ id }) => id));
    return { ...whole, namespaces, workloads };
  }

  /** @returns undefined where nothing of it concerns the caller */
  change(change: NamespaceChange): NamespaceChange | undefined {
    if (change.type === 'snapshot') return { type: 'snapshot', ...this.inventory(change) };
    if (this.#caller.tenants === 'all') return change;
    const namespaces = sift(
      change.namespaces,
      change.removedNamespaces,
      ({ key }) => key,
      this.#namespaces,
      (each) => this.sees(each),
    );
    const workloads = sift(
      change.workloads,
      change.removedWorkloads,
      ({ id }) => id,
      this.#workloads,
      (each) => this.sees(each),
    );
    const seen: Delta = {
      ...change,
      namespaces: namespaces.shown.map((each) => this.show(each)),
      removedNamespaces: namespaces.removed,
      workloads: workloads.shown,
      removedWorkloads: workloads.removed,
    };
    const isEmpty = [seen.namespaces, seen.removedNamespaces, seen.workloads, seen.removedWorkloads].every((list) => list.length === 0);
    return isEmpty ? undefined : seen;
  }
}

function sift<T>(
  changed: readonly T[],
  gone: readonly string[],
  keyOf: (item: T) => string,
  known: Set<string>,
  isVisible: (item: T) => boolean,
): { shown: T[]; removed: string[] } {
  const removed = gone.filter((key) => known.delete(key));
  const shown: T[] = [];
  for (const item of changed) {
    const key = keyOf(item);
    if (isVisible(item)) {
      known.add(key);
      shown.push(item);
    } else if (known.delete(key)) removed.push(key);
  }
  return { shown, removed };
}
