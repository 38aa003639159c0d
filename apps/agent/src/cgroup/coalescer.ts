/** The first pause after something was told; it doubles while more comes. */
const firstPauseMsec = 1000;
const longestPauseMsec = 60_000;

interface Window<T> {
  pauseMsec: number;
  waiting: T | undefined;
  timer: NodeJS.Timeout;
}

/**
 * Bounds a storm: the first of a kind is told at once, what follows within a second as one, and the longer it goes on the
 * seldomer. All kinds together are told so many times a second; what is beyond waits for the next.
 */
export class Coalescer<T> implements Disposable {
  readonly #options: { tell(key: string, item: T): void; merge(before: T, item: T): T; mostPerSecond: number };
  readonly #windows = new Map<string, Window<T>>();
  #second = 0;
  #toldThisSecond = 0;

  constructor(options: { tell(key: string, item: T): void; merge(before: T, item: T): T; mostPerSecond: number }) {
    this.#options = options;
  }

  /** Whether this second has room for one more, which it then takes. */
  #hasRoom(): boolean {
    const second = Math.floor(performance.now() / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#toldThisSecond = 0;
    }
    if (this.#toldThisSecond >= this.#options.mostPerSecond) return false;
    this.#toldThisSecond += 1;
    return true;
  }

  add(key: string, item: T): void {
    const window = this.#windows.get(key);
    if (window !== undefined) {
      window.waiting = window.waiting === undefined ? item : this.#options.merge(window.waiting, item);
      return;
    }
    const isTold = this.#hasRoom();
    this.#open(key, { pauseMsec: firstPauseMsec, waiting: isTold ? undefined : item });
    if (isTold) this.#options.tell(key, item);
  }

  #open(key: string, { pauseMsec, waiting }: Pick<Window<T>, 'pauseMsec' | 'waiting'>): void {
    this.#windows.set(key, { pauseMsec, waiting, timer: setTimeout(() => this.#close(key), pauseMsec) });
  }

  #close(key: string): void {
    const window = this.#windows.get(key);
    if (window === undefined) return;
    this.#windows.delete(key);
    const { waiting, pauseMsec } = window;
    if (waiting === undefined) return;
    if (!this.#hasRoom()) {
      this.#open(key, { pauseMsec: firstPauseMsec, waiting });
      return;
    }
    this.#open(key, { pauseMsec: Math.min(pauseMsec * 2, longestPauseMsec), waiting: undefined });
    this.#options.tell(key, waiting);
  }

  /** Tells what waits of one kind, now: nothing will follow. */
  flush(key: string): void {
    const window = this.#windows.get(key);
    if (window === undefined) return;
    clearTimeout(window.timer);
    this.#windows.delete(key);
    if (window.waiting !== undefined) this.#options.tell(key, window.waiting);
  }

  [Symbol.dispose](): void {
    for (const key of [...this.#windows.keys()]) this.flush(key);
  }
}
