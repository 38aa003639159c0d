/** A share of one CPU that a recurring chore may take, whatever there is to do. */
export class Budget {
  readonly #share: number;
  readonly #most: number;
  #leftMsec: number;
  #countedAt = performance.now();

  /** @param share of one CPU, 0.01 is one hundredth @param mostMsec at a time, so that nobody waits longer */
  constructor(share: number, mostMsec: number) {
    this.#share = share;
    this.#most = mostMsec;
    this.#leftMsec = mostMsec;
  }

  /** Calls until there is nothing more to do (false) or what may be spent now is spent. @returns whether all was done */
  spend(step: () => boolean): boolean {
    const begin = performance.now();
    this.#leftMsec = Math.min(this.#most, this.#leftMsec + (begin - this.#countedAt) * this.#share);
    this.#countedAt = begin;
    let done = false;
    let now = begin;
    while (now - begin < this.#leftMsec) {
      done = !step();
      now = performance.now();
      if (done) break;
    }
    // May become negative by the last step: what was spent too much is saved later.
    this.#leftMsec -= now - begin;
    this.#countedAt = now;
    return done;
  }
}
