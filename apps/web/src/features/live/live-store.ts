import type { ContainerChange, HostReachability } from '@bulkhead/api';
import type { Container, HostEvent, Reading, Sample } from '@bulkhead/model';

/** What a container uses now, from its last two samples. An absent field was not measured. */
export interface Use {
  atMsec: number;
  cpuMillis?: number;
  memoryBytes?: number;
  pids?: number;
}

export interface SampleRound {
  at: string;
  samples: Sample[];
}

export type Connection = 'connecting' | 'open' | 'lost';
export type Topic = 'containers' | 'use' | 'connection';

/** A counter read longer ago than this says nothing about now. */
const staleMsec = 5_000;
/** Rows of deleted containers stay this long, dimmed, so that an end is seen. */
export const leavingMsec = 4_000;

interface LastReading {
  atMsec: number;
  reading: Reading;
}

/** Mean use between two readings; undefined where they cannot be compared. */
export function meanUse(before: LastReading | undefined, now: LastReading): Use {
  const use: Use = { atMsec: now.atMsec };
  const { cpuUsageUsec, memoryCurrentBytes, pidsCurrent } = now.reading;
  if (memoryCurrentBytes !== undefined) use.memoryBytes = Number(memoryCurrentBytes);
  if (pidsCurrent !== undefined) use.pids = Number(pidsCurrent);
  const earlier = before?.reading.cpuUsageUsec;
  if (before !== undefined && earlier !== undefined && cpuUsageUsec !== undefined) {
    const elapsedMsec = now.atMsec - before.atMsec;
    const usedUsec = Number(BigInt(cpuUsageUsec) - BigInt(earlier));
    if (elapsedMsec > 0 && elapsedMsec <= staleMsec && usedUsec >= 0) use.cpuMillis = usedUsec / elapsedMsec;
  }
  return use;
}

/** What is live in this tab, outside React: components read the part they show and are told when it changes. */
export class LiveStore {
  #containers: ReadonlyMap<string, Container> = new Map();
  #leaving: ReadonlyMap<string, Container> = new Map();
  #known = false;
  #reachability: HostReachability | undefined;
  #connection: Connection = 'connecting';
  readonly #uses = new Map<string, Use>();
  readonly #last = new Map<string, LastReading>();
  readonly #arrived = new Set<string>();
  readonly #listeners: Record<Topic, Set<() => void>> = { containers: new Set(), use: new Set(), connection: new Set() };
  readonly #rounds = new Set<(round: SampleRound) => void>();
  readonly #events = new Set<(event: HostEvent) => void>();

  /** Undefined until the first snapshot: nothing is known yet, which is not the same as nothing there. */
  get containers(): ReadonlyMap<string, Container> | undefined {
    return this.#known ? this.#containers : undefined;
  }
  get leaving(): ReadonlyMap<string, Container> {
    return this.#leaving;
  }
  get reachability(): HostReachability | undefined {
    return this.#reachability;
  }
  get connection(): Connection {
    return this.#connection;
  }
  latestUse(id: string): Use | undefined {
    return this.#uses.get(id);
  }
  /** True where it came while this page was open. */
  hasArrived(id: string): boolean {
    return this.#arrived.has(id);
  }

  readonly subscribe = (topic: Topic) => (listener: () => void) => {
    this.#listeners[topic].add(listener);
    return () => this.#listeners[topic].delete(listener);
  };
  onRound(listener: (round: SampleRound) => void): () => void {
    this.#rounds.add(listener);
    return () => this.#rounds.delete(listener);
  }
  onEvent(listener: (event: HostEvent) => void): () => void {
    this.#events.add(listener);
    return () => this.#events.delete(listener);
  }

  applyChange(change: ContainerChange): void {
    switch (change.type) {
      case 'snapshot':
        if (this.#known) for (const { id } of change.containers) if (!this.#containers.has(id)) this.#arrived.add(id);
        this.#containers = new Map(change.containers.map((container) => [container.id, container]));
        this.#known = true;
        break;
      case 'changed': {
        const { container } = change;
        if (!this.#containers.has(container.id)) this.#arrived.add(container.id);
        this.#containers = new Map(this.#containers).set(container.id, container);
        if (container.status === 'stopped') this.#forgetUse(container.id);
        break;
      }
      case 'removed': {
        const gone = this.#containers.get(change.id);
        const left = new Map(this.#containers);
        left.delete(change.id);
        this.#containers = left;
        this.#forgetUse(change.id);
        this.#arrived.delete(change.id);
        if (gone !== undefined) {
          this.#leaving = new Map(this.#leaving).set(gone.id, gone);
          setTimeout(() => {
            const remaining = new Map(this.#leaving);
            remaining.delete(gone.id);
            this.#leaving = remaining;
            this.#tell('containers');
          }, leavingMsec);
        }
        break;
      }
    }
    this.#tell('containers');
  }

  applyRound(round: SampleRound): void {
    for (const sample of round.samples) {
      const now = { atMsec: Date.parse(sample.at), reading: sample.reading };
      this.#uses.set(sample.containerId, meanUse(this.#last.get(sample.containerId), now));
      this.#last.set(sample.containerId, now);
    }
    for (const listener of this.#rounds) listener(round);
    this.#tell('use');
  }

  applyEvent(event: HostEvent): void {
    for (const listener of this.#events) listener(event);
  }

  applyReachability(states: readonly HostReachability[]): void {
    this.#reachability = states[0];
    // What is used now is not known while nobody tells.
    if (this.#reachability?.reachable === false) this.#forgetUses();
    this.#tell('connection');
  }

  applyConnection(connection: Connection): void {
    if (connection === this.#connection) return;
    this.#connection = connection;
    if (connection === 'lost') this.#forgetUses();
    this.#tell('connection');
  }

  #forgetUse(id: string): void {
    this.#uses.delete(id);
    this.#last.delete(id);
  }

  #forgetUses(): void {
    this.#uses.clear();
    this.#last.clear();
    this.#tell('use');
  }

  #tell(topic: Topic): void {
    for (const listener of this.#listeners[topic]) listener();
  }
}
