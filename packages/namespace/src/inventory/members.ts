interface Aged {
  readonly pid: number;
  readonly startTimeTicks: number;
}

/**
 * Processes by pid, with the oldest at hand: it is asked for whenever what they share is shown. Most namespaces and
 * workloads have one member, and a map for each of those would be most of what an inventory holds.
 */
export class Members<P extends Aged> {
  /** The only one, as long as there are no more. */
  #only: P | undefined;
  #processes: Map<number, P> | undefined;
  #oldest: P | undefined;

  get size(): number {
    return this.#processes?.size ?? (this.#only === undefined ? 0 : 1);
  }

  has(process: P): boolean {
    return this.#processes === undefined ? this.#only === process : this.#processes.get(process.pid) === process;
  }

  add(process: P): void {
    if (this.#processes === undefined && (this.#only === undefined || this.#only.pid === process.pid)) {
      this.#only = process;
      return;
    }
    if (this.#processes === undefined) {
      const first = this.#only as P;
      this.#processes = new Map([[first.pid, first]]);
      this.#only = undefined;
      this.#oldest = first;
    }
    this.#processes.set(process.pid, process);
    if (this.#oldest !== undefined && isOlder(process, this.#oldest)) this.#oldest = process;
  }

  remove(process: P): void {
    if (!this.has(process)) return;
    if (this.#processes === undefined) {
      this.#only = undefined;
      return;
    }
    this.#processes.delete(process.pid);
    if (this.#oldest === process) this.#oldest = undefined;
  }

  /** @returns undefined where there are none */
  get oldest(): P | undefined {
    if (this.#processes === undefined) return this.#only;
    if (this.#oldest === undefined) {
      for (const each of this.#processes.values()) if (this.#oldest === undefined || isOlder(each, this.#oldest)) this.#oldest = each;
    }
    return this.#oldest;
  }

  [Symbol.iterator](): IterableIterator<P> {
    return this.#processes?.values() ?? (this.#only === undefined ? [] : [this.#only]).values();
  }
}

const isOlder = (one: Aged, other: Aged): boolean =>
  one.startTimeTicks < other.startTimeTicks || (one.startTimeTicks === other.startTimeTicks && one.pid < other.pid);
