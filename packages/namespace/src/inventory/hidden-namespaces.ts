import { hasErrno, listns } from '@bulkhead/kernel';

/** As listns(2): ids in ascending order after one, as many as fit. */
export type ListNamespaces = (after: bigint, types: bigint, ids: BigUint64Array) => number;

/**
 * Counts all namespaces of the host where the kernel can list them (listns(2), Linux 6.19). More than were found are held
 * in a way that leaves no trace in /proc: by a socket, or by a descriptor on its way in a message.
 */
export class HiddenNamespaces {
  readonly #list: ListNamespaces;
  readonly #ids: BigUint64Array;
  #isSupported = true;

  constructor(list: ListNamespaces = listns, page = 1024) {
    this.#list = list;
    this.#ids = new BigUint64Array(page);
  }

  /** @returns undefined where the kernel does not tell; asked once, not again */
  count(): number | undefined {
    if (!this.#isSupported) return undefined;
    let total = 0;
    let after = 0n;
    try {
      for (;;) {
        const found = this.#list(after, 0n, this.#ids);
        total += found;
        if (found < this.#ids.length) return total;
        after = this.#ids.at(-1) as bigint;
      }
    } catch (failure) {
      if (!hasErrno(failure, 'ENOSYS', 'EPERM', 'EINVAL')) throw failure;
      this.#isSupported = false;
      return undefined;
    }
  }
}
