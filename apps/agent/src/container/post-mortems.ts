import type { EndFacts } from '@bulkhead/cgroup';
import type {
  Container,
  ContainerId,
  HostEvent,
  HostId,
  LimitChange,
  PostMortem,
  PostMortemRecord,
  Reading,
  Subject,
} from '@bulkhead/model';
import type { Journal } from '../journal/journal.ts';
import { limitChangeOf } from './limit-change.ts';

const mostChanges = 50;
/** Who asked for a container by a name that never came to be is forgotten when there are so many. */
const mostAsked = 1000;

/** What was counted of a container while it lived, beyond its reading. */
export interface Witnessed {
  pidsRefusals?: number | undefined;
  victims: PostMortem['victims'];
}

export interface PostMortemsOptions {
  hostId: HostId;
  journal: Pick<Journal, 'knownPostMortems' | 'knownLimitChanges'>;
  /** Path below the mount points, without a slash before it. */
  cgroupPath(container: { tenantId: string; id: ContainerId }): string;
  /** What the files of its cgroup tell beyond a reading; undefined where it is gone. */
  endFacts(cgroupPath: string): EndFacts | undefined;
  witnessed(cgroupPath: string): Witnessed;
  /** Which version counts here. */
  cgroupVersion: 1 | 2;
}

/** Cards of containers that ended, and what is collected for them beforehand. */
export class PostMortems {
  readonly #options: PostMortemsOptions;
  readonly #cards: Map<ContainerId, PostMortem>;
  readonly #changes: Map<ContainerId, LimitChange[]>;
  readonly #signalled = new Map<ContainerId, NonNullable<PostMortem['signalled']>>();
  /** Who asks for a container, by its name: it may have ended before its creation is told. */
  readonly #asked = new Map<string, Subject>();

  constructor(options: PostMortemsOptions) {
    this.#options = options;
    this.#cards = new Map(options.journal.knownPostMortems().map((card) => [card.containerId, card]));
    this.#changes = options.journal.knownLimitChanges();
  }

  find(id: ContainerId): PostMortem | undefined {
    return this.#cards.get(id);
  }

  /** Somebody is about to have a container made. */
  asked(name: string, subject: Subject): void {
    if (this.#asked.size >= mostAsked) this.#asked.clear();
    this.#asked.set(name, subject);
  }

  /** Somebody is about to end a container by a signal, or may so. */
  signalling(id: ContainerId, subject: Subject, signal: number): void {
    this.#signalled.set(id, { at: new Date().toISOString(), subject, signal });
  }

  /** Takes from an event what a card will want. */
  observe(event: HostEvent): void {
    const change = limitChangeOf(event);
    if (change === undefined || event.containerId === undefined) return;
    const changes = this.#changes.get(event.containerId) ?? [];
    if (changes.length < mostChanges) changes.push(change);
    this.#changes.set(event.containerId, changes);
    if (event.containerName !== undefined) this.#asked.delete(event.containerName);
  }

  #limitChanges(container: Container): LimitChange[] {
    const told = this.#changes.get(container.id);
    if (told !== undefined) return told;
    const subject = this.#asked.get(container.name);
    return [{ at: container.createdAt, ...(subject === undefined ? {} : { subject }), limits: container.limits }];
  }

  /**
   * The card of a container that has ended, to be journalled with its last reading; undefined while it has not, or where
   * one like it was sealed already.
   *
   * @param reading its last; undefined where there is none
   * @param isWhole false where the cgroup was gone before it could be read once more
   */
  seal(container: Container, reading: Reading | undefined, isWhole: boolean): PostMortemRecord | undefined {
    const { id, tenantId, exitStatus, startedAt, finishedAt } = container;
    if (container.status !== 'stopped' || exitStatus === undefined) return undefined;
    const before = this.#cards.get(id);
    const path = this.#options.cgroupPath(container);
    const end = this.#options.endFacts(path);
    const { victims, pidsRefusals: seen } = this.#options.witnessed(path);
    // What was counted in groups that are gone was seen; of what nobody saw, the files tell.
    const pidsRefusals = seen === undefined ? end?.pidsRefusals : Math.max(seen, end?.pidsRefusals ?? 0);
    const signalled = this.#signalled.get(id) ?? before?.signalled;
    const card: PostMortem = {
      containerId: id,
      tenantId,
      sealedAt: new Date().toISOString(),
      exitStatus,
      ...(startedAt === undefined ? {} : { startedAt }),
      ...(finishedAt === undefined ? {} : { finishedAt }),
      cgroupPath: `/${path}`,
      cgroupVersion: this.#options.cgroupVersion,
      isWhole: isWhole && end !== undefined,
      ...(reading === undefined ? {} : { reading }),
      ...(pidsRefusals === undefined ? {} : { pidsRefusals }),
      victims: victims.length === 0 ? (before?.victims ?? []) : victims,
      ...(end?.pressure === undefined ? {} : { pressure: end.pressure }),
      ...(end === undefined ? {} : { limits: end.limits }),
      limitChanges: this.#limitChanges(container),
      ...(signalled === undefined ? {} : { signalled }),
    };
    // What was known when it was whole is not replaced by less.
    if (before !== undefined && (isSame(before, card) || (before.isWhole && !card.isWhole))) return undefined;
    this.#cards.set(id, card);
    return { kind: 'post-mortem', hostId: this.#options.hostId, card };
  }

  /** Nothing of it is left on the host. */
  forget(container: Pick<Container, 'id' | 'name'>): void {
    this.#cards.delete(container.id);
    this.#changes.delete(container.id);
    this.#signalled.delete(container.id);
    this.#asked.delete(container.name);
  }
}

/** Gauges go on moving when nothing runs any more: memory is given back. */
function isSame(before: PostMortem, after: PostMortem): boolean {
  const told = ({ sealedAt: _, reading, pressure: __, ...card }: PostMortem): string => {
    const { memoryCurrentBytes: ___, pidsCurrent: ____, ...counters } = reading ?? {};
    return JSON.stringify({ ...card, counters });
  };
  return told(before) === told(after);
}
