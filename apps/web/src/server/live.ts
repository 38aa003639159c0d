import { type Caller, type ContainerChange, type ContainerTrend, type HostReachability, mayTouch } from '@bulkhead/api';
import type { Container, HostEvent, Sample } from '@bulkhead/model';
import type { Logger } from 'pino';
import type { AgentClient } from './agent-client.ts';
import { Broadcast } from './queue.ts';
import { Trend, trendOf, trendStepSeconds, trendSteps } from './trend.ts';
import { Upstream } from './upstream.ts';

export interface SampleRound {
  at: string;
  samples: Sample[];
}

/** CPU is the difference of two rounds; later ones say nothing about now. */
const [roundsForNow, nowMsec] = [2, 5_000];
/** Events kept until the collector has surely stored them. */
const rememberedEvents = 500;
/** After this many changes a browser has not taken, it is sent the whole again. */
const waitingChanges = 1_000;
const waitingEvents = 1_000;
const concurrentBackfills = 4;

const own: Caller = { subject: { kind: 'service', id: 'web', name: 'dashboard' }, role: 'administrator', tenants: 'all' };

/**
 * What one agent says live, held once in this process and handed to every browser that may see it. Each topic is one
 * subscription at the agent, however many tabs are open.
 */
export class LiveHost {
  readonly hostId: string;
  readonly #agent: AgentClient;
  readonly #log: Logger;
  readonly #containers = new Map<string, Container>();
  readonly #trends = new Map<string, { trend: Trend; backfilled: boolean }>();
  readonly #events: HostEvent[] = [];
  /** The last ones: who begins to look knows at once what is used. */
  #rounds: SampleRound[] = [];
  readonly #changes = new Broadcast<ContainerChange | 'resync'>(waitingChanges, () => ['resync']);
  // A round of samples is only worth its moment: whoever is late gets the newest.
  readonly #samples = new Broadcast<SampleRound>(4, (_, item) => [item]);
  readonly #eventFeed = new Broadcast<HostEvent>(waitingEvents, (waiting, item) => [...waiting.slice(1), item]);
  readonly #reachability = new Broadcast<HostReachability>(16, (_, item) => [item]);
  readonly #upstreams: { close(): void }[];
  #known = false;
  #reachable: HostReachability;
  #lastSeenAt: string | undefined;

