/**
 * A bounded queue between a source that pushes and one client that reads. What happens when the client is too slow is
 * the owner's to say: `overflow` answers with what shall wait instead, or undefined to cut the client off.
 */
export class BoundedQueue<T> implements AsyncIterable<T> {
  readonly #limit: number;
  readonly #overflow: (waiting: readonly T[], item: T) => T[] | undefined;
  #waiting: T[] = [];
  #wake: (() => void) | undefined;
  #ended = false;
  #failure: unknown;

  constructor(limit: number, overflow: (waiting: readonly T[], item: T) => T[] | undefined) {
    this.#limit = limit;
    this.#overflow = overflow;
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** @returns false where the client was too slow and is cut off */
  push(item: T): boolean {
    if (this.#ended) return true;
    if (this.#waiting.length >= this.#limit) {
      const instead = this.#overflow(this.#waiting, item);
      if (instead === undefined) return false;
      this.#waiting = instead;
    } else this.#waiting.push(item);
    this.#wake?.();
    return true;
  }

  /** No more items come; with a failure, the client is told after what waits. */
  end(failure?: unknown): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#failure = failure;
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, unknown> {
    for (;;) {
      const next = this.#waiting.shift();
      if (next !== undefined) {
        yield next;
        continue;
      }
      if (this.#ended) {
        if (this.#failure !== undefined) throw this.#failure;
        return;
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#wake = undefined;
    }
  }
}
