/** Processor time of this thread, in milliseconds: a busy host must not be taken for a costly chore. */
const cpuMsec = (): number => {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
};

const realClocks: Clocks = { now: () => performance.now(), cpu: cpuMsec };

export interface Clocks {
  /** Monotonic time, in milliseconds. */
  now(): number;
  /** Processor time taken, in milliseconds. */
  cpu(): number;
}

/** How soon a chore may begin again that is done to its end once it has begun, so that it takes a share of one CPU. */
export class Pace {
  readonly #share: number;
  readonly #clocks: Clocks;
  #dueAt = Number.NEGATIVE_INFINITY;
  #spentMsec = 0;

  /** @param share of one CPU, 0.01 is one hundredth */
  constructor(share: number, clocks: Clocks = realClocks) {
    this.#share = share;
    this.#clocks = clocks;
  }

  get isDue(): boolean {
    return this.#clocks.now() >= this.#dueAt;
  }

  /** A part of it. @returns what the part returns */
  spend<T>(part: () => T): T {
    const begin = this.#clocks.cpu();
    try {
      return part();
    } finally {
      this.#spentMsec += this.#clocks.cpu() - begin;
    }
  }

  /** It is done. */
  end(): void {
    this.#dueAt = this.#clocks.now() + this.#spentMsec * (1 / this.#share - 1);
    this.#spentMsec = 0;
  }
}

/** A share of one CPU that a recurring chore may take, whatever there is to do. */
export class Budget {
  readonly #share: number;
  readonly #mostMsec: number;
  readonly #clocks: Clocks;
  #leftMsec: number;
  #countedAt: number;

  /** @param share of one CPU, 0.01 is one hundredth @param mostMsec at a time, so that nobody waits longer */
  constructor(share: number, mostMsec: number, clocks: Clocks = realClocks) {
    this.#share = share;
    this.#mostMsec = mostMsec;
    this.#clocks = clocks;
    this.#leftMsec = mostMsec;
    this.#countedAt = clocks.now();
  }

  /** Calls until a step answers that nothing is left to do, or what may be spent now is spent. */
  spend(step: () => boolean): void {
    const now = this.#clocks.now();
    this.#leftMsec = Math.min(this.#mostMsec, this.#leftMsec + (now - this.#countedAt) * this.#share);
    this.#countedAt = now;
    const begin = this.#clocks.cpu();
    let spent = 0;
    for (let more = true; more && spent < this.#leftMsec; spent = this.#clocks.cpu() - begin) more = step();
    // May become negative by the last step: what was spent too much is saved later.
    this.#leftMsec -= spent;
  }
}
