interface Aged {
  readonly pid: number;
  readonly startTimeTicks: number;
}

/** Processes by pid, with the oldest at hand: it is asked for whenever what they share is shown. */
export class Members<P extends Aged> {
  readonly #processes = new Map<number, P>();
  #oldest: P | undefined;

  get size(): number {
    return this.#processes.size;
  }

  has(process: P): boolean {
    return this.#processes.get(process.pid) === process;
  }

  add(process: P): void {
    this.#processes.set(process.pid, process);
    if (this.#oldest !== undefined && isOlder(process, this.#oldest)) this.#oldest = process;
  }

  remove(process: P): void {
    if (!this.has(process)) return;
    this.#processes.delete(process.pid);
    if (this.#oldest === process) this.#oldest = undefined;
  }

  /** @returns undefined where there are none */
  get oldest(): P | undefined {
    if (this.#oldest === undefined) {
      for (const each of this.#processes.values()) if (this.#oldest === undefined || isOlder(each, this.#oldest)) this.#oldest = each;
    }
    return this.#oldest;
  }

  [Symbol.iterator](): IterableIterator<P> {
    return this.#processes.values();
  }
}

const isOlder = (one: Aged, other: Aged): boolean =>
  one.startTimeTicks < other.startTimeTicks || (one.startTimeTicks === other.startTimeTicks && one.pid < other.pid);
