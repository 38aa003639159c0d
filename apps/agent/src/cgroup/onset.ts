/** A share that counts from `on` upwards and is over below `off`, each for some seconds. */
export interface OnsetBounds {
  on: number;
  off: number;
  /** So long it must last before it is told. */
  onSeconds: number;
  /** So long it must be over before it can be told again. */
  offSeconds: number;
}

/** When something that goes up and down begins: told once, until it was over for a while. */
export class Onset {
  readonly #bounds: OnsetBounds;
  #seconds = 0;
  #isOn = false;

  constructor(bounds: OnsetBounds) {
    this.#bounds = bounds;
  }

  /** Takes the share of one more second; one that was not measured changes nothing. @returns true where it begins */
  take(share: number): boolean {
    if (Number.isNaN(share)) return false;
    const { on, off, onSeconds, offSeconds } = this.#bounds;
    const goesOn = this.#isOn ? share < off : share >= on;
    this.#seconds = goesOn ? this.#seconds + 1 : 0;
    if (this.#seconds < (this.#isOn ? offSeconds : onSeconds)) return false;
    this.#seconds = 0;
    this.#isOn = !this.#isOn;
    return this.#isOn;
  }
}