  constructor(hostId: string, agent: AgentClient, log: Logger) {
    this.hostId = hostId;
    this.#agent = agent;
    this.#log = log;
    this.#reachable = { hostId, reachable: false, since: new Date().toISOString() };
    const context = { caller: own };
    this.#upstreams = [
      new Upstream<ContainerChange>({
        topic: 'container.watch',
        log,
        subscribe: (handlers) => agent.container.watch.subscribe({}, { ...handlers, context }),
        onItem: (change) => this.#onChange(change),
        onReachable: (reachable) => this.#onReachable(reachable),
      }),
      new Upstream<SampleRound>({
        topic: 'container.samples',
        log,
        subscribe: (handlers) => agent.container.samples.subscribe({}, { ...handlers, context }),
        onItem: (round) => this.#onSamples(round),
        onReachable: () => undefined,
      }),
      new Upstream<HostEvent>({
        topic: 'event.watch',
        log,
        subscribe: (handlers) => agent.event.watch.subscribe({}, { ...handlers, context }),
        onItem: (event) => this.#onEvent(event),
        onReachable: () => undefined,
      }),
    ];
  }

  close(): void {
    for (const upstream of this.#upstreams) upstream.close();
  }

  get reachability(): HostReachability {
    return this.#reachable;
  }

  get lastSeenAt(): string | undefined {
    return this.#lastSeenAt;
  }

  #onReachable(reachable: boolean): void {
    if (reachable) this.#lastSeenAt = new Date().toISOString();
    if (reachable === this.#reachable.reachable) return;
    this.#reachable = { hostId: this.hostId, reachable, since: new Date().toISOString() };
    this.#log[reachable ? 'info' : 'warn']({ hostId: this.hostId }, reachable ? 'the agent answers' : 'the agent does not answer');
    this.#reachability.publish(this.#reachable);
  }

  #onChange(change: ContainerChange): void {
    this.#onReachable(true);
    this.#lastSeenAt = new Date().toISOString();
    switch (change.type) {
      case 'snapshot':
        this.#containers.clear();
        for (const container of change.containers) this.#containers.set(container.id, container);
        for (const id of this.#trends.keys()) if (!this.#containers.has(id)) this.#trends.delete(id);
        this.#known = true;
        this.#changes.publish('resync');
        return;
      case 'changed':
        this.#containers.set(change.container.id, change.container);
        break;
      case 'removed':
        this.#containers.delete(change.id);
        this.#trends.delete(change.id);
        break;
    }
    this.#changes.publish(change);
  }

  #onSamples(round: SampleRound): void {
    this.#lastSeenAt = round.at;
    for (const sample of round.samples) {
      let entry = this.#trends.get(sample.containerId);
      if (entry === undefined) {
        entry = { trend: new Trend(), backfilled: false };
        this.#trends.set(sample.containerId, entry);
      }
      entry.trend.add(sample);
    }
    this.#rounds = [...this.#rounds, round].slice(-roundsForNow);
    this.#samples.publish(round);
  }

  #onEvent(event: HostEvent): void {
    this.#events.push(event);
    if (this.#events.length > rememberedEvents) this.#events.shift();
    this.#eventFeed.publish(event);
  }

  /** Containers a caller may see: first all of them, then each change, and all again after anything was missed. */
  async *watchContainers(caller: Caller, tenantId: string | undefined, signal: AbortSignal): AsyncGenerator<ContainerChange> {
    const visible = (of: { tenantId: string }) => mayTouch(caller, of.tenantId) && (tenantId === undefined || of.tenantId === tenantId);
    for await (const change of this.#changes.subscribe(signal, this.#known ? ['resync'] : [])) {
      if (change === 'resync') yield { type: 'snapshot', containers: [...this.#containers.values()].filter(visible) };
      else if (change.type === 'changed' ? visible(change.container) : change.type === 'removed' && visible(change)) yield change;
    }
  }

  async *watchSamples(caller: Caller, signal: AbortSignal): AsyncGenerator<SampleRound> {
    const since = Date.now() - nowMsec;
    const first = this.#rounds.filter(({ at }) => Date.parse(at) >= since);
    for await (const round of this.#samples.subscribe(signal, first))
      yield { at: round.at, samples: round.samples.filter((sample) => mayTouch(caller, sample.tenantId)) };
  }

  async *watchEvents(caller: Caller, signal: AbortSignal): AsyncGenerator<HostEvent> {
    for await (const event of this.#eventFeed.subscribe(signal)) if (maySee(caller, event)) yield event;
  }

  async *watchReachability(signal: AbortSignal): AsyncGenerator<HostReachability[]> {
    for await (const state of this.#reachability.subscribe(signal, [this.#reachable])) yield [state];
  }

  /** Events that may not have reached the database yet, newest first. */
  recentEvents(caller: Caller): HostEvent[] {
    return this.#events.filter((event) => maySee(caller, event)).toReversed();
  }

  containersOf(caller: Caller): Container[] {
    return [...this.#containers.values()].filter((container) => mayTouch(caller, container.tenantId));
  }

  /** Sparklines of those among `ids` that the caller may see. */
  async trends(caller: Caller, ids: readonly string[]): Promise<ContainerTrend[]> {
    const wanted = ids.filter((id) => {
      const container = this.#containers.get(id);
      return container !== undefined && mayTouch(caller, container.tenantId);
    });
    const pending = wanted.values();
    await Promise.all(
      Array.from({ length: concurrentBackfills }, async () => {
        for (const id of pending) await this.#backfill(id);
      }),
    );
    const nowMsec = Date.now();
    return wanted.map((id) => (this.#trends.get(id)?.trend ?? new Trend()).view(id, nowMsec));
  }

  /** What was sampled before this process listened is the agent's to tell, once for each container. */
  async #backfill(id: string): Promise<void> {
    const container = this.#containers.get(id);
    const entry = this.#trends.get(id);
    if (container === undefined || entry?.backfilled) return;
    const sinceMsec = entry?.trend.firstAtMsec ?? Date.now();
    const wholeMsec = Date.now() - trendSteps * trendStepSeconds * 1000;
    if (sinceMsec <= wholeMsec || Date.parse(container.startedAt ?? container.createdAt) >= sinceMsec - 2_000) {
      if (entry !== undefined) entry.backfilled = true;
      return;
    }
    try {
      const recent = await this.#agent.container.recent.query({ container: id }, { context: { caller: own } });
      this.#trends.set(id, { trend: trendOf(recent), backfilled: true });
    } catch (failure) {
      this.#log.warn({ containerId: id, err: String(failure) }, 'the samples of the last 15 minutes could not be had from the agent');
    }
  }
}

/** An event without a tenant is the host's. */
export function maySee(caller: Caller, event: Pick<HostEvent, 'tenantId'>): boolean {
  return event.tenantId === undefined ? caller.tenants === 'all' : mayTouch(caller, event.tenantId);
}
