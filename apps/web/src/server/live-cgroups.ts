import type { Caller, CgroupChange, CgroupGaps, CgroupTree } from '@bulkhead/api';
import type { CgroupNode } from '@bulkhead/model';
import type { Logger } from 'pino';
import type { AgentClient } from './agent-client.ts';
import { Broadcast } from './queue.ts';
import { Upstream } from './upstream.ts';

/** A round of use is only worth its moment: whoever is this many behind gets the whole anew. */
const waitingChanges = 5;
/** The agent is listened to a little longer than the last tab: a page that is loaded anew finds everything there. */
const lingerMsec = 10_000;

const own: Caller = { subject: { kind: 'service', id: 'web', name: 'dashboard' }, role: 'administrator', tenants: 'all' };

/** The cgroup tree of one host as long as somebody looks at it: one subscription at the agent, however many tabs are open. */
export class LiveCgroups {
  readonly #agent: AgentClient;
  readonly #log: Logger;
  readonly #nodes = new Map<string, CgroupNode>();
  readonly #changes = new Broadcast<CgroupChange | 'resync'>(waitingChanges, () => ['resync']);
  #gaps: CgroupGaps | undefined;
  #at = '';
  #upstream: Upstream<CgroupChange> | undefined;
  #lingering: NodeJS.Timeout | undefined;
  #watchers = 0;

  constructor(agent: AgentClient, log: Logger) {
    this.#agent = agent;
    this.#log = log;
  }

  close(): void {
    clearTimeout(this.#lingering);
    this.#upstream?.close();
    this.#upstream = undefined;
    this.#nodes.clear();
    this.#gaps = undefined;
  }

  #listen(): void {
    clearTimeout(this.#lingering);
    this.#upstream ??= new Upstream<CgroupChange>({
      topic: 'cgroup.watch',
      log: this.#log,
      subscribe: (handlers) => this.#agent.cgroup.watch.subscribe({}, { ...handlers, context: { caller: own } }),
      onItem: (change) => this.#take(change),
      onReachable: () => undefined,
    });
  }

  #take(change: CgroupChange): void {
    this.#at = change.at;
    this.#gaps = change.gaps;
    if (change.type === 'snapshot') this.#nodes.clear();
    else for (const path of change.removed) this.#nodes.delete(path);
    for (const node of change.cgroups) this.#nodes.set(node.path, node);
    if (change.type === 'changed')
      for (const { path, use } of change.use) {
        const node = this.#nodes.get(path);
        if (node !== undefined) this.#nodes.set(path, { ...node, use });
      }
    this.#changes.publish(change.type === 'snapshot' ? 'resync' : change);
  }

  #snapshot(gaps: CgroupGaps): CgroupChange {
    // Sorted by path, parents stand before their children.
    const tree: CgroupTree = {
      at: this.#at,
      cgroups: [...this.#nodes.values()].sort((left, right) => (left.path < right.path ? -1 : 1)),
      gaps,
    };
    return { type: 'snapshot', ...tree };
  }

  /** First the whole tree, then what changed each second, and the whole again after anything was missed. */
  async *watch(signal: AbortSignal): AsyncGenerator<CgroupChange> {
    this.#watchers += 1;
    this.#listen();
    try {
      for await (const change of this.#changes.subscribe(signal, this.#gaps === undefined ? [] : ['resync'])) {
        if (change !== 'resync') yield change;
        else if (this.#gaps !== undefined) yield this.#snapshot(this.#gaps);
      }
    } finally {
      this.#watchers -= 1;
      if (this.#watchers === 0) this.#lingering = setTimeout(() => this.close(), lingerMsec);
    }
  }
}
