import type { agentContract, NamespaceChange, NamespaceScope } from '@bulkhead/api';
import type { HandlersOf } from '@bulkhead/api/router';
import type { NamespaceInventory, NamespaceKey } from '@bulkhead/model';
import { NamespaceTracker, type OwnInstance } from '@bulkhead/namespace';
import { explain, type Log } from '../log.ts';
import { Broadcast } from '../stream/broadcast.ts';

type Inspected = Awaited<ReturnType<HandlersOf<typeof agentContract>['namespace']['inspect']>>;

/** After this many changes a client has not taken, it is sent the whole again. */
const waitingChanges = 256;

export interface NamespaceViewOptions {
  own: OwnInstance;
  /** What a container of this instance is called, where that is known yet. */
  containerName(id: string): string | undefined;
  log: Log;
}

/** The host's namespaces for those who ask: what the tracker knows, and what changes of it as it changes. */
export class NamespaceView implements Disposable {
  readonly #live = new Broadcast<NamespaceChange>(waitingChanges);
  readonly #tracker: NamespaceTracker;
  readonly #ready: Promise<void>;

  constructor({ own, containerName, log }: NamespaceViewOptions) {
    this.#tracker = new NamespaceTracker({
      own,
      containerName,
      onDeaf: (failure) => log.warn({ error: explain(failure) }, 'the kernel does not tell of changes of namespaces: they are looked for'),
      onChange: (changes, unreadable) => {
        if (this.#live.subscribers > 0) this.#live.publish({ type: 'changed', at: new Date().toISOString(), ...changes, unreadable });
      },
    });
    this.#ready = this.#tracker.start();
    this.#ready.catch((failure) => log.error({ error: explain(failure) }, 'the namespaces of this host could not be read'));
  }

  async inventory(): Promise<NamespaceInventory> {
    await this.#settle();
    return this.#tracker.show();
  }

  /** @returns undefined where no namespace has the key */
  async inspect(key: NamespaceKey): Promise<Inspected | undefined> {
    await this.#settle();
    return this.#tracker.inspect(key);
  }

  /** Until everything was read once, and what has happened since. */
  async #settle(): Promise<void> {
    await this.#ready;
    await this.#tracker.settle();
  }

  /** First everything in scope, then each change of it; everything again to whoever is too slow. */
  async watch(scope: NamespaceScope, signal: AbortSignal): Promise<AsyncIterable<NamespaceChange>> {
    await this.#settle();
    const snapshot = (): NamespaceChange => ({ type: 'snapshot', ...scope.inventory(this.#tracker.show()) });
    return this.#live.subscribe<NamespaceChange>({
      signal,
      first: [snapshot()],
      select: (change) => scope.change(change),
      overflow: () => [snapshot()],
    });
  }

  [Symbol.dispose](): void {
    this.#tracker[Symbol.dispose]();
    this.#live.close();
  }
}
