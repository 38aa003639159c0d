/**
 * A bounded queue between a source that pushes and one consumer that iterates. What happens when the consumer is too
 * slow is the owner's to say: `overflow` gets what waits and the new item, and answers with what shall wait instead.
 */
export class BoundedQueue<T> implements AsyncIterable<T> {
  readonly #limit: number;
  readonly #overflow: (waiting: T[], item: T) => T[];
  #waiting: T[] = [];
  #wake: (() => void) | undefined;
  #ended = false;
  #failure: unknown;

  constructor(limit: number, overflow: (waiting: T[], item: T) => T[]) {
    this.#limit = limit;
    this.#overflow = overflow;
  }

  push(item: T): void {
    if (this.#ended) return;
    if (this.#waiting.length >= this.#limit) this.#waiting = this.#overflow(this.#waiting, item);
    else this.#waiting.push(item);
    this.#wake?.();
  }

  /** No more items come; with a failure, the consumer is told after what waits. */
  end(failure?: unknown): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#failure = failure;
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, unknown> {
    for (;;) {
      const batch = this.#waiting;
      this.#waiting = [];
      yield* batch;
      if (this.#waiting.length > 0) continue;
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

/** One source, many consumers, each with its own bounded queue. */
export class Broadcast<T> {
  readonly #limit: number;
  readonly #overflow: (waiting: T[], item: T) => T[];
  readonly #queues = new Set<BoundedQueue<T>>();

  constructor(limit: number, overflow: (waiting: T[], item: T) => T[]) {
    this.#limit = limit;
    this.#overflow = overflow;
  }

  get consumers(): number {
    return this.#queues.size;
  }

  publish(item: T): void {
    for (const queue of this.#queues) queue.push(item);
  }

  /** Items from now on, until the signal aborts. `first` waits before them, without a moment in between. */
  subscribe(signal: AbortSignal, first: readonly T[] = []): BoundedQueue<T> {
    const queue = new BoundedQueue<T>(this.#limit, this.#overflow);
    for (const item of first) queue.push(item);
    this.#queues.add(queue);
    const leave = () => {
      this.#queues.delete(queue);
      queue.end();
    };
    if (signal.aborted) leave();
    else signal.addEventListener('abort', leave, { once: true });
    return queue;
  }
}
