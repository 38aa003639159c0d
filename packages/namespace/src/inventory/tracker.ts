import { statSync } from 'node:fs';
import { boottimeNsec } from '@bulkhead/kernel';
import type { NamespaceInventory, NamespaceKey, NamespaceType, Unreadable } from '@bulkhead/model';
import { Classifier } from './classifier.ts';
import { inspectNamespace, type NamespaceInspection } from './inspect.ts';
import { Inventory, type InventoryChanges } from './inventory.ts';
import { linkNameOf } from './namespace-types.ts';
import { ProcReader } from './proc-reader.ts';
import { readRelations } from './relations.ts';

const scanEveryMsec = 500;

export interface TrackerOptions {
  /** Name of the Bulkhead instance whose containers are told as its own. */
  instance?: string;
  /** Told of what changed, and of nothing where nothing did. */
  onChange(changes: InventoryChanges, unreadable: Unreadable): void;
}

/** Keeps an inventory of the host's namespaces current. */
export class NamespaceTracker implements Disposable {
  readonly inventory: Inventory;
  readonly #reader = new ProcReader();
  readonly #onChange: TrackerOptions['onChange'];
  #timer: NodeJS.Timeout | undefined;

  constructor({ instance, onChange }: TrackerOptions) {
    this.#onChange = onChange;
    const classifier = new Classifier(instance);
    const bootWallMsec = Date.now() - Number(boottimeNsec() / 1_000_000n);
    this.inventory = new Inventory({
      dev: String(statSync('/proc/self/ns/mnt', { bigint: true }).dev),
      initial: this.#reader.namespaces(1)?.map((ino, index) => ino || (this.#reader.namespaces(2)?.[index] ?? 0)) ?? [],
      relations: readRelations,
      linkOf: (pid, type: NamespaceType, tid) => `/proc/${pid}/${tid === undefined ? '' : `task/${tid}/`}ns/${linkNameOf(type)}`,
      workloadOf: (process, current) => classifier.workloadOf(process, current),
      bootWallMsec: () => bootWallMsec,
    });
  }

  start(): void {
    this.#tick();
  }

  get unreadable(): Unreadable {
    const processes = this.inventory.unreadableProcesses;
    return {
      processes,
      descriptors: 0,
      reasons: processes === 0 ? [] : ['Namespaces of some processes may not be read: they have capabilities that the agent lacks.'],
    };
  }

  show(): NamespaceInventory {
    return this.inventory.show(this.unreadable);
  }

  /** A namespace with what lives in it. @returns undefined where none has the key */
  inspect(key: NamespaceKey): NamespaceInspection | undefined {
    return inspectNamespace(this.inventory, key);
  }

  #tick(): void {
    this.scan();
    if (this.inventory.hasChanges) this.#onChange(this.inventory.takeChanges(), this.unreadable);
    this.#timer = setTimeout(() => this.#tick(), scanEveryMsec);
  }

  /** Reads every process anew. */
  scan(): void {
    const pids = this.#reader.pids();
    const present = new Set(pids);
    for (const pid of this.inventory.processes.keys()) if (!present.has(pid)) this.inventory.remove(pid);
    for (const pid of pids) this.read(pid);
  }

  read(pid: number): void {
    const facts = this.#reader.facts(pid);
    const namespaces = facts === undefined || facts.state === 'Z' ? undefined : this.#reader.namespaces(pid);
    if (facts === undefined || namespaces === undefined) this.inventory.remove(pid);
    else this.inventory.put({ ...facts, namespaces, otherThreads: new Map() });
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
  }
}
