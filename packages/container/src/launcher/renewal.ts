import type { Reply } from './protocol.ts';

type Hello = Extract<Reply, { type: 'hello' }>;

/** The launcher's program that the agent ships with. */
export interface LauncherProgram {
  /** What it is made of (readLauncherBuild). */
  build: string;
  program: string;
  /** Node and its options. */
  interpreter: string[];
}

/** What came of asking a launcher to become another program. */
export type RenewalOutcome =
  | { type: 'upgraded'; pid: number; from: string; to: string; processes: number; tookMsec: number }
  | { type: 'failed'; reason: string; againInMsec: number };

/** What the agent asks of a launcher here. */
export interface RenewableLauncher {
  hello(): Promise<Hello>;
  upgrade(program: string, interpreter: string[]): Promise<void>;
}

const firstWaitMsec = 5_000;
const lastWaitMsec = 3_600_000;

/** How long until the next try, after so many failures in a row. */
export const renewalWaitMsec = (failures: number): number => Math.min(firstWaitMsec * 2 ** (failures - 1), lastWaitMsec);

/**
 * Sees to it that the launcher runs the program that the agent ships with: it outlives the agent, so that it may be of
 * any build before. One that cannot be replaced goes on serving, and is asked again after a while that grows.
 */
export class Renewal {
  readonly #wanted: LauncherProgram;
  readonly #tell: (outcome: RenewalOutcome) => void;
  readonly #clock: () => number;
  #failures = 0;
  #notBeforeMsec = 0;
  #trouble: string | undefined;

  /** @param clock milliseconds that only go forward */
  constructor(wanted: LauncherProgram, tell: (outcome: RenewalOutcome) => void, clock = () => performance.now()) {
    this.#wanted = wanted;
    this.#tell = tell;
    this.#clock = clock;
  }

  /** Why the launcher still is of another build; undefined where it is as it should be. */
  get trouble(): string | undefined {
    return this.#trouble;
  }

  /** Milliseconds until it is tried again; undefined where nothing is to be tried. */
  get waitMsec(): number | undefined {
    return this.#trouble === undefined ? undefined : Math.max(0, this.#notBeforeMsec - this.#clock());
  }

  /**
   * Asks the launcher to become the wanted program, where it is another one and the time has come.
   *
   * @param found its greeting, or how it refused to greet: one that speaks otherwise is upgraded all the same
   * @returns its greeting after that; undefined where nothing changed
   */
  async renew(launcher: RenewableLauncher, found: Hello | Error): Promise<Hello | undefined> {
    if (!(found instanceof Error) && found.build === this.#wanted.build) {
      this.#settle();
      return undefined;
    }
    if (this.#clock() < this.#notBeforeMsec) return undefined;
    const startedAt = this.#clock();
    try {
      await launcher.upgrade(this.#wanted.program, this.#wanted.interpreter);
      const hello = await launcher.hello();
      if (hello.build !== this.#wanted.build) throw new Error(`it is of build ${hello.build ?? 'unknown'} afterwards`);
      this.#settle();
      this.#tell({
        type: 'upgraded',
        pid: hello.pid,
        from: found instanceof Error ? 'unknown' : found.program,
        to: hello.program,
        processes: hello.processes.length,
        tookMsec: Math.round(this.#clock() - startedAt),
      });
      return hello;
    } catch (failure) {
      this.#failures += 1;
      const againInMsec = renewalWaitMsec(this.#failures);
      this.#notBeforeMsec = this.#clock() + againInMsec;
      this.#trouble = failure instanceof Error ? failure.message : String(failure);
      this.#tell({ type: 'failed', reason: this.#trouble, againInMsec });
      return undefined;
    }
  }

  #settle(): void {
    this.#failures = 0;
    this.#notBeforeMsec = 0;
    this.#trouble = undefined;
  }
}
