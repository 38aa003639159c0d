import type { Unsubscribable } from '@trpc/server/observable';
import type { Logger } from 'pino';

/** Handlers that a tRPC client's `subscribe` takes. */
export interface UpstreamHandlers<T> {
  onStarted(): void;
  onData(item: T): void;
  onError(error: unknown): void;
  onComplete(): void;
  onConnectionStateChange(state: { state: string; error?: unknown }): void;
}

export interface UpstreamOptions<T> {
  topic: string;
  log: Logger;
  subscribe(handlers: UpstreamHandlers<T>): Unsubscribable;
  onItem(item: T): void;
  onReachable(reachable: boolean): void;
}

const firstDelayMsec = 250;
const longestDelayMsec = 5_000;

/** One subscription at an agent that is kept for ever: it is opened again, with back-off, whenever it ends. */
export class Upstream<T> {
  readonly #options: UpstreamOptions<T>;
  #subscription: Unsubscribable | undefined;
  #timer: NodeJS.Timeout | undefined;
  #delayMsec = firstDelayMsec;
  #closed = false;

  constructor(options: UpstreamOptions<T>) {
    this.#options = options;
    this.#open();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#subscription?.unsubscribe();
  }

  #open(): void {
    const { topic, log, onItem, onReachable, subscribe } = this.#options;
    this.#subscription = subscribe({
      onStarted: () => {
        this.#delayMsec = firstDelayMsec;
        onReachable(true);
      },
      onData: onItem,
      onError: (error) => {
        log.warn({ topic, err: error instanceof Error ? error.message : String(error) }, 'the subscription at the agent failed');
        this.#again();
      },
      onComplete: () => this.#again(),
      onConnectionStateChange: ({ state, error }) => {
        if (state === 'pending') onReachable(true);
        if (state === 'connecting' && error) onReachable(false);
      },
    });
  }

  #again(): void {
    this.#options.onReachable(false);
    if (this.#closed || this.#timer !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#open();
    }, this.#delayMsec);
    this.#delayMsec = Math.min(this.#delayMsec * 2, longestDelayMsec);
  }
}
