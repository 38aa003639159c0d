import { Problem } from '@bulkhead/model';
import { BoundedQueue } from './bounded-queue.ts';

interface Subscriber<S, T> {
  queue: BoundedQueue<T>;
  select: (item: S) => T | undefined;
}

export interface SubscribeOptions<S, T> {
  /** Ends the stream; the client went away. */
  signal: AbortSignal;
  /** What this client sees of an item; undefined where it sees nothing. */
  select(item: S): T | undefined;
  /** Items before everything that comes, without a moment in between. */
  first?: readonly T[];
  /** What waits instead when the client is too slow; without it the client is cut off. */
  overflow?(waiting: readonly T[], item: T): T[];
}

/** One source, many clients, each with its own bounded queue: a slow one costs the others nothing. */
export class Broadcast<S> {
  readonly #limit: number;
  // biome-ignore lint/suspicious/noExplicitAny: each subscriber has its own view of an item
  readonly #subscribers = new Set<Subscriber<S, any>>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  get subscribers(): number {
    return this.#subscribers.size;
  }

  publish(item: S): void {
    for (const subscriber of this.#subscribers) {
      const selected = subscriber.select(item);
      if (selected === undefined || subscriber.queue.push(selected)) continue;
      this.#subscribers.delete(subscriber);
      subscriber.queue.end(
        new Problem('exhausted', `more than ${this.#limit} items waited to be read`, { remedy: 'connect again, and read faster' }),
      );
    }
  }

  subscribe<T>({ signal, select, first = [], overflow }: SubscribeOptions<S, T>): AsyncIterable<T> {
    const queue = new BoundedQueue<T>(this.#limit, overflow ?? (() => undefined));
    for (const item of first) queue.push(item);
    const subscriber: Subscriber<S, T> = { queue, select };
    this.#subscribers.add(subscriber);
    const leave = () => {
      this.#subscribers.delete(subscriber);
      queue.end();
    };
    if (signal.aborted) leave();
    else signal.addEventListener('abort', leave, { once: true });
    return queue;
  }

  /** Ends every stream: the agent stops. */
  close(): void {
    for (const { queue } of this.#subscribers) queue.end();
    this.#subscribers.clear();
  }
}
