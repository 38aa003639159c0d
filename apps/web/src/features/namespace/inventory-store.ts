import type { NamespaceChange } from '@bulkhead/api';
import type { Namespace, NamespaceWay, Unreadable, Workload } from '@bulkhead/model';
import type { Trouble } from '../../lib/api.ts';

/** What is known of a host's namespaces; a new object with every change. */
export interface Inventory {
  /** Undefined until the first snapshot: nothing is known yet, which is not the same as nothing there. */
  namespaces: ReadonlyMap<string, Namespace> | undefined;
  workloads: ReadonlyMap<string, Workload>;
  unreadable: Unreadable | undefined;
  /** How the agent looked at its host. */
  way: NamespaceWay | undefined;
  at: string | undefined;
  trouble: Trouble | undefined;
}

export const unknownInventory: Inventory = {
  namespaces: undefined,
  workloads: new Map(),
  unreadable: undefined,
  way: undefined,
  at: undefined,
  trouble: undefined,
};

/** Namespaces and workloads of the host in this tab, outside React. */
export class InventoryStore {
  #inventory: Inventory = unknownInventory;
  readonly #arrived = new Set<string>();
  readonly #listeners = new Set<() => void>();

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };
  readonly view = (): Inventory => this.#inventory;

  /** True where the namespace or workload came while this page was open. */
  hasArrived(id: string): boolean {
    return this.#arrived.has(id);
  }

  apply(change: NamespaceChange): void {
    const { namespaces: known, workloads: working } = this.#inventory;
    if (change.type === 'snapshot') {
      if (known !== undefined) {
        for (const { key } of change.namespaces) if (!known.has(key)) this.#arrived.add(key);
        for (const { id } of change.workloads) if (!working.has(id)) this.#arrived.add(id);
      }
      this.#show({
        namespaces: new Map(change.namespaces.map((namespace) => [namespace.key, namespace])),
        workloads: new Map(change.workloads.map((workload) => [workload.id, workload])),
        unreadable: change.unreadable,
        way: change.way,
        at: change.at,
        trouble: undefined,
      });
      return;
    }
    const namespaces = new Map(known);
    for (const namespace of change.namespaces) {
      if (known !== undefined && !known.has(namespace.key)) this.#arrived.add(namespace.key);
      namespaces.set(namespace.key, namespace);
    }
    for (const key of change.removedNamespaces) {
      namespaces.delete(key);
      this.#arrived.delete(key);
    }
    const workloads = new Map(working);
    for (const workload of change.workloads) {
      if (!working.has(workload.id)) this.#arrived.add(workload.id);
      workloads.set(workload.id, workload);
    }
    for (const id of change.removedWorkloads) {
      workloads.delete(id);
      this.#arrived.delete(id);
    }
    const { way } = this.#inventory;
    this.#show({ namespaces, workloads, unreadable: change.unreadable, way, at: change.at, trouble: undefined });
  }

  applyTrouble(trouble: Trouble | undefined): void {
    this.#show({ ...this.#inventory, trouble });
  }

  #show(inventory: Inventory): void {
    this.#inventory = inventory;
    for (const listener of this.#listeners) listener();
  }
}
