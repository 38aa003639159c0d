import { Problem } from '@bulkhead/model';
import { LaunchError, LauncherClient, type LauncherExit } from '../launcher/client.ts';
import type { ProcessState } from '../launcher/protocol.ts';
import type { Renewal } from '../launcher/renewal.ts';

/** Times between tries to reach a launcher that went away. */
const firstRetryMsec = 50;
const lastRetryMsec = 2000;

export interface ConnectionEvents {
  /** A launcher answered: these are its processes. Resolves once they are taken up; only then others may ask. */
  connected(client: LauncherClient, processes: ProcessState[]): Promise<void>;
  exited(exit: LauncherExit): void;
  lost(): void;
  /** The launcher became another program: what it had made ahead of need is gone. */
  renewed(): void;
}

/** The way to the launcher, kept: found again by itself whenever it went away. */
export class LauncherConnection implements Disposable {
  readonly #path: string;
  readonly #events: ConnectionEvents;
  readonly #renewal: Renewal | undefined;
  #client: LauncherClient | undefined;
  #closed = false;
  #retry: NodeJS.Timeout | undefined;
  #nextRenewal: NodeJS.Timeout | undefined;

  /** @param renewal sees to it that the launcher is of our build; absent: any is taken as it is */
  constructor(path: string, events: ConnectionEvents, renewal?: Renewal) {
    this.#path = path;
    this.#events = events;
    this.#renewal = renewal;
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
    const client = LauncherClient.open(
      this.#path,
      (exit) => this.#events.exited(exit),
      () => this.#lost(),
    );
    try {
      const found = await client.hello().catch((failure: unknown) => {
        if (failure instanceof LaunchError) return failure;
        throw failure;
      });
      // Before anybody may ask for anything: nothing is under way that it could disturb.
      const hello = (await this.#renewal?.renew(client, found)) ?? found;
      if (hello instanceof Error) throw hello;
      await this.#events.connected(client, hello.processes);
    } catch (failure) {
      client[Symbol.dispose]();
      throw failure;
    }
    if (client.lost) return;
    this.#client = client;
    this.#renewLater();
  }

  /** Another try to bring it to our build, after the last one failed. */
  #renewLater(): void {
    clearTimeout(this.#nextRenewal);
    const waitMsec = this.#renewal?.waitMsec;
    if (waitMsec === undefined) return;
    this.#nextRenewal = setTimeout(() => void this.#renewNow().catch(() => undefined), waitMsec + 1);
    this.#nextRenewal.unref();
  }

  async #renewNow(): Promise<void> {
    const client = this.#client;
    if (client === undefined || this.#renewal === undefined) return;
    const renewed = await this.#renewal.renew(client, await client.hello());
    if (renewed !== undefined) {
      this.#events.renewed();
      await this.#events.connected(client, renewed.processes);
    }
    this.#renewLater();
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
    clearTimeout(this.#nextRenewal);
    this.#client?.[Symbol.dispose]();
    this.#client = undefined;
  }
}
