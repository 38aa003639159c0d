import type { ContainerChange } from '@bulkhead/api';
import type { ContainerRuntime, RuntimeChange } from '@bulkhead/container';
import type { Container, ContainerId, ExitStatus, HostEvent } from '@bulkhead/model';
import type { EventLog } from '../event/event-log.ts';
import type { Journal } from '../journal/journal.ts';
import type { Sampler } from '../sampler/sampler.ts';
import { Broadcast } from '../stream/broadcast.ts';

/** Changes that wait for a slow client; then it is told everything anew instead. */
const waitingChanges = 1000;

export type LiveChange = Exclude<ContainerChange, { type: 'snapshot' }>;

const detailOf = (status: ExitStatus): HostEvent['detail'] => {
  switch (status.kind) {
    case 'exited':
      return { code: status.code };
    case 'signaled':
      return { signal: status.signal, coreDumped: status.coreDumped };
    case 'unknown':
      return { unknown: status.reason };
  }
};

/** What the runtime tells of its containers, passed on: to the sampler, the journal, the events and whoever watches. */
export class ContainerHistory {
  readonly live = new Broadcast<{ change: LiveChange; container: Container }>(waitingChanges);
  readonly #journal: Pick<Journal, 'note' | 'knownContainers'>;
  readonly #events: EventLog;
  readonly #sampler: Pick<Sampler, 'note' | 'forget' | 'keepOnly'>;
  /** Containers that the journal's reader knows of. */
  readonly #known: Map<ContainerId, Container>;
  readonly #ended: (container: Container) => boolean;
  readonly #forgotten: (container: Container) => void;
  readonly #deleting = new Set<ContainerId>();
  launcherLost = false;

  /** @param parts.ended tells what is new of a container that has ended; true where an OOM kill in it was ever told */
  constructor(parts: {
    ended(container: Container): boolean;
    forgotten(container: Container): void;
    journal: Pick<Journal, 'note' | 'knownContainers'>;
    events: EventLog;
    sampler: Pick<Sampler, 'note' | 'forget' | 'keepOnly'>;
  }) {
    this.#ended = parts.ended;
    this.#forgotten = parts.forgotten;
    this.#journal = parts.journal;
    this.#events = parts.events;
    this.#sampler = parts.sampler;
    this.#known = new Map(parts.journal.knownContainers().map((container) => [container.id, container]));
  }

  /** After recovery: what changed while nobody looked, and what is gone since, after a reboot for example. */
  reconcile(runtime: Pick<ContainerRuntime, 'list'>): void {
    const containers = runtime.list();
    const ids = new Set(containers.map(({ id }) => id));
    for (const container of containers) {
      this.#sampler.note(container);
      const before = this.#known.get(container.id);
      if (JSON.stringify(before) === JSON.stringify(container)) continue;
      this.#write(container);
      if (before !== undefined && before.status !== 'stopped' && container.status === 'stopped') this.#tellExit(container);
    }
    for (const container of [...this.#known.values()]) if (!ids.has(container.id)) this.#writeRemoved(container, { unobserved: true });
    this.#sampler.keepOnly(ids);
  }

  observe(change: RuntimeChange): void {
    switch (change.type) {
      case 'changed': {
        const { container, previous } = change;
        this.#sampler.note(container);
        // Until it is made it may still be undone, and then it never was.
        if (container.status !== 'creating') this.#write(container);
        this.live.publish({ change: { type: 'changed', container }, container });
        if (container.status === 'stopped' && previous !== 'stopped') this.#tellExit(container);
        break;
      }
      case 'removed': {
        const { container } = change;
        this.#sampler.forget(container.id);
        if (this.#known.has(container.id)) this.#writeRemoved(container);
        this.live.publish({ change: { type: 'removed', id: container.id, tenantId: container.tenantId }, container });
        break;
      }
      case 'exec-exited':
        void this.#events.record('container.exec-exited', {
          container: change.container,
          detail: { execId: change.execId, ...detailOf(change.exitStatus) },
        });
        break;
      case 'launcher-lost':
        this.launcherLost = true;
        void this.#events.record('launcher.lost');
        break;
      case 'launcher-back':
        this.launcherLost = false;
        break;
    }
  }

  /** Runs a deletion that somebody asked for: its event is theirs to write, with name and transcript. */
  async deleting<T>(id: ContainerId, run: () => Promise<T>): Promise<T> {
    this.#deleting.add(id);
    try {
      return await run();
    } finally {
      this.#deleting.delete(id);
    }
  }

  #tellExit(container: Container): void {
    if (container.exitStatus === undefined) return;
    // Kills are told as they happen; one that could not be seen any more is told by its trace.
    const isTold = this.#ended(container);
    if (container.oomKilled === true && !isTold) void this.#events.record('container.oom-killed', { container });
    void this.#events.record('container.exited', { container, detail: detailOf(container.exitStatus) });
  }

  #write(container: Container): void {
    this.#known.set(container.id, container);
    void this.#journal.note([{ kind: 'container', container, deleted: false }]).catch(() => undefined);
  }

  #writeRemoved(container: Container, detail: HostEvent['detail'] = {}): void {
    this.#known.delete(container.id);
    this.#forgotten(container);
    void this.#journal.note([{ kind: 'container', container, deleted: true }]).catch(() => undefined);
    if (!this.#deleting.has(container.id)) void this.#events.record('container.deleted', { container, detail });
  }
}
