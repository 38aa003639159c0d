import { type Trouble, troubleOf } from '../../lib/api.ts';

export interface SourceHandlers<T> {
  onData(item: T): void;
  onError(failure: unknown): void;
  onComplete(): void;
}

export interface SourceOptions<T> {
  subscribe(handlers: SourceHandlers<T>): { unsubscribe(): void };
  onItem(item: T): void;
  /** Told when the stream ended with a failure; undefined once something comes again. */
  onTrouble(trouble: Trouble | undefined): void;
}

/** It stays open this long after the last who looked has left, so that going from page to page opens it once. */
const lingerMsec = 5_000;
const retryMsec = 2_000;
/** Asking again changes nothing about these. */
const final: ReadonlySet<Trouble['problem']> = new Set(['forbidden', 'unauthenticated', 'unsupported']);

/** A subscription that flows only while somebody looks at what it tells. */
export class SharedSource<T> {
  readonly #options: SourceOptions<T>;
  #subscription: { unsubscribe(): void } | undefined;
  #count = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #troubled = false;

  constructor(options: SourceOptions<T>) {
    this.#options = options;
  }

  /** Keeps it flowing until the answer is called. */
  readonly acquire = (): (() => void) => {
    this.#count += 1;
    clearTimeout(this.#timer);
    if (this.#subscription === undefined) this.#open();
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      this.#count -= 1;
      if (this.#count === 0) this.#later(lingerMsec, () => this.#close());
    };
  };

  #open(): void {
    const { subscribe, onItem, onTrouble } = this.#options;
    this.#subscription = subscribe({
      onData: (item) => {
        if (this.#troubled) onTrouble(undefined);
        this.#troubled = false;
        onItem(item);
      },
      onError: (failure) => {
        const trouble = troubleOf(failure);
        this.#troubled = true;
        onTrouble(trouble);
        this.#subscription = undefined;
        if (!final.has(trouble.problem)) this.#later(retryMsec, () => this.#count > 0 && this.#open());
      },
      onComplete: () => {
        this.#subscription = undefined;
        this.#later(retryMsec, () => this.#count > 0 && this.#open());
      },
    });
  }

  #close(): void {
    this.#subscription?.unsubscribe();
    this.#subscription = undefined;
  }

  #later(msec: number, act: () => void): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(act, msec);
  }
}
