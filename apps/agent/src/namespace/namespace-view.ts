import type { agentContract, NamespaceChange, NamespaceScope } from '@bulkhead/api';
import type { HandlersOf } from '@bulkhead/api/router';
import type { Maker, Namespace, NamespaceInventory, NamespaceKey, Workload } from '@bulkhead/model';
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
  /** The same with what people call it, where it is a container of another runtime. */
  named(maker: Maker): Maker;
  log: Log;
}

/** It goes on for so long after the last look, so that a page changed or a command repeated finds it current. */
const lingerMsec = 30_000;

/**
 * The host's namespaces for those who ask: what a tracker knows, and what changes of it as it changes. It runs while
 * somebody looks, for nothing of it is stored: a host that nobody looks at pays nothing.
 */
export class NamespaceView implements Disposable {
  readonly #live = new Broadcast<NamespaceChange>(waitingChanges);
  readonly #options: NamespaceViewOptions;
  /** When each was first seen, also by the trackers before this one. */
  #firstSeenAt = new Map<NamespaceKey, string>();
  #current: { tracker: NamespaceTracker; ready: Promise<void> } | undefined;
  #looking = 0;
  #lingering: NodeJS.Timeout | undefined;

  constructor(options: NamespaceViewOptions) {
    this.#options = options;
  }

  #start(): { tracker: NamespaceTracker; ready: Promise<void> } {
    const { own, containerName, log } = this.#options;
    const tracker = new NamespaceTracker({
      own,
      containerName,
      onDeaf: (failure) => log.warn({ error: explain(failure) }, 'the kernel does not tell of changes of namespaces: they are looked for'),
      onChange: (changes, unreadable) => {
        if (this.#live.subscribers === 0) return;
        const told = { namespaces: changes.namespaces.map(this.#told), workloads: changes.workloads.map(this.#named) };
        this.#live.publish({ type: 'changed', at: new Date().toISOString(), ...changes, ...told, unreadable });
      },
    });
    const ready = tracker.start();
    ready.catch((failure) => log.error({ error: explain(failure) }, 'the namespaces of this host could not be read'));
    return { tracker, ready };
  }

  /** Somebody looks until this is disposed. */
  #look(): { current: { tracker: NamespaceTracker; ready: Promise<void> } } & Disposable {
    clearTimeout(this.#lingering);
    this.#looking += 1;
    this.#current ??= this.#start();
    return {
      current: this.#current,
      [Symbol.dispose]: () => {
        this.#looking -= 1;
        if (this.#looking > 0) return;
        clearTimeout(this.#lingering);
        this.#lingering = setTimeout(() => this.#end(), lingerMsec);
        this.#lingering.unref();
      },
    };
  }

  readonly #named = <T extends Namespace | Workload>(of: T): T => ({ ...of, maker: this.#options.named(of.maker) });

  /** As first seen by any tracker, not only this one, and with the name of whose it is. */
  readonly #told = (namespace: Namespace): Namespace => {
    const firstSeenAt = this.#firstSeenAt.get(namespace.key);
    return this.#named(firstSeenAt === undefined ? namespace : { ...namespace, firstSeenAt });
  };

  #show(tracker: NamespaceTracker): NamespaceInventory {
    const inventory = tracker.show();
    return { ...inventory, namespaces: inventory.namespaces.map(this.#told), workloads: inventory.workloads.map(this.#named) };
  }

  #end(): void {
    if (this.#current === undefined) return;
    const { namespaces } = this.#show(this.#current.tracker);
    this.#firstSeenAt = new Map(namespaces.map(({ key, firstSeenAt }) => [key, firstSeenAt]));
    this.#current.tracker[Symbol.dispose]();
    this.#current = undefined;
  }

  async inventory(): Promise<NamespaceInventory> {
    using looking = this.#look();
    return this.#show(await settled(looking.current));
  }

  /** @returns undefined where no namespace has the key */
  async inspect(key: NamespaceKey): Promise<Inspected | undefined> {
    using looking = this.#look();
    const found = (await settled(looking.current)).inspect(key);
    return found === undefined
      ? undefined
      : { ...found, namespace: this.#told(found.namespace), workloads: found.workloads.map(this.#named) };
  }

  /** First everything in scope, then each change of it; everything again to whoever is too slow. */
  async *watch(scope: NamespaceScope, signal: AbortSignal): AsyncGenerator<NamespaceChange> {
    using looking = this.#look();
    const tracker = await settled(looking.current);
    const snapshot = (): NamespaceChange => ({ type: 'snapshot', ...scope.inventory(this.#show(tracker)) });
    yield* this.#live.subscribe<NamespaceChange>({
      signal,
      first: [snapshot()],
      select: (change) => scope.change(change),
      overflow: () => [snapshot()],
    });
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#lingering);
    this.#current?.tracker[Symbol.dispose]();
    this.#current = undefined;
    this.#live.close();
  }
}

/** The tracker once everything was read, and what has happened since. */
async function settled({ tracker, ready }: { tracker: NamespaceTracker; ready: Promise<void> }): Promise<NamespaceTracker> {
  await ready;
  await tracker.settle();
  return tracker;
}
