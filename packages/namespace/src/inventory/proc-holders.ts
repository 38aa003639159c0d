import { DescriptorWatch } from './descriptor-watch.ts';
import type { HolderWatch } from './holder-watch.ts';
import type { Inventory } from './inventory.ts';
import { MountWatch } from './mount-watch.ts';
import type { ProcReader } from './proc-reader.ts';

/** What holds namespaces, read from /proc process by process. */
export class ProcHolders implements HolderWatch {
  readonly #inventory: Inventory;
  readonly #mounts: MountWatch;
  readonly #descriptors: DescriptorWatch;

  constructor(inventory: Inventory, reader: ProcReader) {
    this.#inventory = inventory;
    this.#mounts = new MountWatch(inventory, reader);
    this.#descriptors = new DescriptorWatch(inventory, reader);
  }

  get refused(): number {
    return this.#descriptors.refused;
  }

  look(): boolean {
    this.#mounts.look();
    this.#descriptors.look();
    return false;
  }

  *lookAtAll(): Generator<void, void, unknown> {
    this.#mounts.look(true);
    yield;
    for (const process of [...this.#inventory.processes.values()]) {
      this.#descriptors.read(process);
      yield;
    }
  }

  relationsOf(): undefined {
    return undefined;
  }

  forget(pid: number): void {
    this.#descriptors.forget(pid);
  }
}
