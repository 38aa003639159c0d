import { boottimeNsec } from '@bulkhead/kernel';

/** A wall clock that moved against the boot clock by more than this was set. */
const steppedMsec = 1000;

/** One moment on both clocks: the boot clock for durations, the wall clock for labels. */
export interface Moment {
  boottimeNsec: bigint;
  wallMsec: number;
}

export const now = (): Moment => ({ boottimeNsec: boottimeNsec(), wallMsec: Date.now() });

/** Notices when the wall clock was set. */
export class ClockWatch {
  #offsetMsec: number | undefined;

  /** @returns by how much the wall clock jumped since the last look, where it did */
  look({ boottimeNsec, wallMsec }: Moment): number | undefined {
    const offsetMsec = wallMsec - Number(boottimeNsec / 1_000_000n);
    const jumped = this.#offsetMsec === undefined ? 0 : offsetMsec - this.#offsetMsec;
    this.#offsetMsec = offsetMsec;
    return Math.abs(jumped) > steppedMsec ? jumped : undefined;
  }
}

/** Calls once a second on the boot clock's whole seconds: a late call does not make the next one later. Seconds that were missed are left out. */
export class SecondTimer implements Disposable {
  readonly #tick: () => void;
  #timer: NodeJS.Timeout | undefined;

  constructor(tick: () => void) {
    this.#tick = tick;
    this.#plan();
  }

  #plan(): void {
    const intoSecondMsec = Number((boottimeNsec() / 1000n) % 1_000_000n) / 1000;
    // A timer may fire a little early; the rest of this second is then too short to be meant.
    const waitMsec = intoSecondMsec > 990 ? 2000 - intoSecondMsec : 1000 - intoSecondMsec;
    this.#timer = setTimeout(() => {
      this.#plan();
      this.#tick();
    }, waitMsec);
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
  }
}
