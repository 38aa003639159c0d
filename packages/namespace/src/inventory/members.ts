import type { ProcessRecord } from './process-record.ts';

/** Processes by pid, with the oldest at hand: it is asked for whenever what they share is shown. */
export class Members {
  readonly #processes = new Map<number, ProcessRecord>();
  #oldest: ProcessRecord | undefined;

  get size(): number {
    return this.#processes.size;
  }

  has(process: ProcessRecord): boolean {
    return this.#processes.get(process.pid) === process;
  }

  add(process: ProcessRecord): void {
    this.#processes.set(process.pid, process);
    if (this.#oldest !== undefined && isOlder(process, this.#oldest)) this.#oldest = process;
  }

  remove(process: ProcessRecord): void {
    if (!this.has(process)) return;
    this.#processes.delete(process.pid);
    if (this.#oldest === process) this.#oldest = undefined;
  }

  /** @returns undefined where there are none */
  get oldest(): ProcessRecord | undefined {
    if (this.#oldest === undefined) {
      for (const each of this.#processes.values()) if (this.#oldest === undefined || isOlder(each, this.#oldest)) this.#oldest = each;
    }
    return this.#oldest;
  }

  [Symbol.iterator](): IterableIterator<ProcessRecord> {
    return this.#processes.values();
  }
}

const isOlder = (one: ProcessRecord, other: ProcessRecord): boolean =>
  one.startTimeTicks < other.startTimeTicks || (one.startTimeTicks === other.startTimeTicks && one.pid < other.pid);
