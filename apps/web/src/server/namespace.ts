import { type Caller, type controlContract, type NamespaceChange, NamespaceScope } from '@bulkhead/api';
import type { HandlersOf } from '@bulkhead/api/router';
import type { Namespace, NamespaceInventory, NamespaceWay, Unreadable, Workload } from '@bulkhead/model';
import type { Logger } from 'pino';
import { type AgentClient, problemOf } from './agent-client.ts';
import { Broadcast } from './queue.ts';
import type { Services } from './services.ts';
import { Upstream } from './upstream.ts';

/** After this many changes a browser has not taken, it is sent the whole again. */
const waitingChanges = 256;
/** The agent is listened to for this long after the last browser left: somebody who changes pages comes back. */
const lingerMsec = 30_000;

const own: Caller = { subject: { kind: 'service', id: 'web', name: 'dashboard' }, role: 'administrator', tenants: 'all' };

/**
 * Namespaces of one host, held once in this process while anybody looks, and handed to every browser as far as it may see
 * them. One subscription at the agent, however many tabs are open.
 */
export class LiveNamespaces {
  readonly #agent: AgentClient;
  readonly #log: Logger;
  readonly #namespaces = new Map<string, Namespace>();
  readonly #workloads = new Map<string, Workload>();
  readonly #changes = new Broadcast<NamespaceChange | 'resync'>(waitingChanges, () => ['resync']);
  #upstream: Upstream<NamespaceChange> | undefined;
  #leaving: NodeJS.Timeout | undefined;
  /** Undefined until the agent told everything. */
  #known: { at: string; unreadable: Unreadable; way: NamespaceWay | undefined } | undefined;

  constructor(agent: AgentClient, log: Logger) {
    this.#agent = agent;
    this.#log = log;
  }

  /** First everything in the caller's scope, then each change of it, and everything again after anything was missed. */
  async *watch(caller: Caller, signal: AbortSignal): AsyncGenerator<NamespaceChange> {
    const scope = new NamespaceScope(caller);
    this.#listen();
    try {
      let shown = false;
      for await (const item of this.#changes.subscribe(signal, this.#known === undefined ? [] : ['resync'])) {
        if (item === 'resync') {
          const inventory = this.#inventory();
          if (inventory === undefined) continue;
          shown = true;
          yield { type: 'snapshot', ...scope.inventory(inventory) };
        } else if (shown) {
          const change = scope.change(item);
          if (change !== undefined) yield change;
        }
      }
    } finally {
      this.#leave();
    }
  }

  #inventory(): NamespaceInventory | undefined {
    if (this.#known === undefined) return undefined;
    return { ...this.#known, namespaces: [...this.#namespaces.values()], workloads: [...this.#workloads.values()] };
  }

  #listen(): void {
    clearTimeout(this.#leaving);
    this.#leaving = undefined;
    this.#upstream ??= new Upstream<NamespaceChange>({
      topic: 'namespace.watch',
      log: this.#log,
      subscribe: (handlers) => this.#agent.namespace.watch.subscribe({}, { ...handlers, context: { caller: own } }),
      onItem: (change) => this.#onChange(change),
      onReachable: () => undefined,
    });
  }

  #leave(): void {
    if (this.#changes.consumers > 0 || this.#leaving !== undefined) return;
    this.#leaving = setTimeout(() => {
      this.#leaving = undefined;
      if (this.#changes.consumers > 0) return;
      this.#upstream?.close();
      this.#upstream = undefined;
      this.#known = undefined;
      this.#namespaces.clear();
      this.#workloads.clear();
    }, lingerMsec);
    this.#leaving.unref();
  }

  #onChange(change: NamespaceChange): void {
    const way = change.type === 'snapshot' ? change.way : this.#known?.way;
    this.#known = { at: change.at, unreadable: change.unreadable, way };
    if (change.type === 'snapshot') {
      this.#namespaces.clear();
      this.#workloads.clear();
    } else {
      for (const key of change.removedNamespaces) this.#namespaces.delete(key);
      for (const id of change.removedWorkloads) this.#workloads.delete(id);
    }
    for (const namespace of change.namespaces) this.#namespaces.set(namespace.key, namespace);
    for (const workload of change.workloads) this.#workloads.set(workload.id, workload);
    this.#changes.publish(change.type === 'snapshot' ? 'resync' : change);
  }
}

/** Questions go on to the agent in the caller's name; what is live comes from this process. */
export function namespaceHandlers({ agent, log }: Services): HandlersOf<typeof controlContract>['namespace'] {
  const live = new LiveNamespaces(agent, log);
  const forward = async <T>(answer: Promise<T>): Promise<T> => {
    try {
      return await answer;
    } catch (failure) {
      throw problemOf(failure);
    }
  };
  return {
    list: ({ caller, input, signal }) => forward(agent.namespace.list.query(input, { context: { caller }, signal })),
    inspect: ({ caller, input, signal }) => forward(agent.namespace.inspect.query(input, { context: { caller }, signal })),
    watch: ({ caller, signal }) => live.watch(caller, signal),
  };
}
