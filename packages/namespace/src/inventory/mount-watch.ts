import { errnoNumber, LISTMOUNT_REVERSE, listmount } from '@bulkhead/kernel';
import { Budget } from './budget.ts';
import type { Inventory } from './inventory.ts';
import type { ProcReader } from './proc-reader.ts';

/** Where the kernel cannot say what changed, tables are read again and again for this share of a CPU. */
const blindShare = 0.005;
const mostMsec = 4;

interface MountTable {
  /** Undefined where the kernel has no number for listmount(2). */
  id: bigint | undefined;
  /** Ids of the mounts in ascending order, as they were before the table was last read; where it holds nothing, the last alone. */
  mounts: BigUint64Array;
  /** Namespaces are bind-mounted there. */
  holds: boolean;
}

/**
 * Keeps bind mounts of namespaces current in every mount namespace of the host, without holding any of them open: an open
 * mountinfo would keep a mount namespace alive after its last process. listmount(2) tells cheaply whether anything came;
 * only then a table is read.
 */
export class MountWatch {
  readonly #inventory: Inventory;
  readonly #reader: ProcReader;
  readonly #tables = new Map<number, MountTable>();
  readonly #budget = new Budget(blindShare, mostMsec);
  #ids = new BigUint64Array(1024);
  #blindQueue: number[] = [];
  #canList = true;

  constructor(inventory: Inventory, reader: ProcReader) {
    this.#inventory = inventory;
    this.#reader = reader;
  }

  /** Looks at every mount namespace once. @param whole reads every table, whatever it costs */
  look(whole = false): void {
    for (const ino of this.#tables.keys()) if (this.#memberOf(ino) === undefined) this.#forget(ino);
    const blind: number[] = [];
    for (const { ino, type, members } of this.#inventory.namespaces.values()) {
      if (type !== 'mount' || members.size === 0) continue;
      const table = this.#tables.get(ino);
      if (table === undefined || whole) this.#read(ino);
      else if (table.id === undefined) blind.push(ino);
      else if (this.#isChanged(table)) this.#read(ino);
    }
    if (blind.length === 0) return;
    const wanted = new Set(blind);
    this.#budget.spend(() => {
      if (this.#blindQueue.length === 0) this.#blindQueue = [...wanted];
      const ino = this.#blindQueue.pop() as number;
      if (wanted.delete(ino)) this.#read(ino);
      return wanted.size > 0;
    });
  }

  #memberOf(ino: number) {
    const namespace = this.#inventory.namespaces.get(ino);
    return namespace?.type === 'mount' ? namespace.members.oldest : undefined;
  }

  #forget(ino: number): void {
    this.#tables.delete(ino);
    this.#inventory.setMounts(ino, [], () => '');
  }

  #isChanged({ id, mounts, holds }: MountTable): boolean {
    // Ids are given out in ascending order and never twice. What is unmounted matters only where it held something.
    const last = mounts.at(-1) ?? 0n;
    if (!holds) return listmount(id as bigint, last, this.#ids.subarray(0, 1)) !== 0;
    const found = this.#list(id as bigint);
    return found.length !== mounts.length || found.some((each, index) => each !== mounts[index]);
  }

  #list(id: bigint): BigUint64Array {
    for (;;) {
      const count = listmount(id, 0n, this.#ids);
      if (count < this.#ids.length) return this.#ids.subarray(0, Math.max(count, 0));
      this.#ids = new BigUint64Array(this.#ids.length * 2);
    }
  }

  #read(ino: number): void {
    const namespace = this.#inventory.namespaces.get(ino);
    const pid = namespace?.members.oldest?.pid;
    if (namespace === undefined || pid === undefined) return;
    const id = this.#canList ? namespace.mountNamespaceId : undefined;
    // Listed before it is read: what is mounted in between shows as a change at the next look.
    const last = id === undefined ? undefined : this.#lastOf(id);
    const before = id === undefined || this.#tables.get(ino)?.holds !== true ? undefined : this.#list(id).slice();
    const found = this.#reader.mounts(pid);
    if (found === undefined) return;
    const holds = found.length > 0;
    const mounts = before ?? (last === undefined ? none : BigUint64Array.of(last));
    this.#tables.set(ino, { id: last === undefined ? undefined : id, mounts, holds });
    this.#inventory.setMounts(ino, found, (path) => `/proc/${pid}/root${path}`);
  }

  /** The mount that came last. @returns undefined where the kernel does not tell */
  #lastOf(id: bigint): bigint | undefined {
    const count = listmount(id, 0n, this.#ids.subarray(0, 1), LISTMOUNT_REVERSE);
    if (count > 0) return this.#ids[0];
    if (unsupported.has(count)) this.#canList = false;
    return undefined;
  }
}

const none = new BigUint64Array(0);
const unsupported: ReadonlySet<number> = new Set([-errnoNumber('ENOSYS'), -errnoNumber('EINVAL')]);
