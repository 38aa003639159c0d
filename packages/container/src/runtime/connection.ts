import { Problem } from '@bulkhead/model';
import { LauncherClient, type LauncherExit } from '../launcher/client.ts';
import type { ProcessState } from '../launcher/protocol.ts';

/** Times between tries to reach a launcher that went away. */
const firstRetryMsec = 50;
const lastRetryMsec = 2000;

export interface ConnectionEvents {
  /** A launcher answered: these are its processes. Resolves once they are taken up; only then others may ask. */
  connected(client: LauncherClient, processes: ProcessState[]): Promise<void>;
  exited(exit: LauncherExit): void;
  lost(): void;
}

/** The way to the launcher, kept: found again by itself whenever it went away. */
export class LauncherConnection implements Disposable {
  readonly #path: string;
  readonly #events: ConnectionEvents;
  #client: LauncherClient | undefined;
  #closed = false;
  #retry: NodeJS.Timeout | undefined;

  constructor(path: string, events: ConnectionEvents) {
    this.#path = path;
    this.#events = events;
  }

  /** @throws Problem 'unavailable' where the launcher is away */
  get client(): LauncherClient {
    if (this.#client === undefined)
      throw new Problem('unavailable', 'the launcher is not there just now', { remedy: 'try again in a second: it is restarted' });
    return this.#client;
  }

  get present(): boolean {
    return this.#client !== undefined;
  }

  async connect(): Promise<void> {
    const { client, hello } = await LauncherClient.connect(
      this.#path,
      (exit) => this.#events.exited(exit),
      () => this.#lost(),
    );
    await this.#events.connected(client, hello.processes);
    if (!client.lost) this.#client = client;
  }

  #lost(): void {
    if (this.#closed) return;
    const had = this.#client !== undefined;
    this.#client = undefined;
    if (had) this.#events.lost();
    this.#reconnect(firstRetryMsec);
  }

  #reconnect(afterMsec: number): void {
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => {
      if (this.#closed || this.#client !== undefined) return;
      this.connect().catch(() => this.#reconnect(Math.min(afterMsec * 2, lastRetryMsec)));
    }, afterMsec);
  }

  [Symbol.dispose](): void {
    this.#closed = true;
    clearTimeout(this.#retry);
    this.#client?.[Symbol.dispose]();
    this.#client = undefined;
  }
}
