import { type CountKind, countKindNames } from './count-kinds.ts';

/** A look at a count that is due. */
interface Look {
  readonly path: string;
  readonly kind: CountKind;
  dueMsec: number;
  /** Looks since the kernel last said something that found nothing. */
  tries: number;
  /** The least time between two looks: it grows while each finds something. */
  pauseMsec: number;
  lookedMsec: number;
  isPlanned: boolean;
}

/** The kernel says that it is about to kill; the count follows when it has. Afterwards the look of each second finds it. */
const triesMsec = [2, 10, 40, 150, 600] as const;
const firstPauseMsec = 20;
/** Of a storm so many looks a second are enough. */
const longestPauseMsec = 1000;
/** A storm is over after this long. */
const calmMsec = 3000;
/** What was not looked at for so long is forgotten. */
const keptMsec = 30_000;

/**
 * When counts are looked at after the kernel said something: at once, again a few times where nothing is found yet, and in
 * a storm the seldomer the longer it goes on.
 */
export class LookPlan implements Disposable {
  /** Looks at a count and tells what is new. @returns how many */
  readonly #look: (path: string, kind: CountKind) => number;
  readonly #looks = new Map<string, Look>();
  #timer: NodeJS.Timeout | undefined;
  #timerDueMsec = Number.POSITIVE_INFINITY;

  constructor(look: (path: string, kind: CountKind) => number) {
    this.#look = look;
  }

  /** The kernel said something of a group. */
  soon(path: string, kind: CountKind): void {
    const key = `${kind} ${path}`;
    let look = this.#looks.get(key);
    if (look === undefined) {
      look = { path, kind, dueMsec: 0, tries: 0, pauseMsec: firstPauseMsec, lookedMsec: Number.NEGATIVE_INFINITY, isPlanned: false };
      this.#looks.set(key, look);
    }
    look.tries = 0;
    if (look.isPlanned) return;
    look.isPlanned = true;
    look.dueMsec = Math.max(performance.now() + triesMsec[0], look.lookedMsec + look.pauseMsec);
    this.#plan(look.dueMsec);
  }

  #plan(dueMsec: number): void {
    if (dueMsec >= this.#timerDueMsec) return;
    clearTimeout(this.#timer);
    this.#timerDueMsec = dueMsec;
    this.#timer = setTimeout(() => this.#takeDue(), Math.max(0, dueMsec - performance.now()));
  }

  #takeDue(): void {
    this.#timer = undefined;
    this.#timerDueMsec = Number.POSITIVE_INFINITY;
    const nowMsec = performance.now();
    let nextMsec = Number.POSITIVE_INFINITY;
    for (const look of this.#looks.values()) {
      if (!look.isPlanned) continue;
      // A timer may fire a little early.
      if (look.dueMsec <= nowMsec + 0.5) this.#take(look, nowMsec);
      if (look.isPlanned) nextMsec = Math.min(nextMsec, look.dueMsec);
    }
    if (nextMsec < Number.POSITIVE_INFINITY) this.#plan(nextMsec);
  }

  #take(look: Look, nowMsec: number): void {
    look.isPlanned = false;
    if (this.#look(look.path, look.kind) > 0) {
      const isStorm = nowMsec - look.lookedMsec < calmMsec;
      look.pauseMsec = isStorm ? Math.min(look.pauseMsec * 2, longestPauseMsec) : firstPauseMsec;
      look.lookedMsec = nowMsec;
      return;
    }
    look.tries += 1;
    const wait = triesMsec[look.tries];
    if (wait === undefined) return;
    look.isPlanned = true;
    look.dueMsec = nowMsec + wait;
  }

  /** A group is gone. */
  forget(path: string): void {
    for (const kind of countKindNames) this.#looks.delete(`${kind} ${path}`);
  }

  /** Forgets what was not looked at for long. */
  sweep(): void {
    const nowMsec = performance.now();
    for (const [key, { isPlanned, lookedMsec }] of this.#looks) if (!isPlanned && nowMsec - lookedMsec > keptMsec) this.#looks.delete(key);
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#looks.clear();
  }
}
