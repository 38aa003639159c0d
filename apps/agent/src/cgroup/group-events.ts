import type { CgroupReason } from '@bulkhead/api';
import {
  type CgroupFacts,
  type CountKind,
  EventMonitor,
  type GroupHappening,
  type Hierarchies,
  type PlacedGroup,
  useColumns,
} from '@bulkhead/cgroup';
import type { Container, ContainerId, EventKind, HostEvent, Maker, OomVictim } from '@bulkhead/model';
import type { EventLog } from '../event/event-log.ts';
import { explain, type Log } from '../log.ts';
import { Coalescer } from './coalescer.ts';
import { type GroupNews, mergeNews, newsOf } from './group-happening.ts';
import { Onset } from './onset.ts';
import type { ToldCounts } from './told-counts.ts';

/** A new container is listened to after this long: while it starts others have the processor. */
const armAfterMsec = 25;
/** Whoever freezes a group through us tells of it, with name and transcript, within this time. */
const verbTellsMsec = 1500;
const mostVictims = 8;
/** Events of groups a second, at most: a host in trouble must not drown in them. */
const mostPerSecond = 50;
const column = (name: (typeof useColumns)[number]): number => useColumns.indexOf(name);
/** A container that is throttled in a quarter of its periods for so long is too tight, and is told of it once. */
const throttledBounds = { on: 0.25, off: 0.05, onSeconds: 5, offSeconds: 30 };
/** Share of ten seconds, where the kernel does not tell by itself. */
const pressureBounds = { on: 0.2, off: 0.05, onSeconds: 3, offSeconds: 60 };
const sampled = [
  { kind: 'cgroup.throttled', column: column('throttled'), bounds: throttledBounds },
  { kind: 'cgroup.cpu-pressure', column: column('cpuSome'), bounds: pressureBounds },
  { kind: 'cgroup.memory-pressure', column: column('memorySome'), bounds: pressureBounds },
  { kind: 'cgroup.io-pressure', column: column('ioSome'), bounds: pressureBounds },
] as const satisfies readonly { kind: EventKind; column: number; bounds: object }[];

interface Group {
  readonly maker: Maker;
  /** Set where the group is a container of this instance, not one inside it. */
  readonly containerId: ContainerId | undefined;
  frozen: boolean | undefined;
  onsets: Onset[] | undefined;
  limits: CgroupFacts['limits'];
  /** In view since before this agent began. */
  readonly isOld: boolean;
}

export interface GroupEventsOptions {
  hierarchies: Hierarchies;
  events: EventLog;
  told: ToldCounts;
  /** A container of this instance; undefined where it is not known (yet). */
  container(id: ContainerId): Container | undefined;
  log: Log;
  kernelLog?: string;
}

/** Use of a group as numbers, in the order of `useColumns`; undefined where it is gone. */
export type ReadUse = (path: string) => Float64Array | undefined;

/**
 * What happens to cgroups as events: kills, refused forks, pressure, throttling, freezing. Containers of ours are listened
 * to, and every group of the host with a limit of memory or of processes.
 */
export class GroupEvents implements Disposable {
  readonly #options: GroupEventsOptions;
  readonly #monitor: EventMonitor;
  readonly #groups = new Map<string, Group>();
  readonly #coalescer: Coalescer<{ path: string; news: GroupNews }>;
  readonly #victims = new Map<string, OomVictim[]>();
  /** Containers that are to be listened to. */
  readonly #due = new Set<string>();
  #dueTimer: NodeJS.Timeout | undefined;
  readonly #freezing = new Map<string, NodeJS.Timeout>();
  /** When somebody froze or thawed a group through us, by event and path. */
  readonly #toldByVerb = new Map<string, number>();
  #isReady = false;
  #isBegun = false;
  #readUse: ReadUse = () => undefined;
  /** Told of groups whose counts grew, to be shown. */
  onCounts: (path: string) => void = () => undefined;

  constructor(options: GroupEventsOptions) {
    this.#options = options;
    this.#coalescer = new Coalescer({
      tell: (_, { path, news }) => this.#record(path, news),
      merge: (before, after) => ({ path: after.path, news: mergeNews(before.news, after.news) }),
      mostPerSecond,
    });
    this.#monitor = new EventMonitor({
      hierarchies: options.hierarchies,
      onHappening: (happening) => this.#happened(happening),
      onGrown: (path) => this.onCounts(path),
      // What was not measured may be busy.
      isBusy: (path) => this.#readUse(path)?.[column('cpuMillis')] !== 0,
      ...(options.kernelLog === undefined ? {} : { kernelLog: options.kernelLog }),
    });
  }

  /** What is not told of, and why. */
  get lacking(): CgroupReason[] {
    return this.#monitor.lacking.map((reason) => `events-${reason}` as const);
  }

  get cost(): EventMonitor['cost'] {
    return this.#monitor.cost;
  }

  /** Counts of a group and everything below it; absent what is not known. */
  counts(path: string): Partial<Record<CountKind, number>> {
    return this.#monitor.counts(path);
  }

  /** Containers are known from now on: those that wait are listened to. */
  ready(): void {
    this.#isReady = true;
    this.#armDue();
  }

  appeared({ path, present }: PlacedGroup, maker: Maker): void {
    this.#monitor.add(path, present);
    const known = this.#groups.get(path);
    if (known !== undefined) return;
    const isContainer = maker.containerId !== undefined && path.endsWith(`/${maker.containerId}`);
    const containerId = isContainer ? maker.containerId : undefined;
    this.#groups.set(path, { maker, containerId, frozen: undefined, onsets: undefined, limits: {}, isOld: !this.#isBegun });
    if (containerId === undefined) return;
    this.#due.add(path);
    this.#dueTimer ??= setTimeout(() => this.#armDue(), armAfterMsec);
  }

  moved({ path, present }: PlacedGroup): void {
    this.#monitor.add(path, present);
  }

  gone(path: string): void {
    const group = this.#groups.get(path);
    if (group === undefined) return;
    this.#monitor.remove(path);
    this.#groups.delete(path);
    this.#victims.delete(path);
    this.#due.delete(path);
    clearTimeout(this.#freezing.get(path));
    this.#freezing.delete(path);
    if (group.containerId !== undefined) this.#options.told.forget(group.containerId);
  }

  #armDue(): void {
    this.#dueTimer = undefined;
    if (!this.#isReady) return;
    for (const path of this.#due) this.#arm(path);
    this.#due.clear();
  }

  #arm(path: string): void {
    const group = this.#groups.get(path);
    if (group === undefined) return;
    const { containerId, limits, isOld } = group;
    const none = { oomKills: 0, pidsRefusals: 0 };
    // A group that came while we looked has nothing behind it; of others only what follows is news.
    const told = containerId !== undefined ? this.#options.told.get(containerId) : isOld ? 'now' : none;
    const memoryMaxBytes = typeof limits.memoryMaxBytes === 'number' ? limits.memoryMaxBytes : undefined;
    try {
      this.#monitor.arm(path, { told, memoryMaxBytes, pressure: true });
    } catch (failure) {
      this.#options.log.error({ cgroup: path, error: explain(failure) }, 'a cgroup cannot be listened to');
    }
  }

  /** What is known of a group was read anew. */
  facts(path: string, { limits, frozen }: CgroupFacts): void {
    const group = this.#groups.get(path);
    if (group === undefined) return;
    group.limits = limits;
    const isLimited = typeof limits.memoryMaxBytes === 'number' || typeof limits.pidsMax === 'number';
    if (group.containerId === undefined ? isLimited : this.#isReady) this.#arm(path);
    else if (group.containerId === undefined) this.#monitor.disarm(path);
    this.#monitor.refresh(path);
    const before = group.frozen;
    group.frozen = frozen;
    // Whoever freezes a group freezes all below it: that is one event.
    if (before === undefined || frozen === undefined || before === frozen || this.#isFrozenAbove(path)) return;
    this.#recordFreezing(path, frozen ? 'cgroup.frozen' : 'cgroup.thawed');
  }

  #recordFreezing(path: string, kind: 'cgroup.frozen' | 'cgroup.thawed'): void {
    const key = `${kind} /${path}`;
    const begun = performance.now();
    clearTimeout(this.#freezing.get(path));
    const timer = setTimeout(() => {
      this.#freezing.delete(path);
      const toldMsec = this.#toldByVerb.get(key);
      this.#toldByVerb.delete(key);
      if (toldMsec !== undefined && toldMsec > begun - 10_000) return;
      this.#record(path, { kind, aspect: '', detail: {}, victims: [] });
    }, verbTellsMsec);
    this.#freezing.set(path, timer);
  }

  /** Takes note of what was done through us, so that it is not told twice. */
  observe({ kind, subject, cgroupPath, detail }: HostEvent): void {
    if ((kind !== 'cgroup.frozen' && kind !== 'cgroup.thawed') || subject === undefined) return;
    this.#toldByVerb.set(`${kind} ${cgroupPath ?? detail.path}`, performance.now());
  }

  #isFrozenAbove(path: string): boolean {
    for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1))
      if (this.#groups.get(path.slice(0, end))?.frozen === true) return true;
    return false;
  }

  /** Once a second, after everything was read. */
  round(readUse: ReadUse): void {
    this.#isBegun = true;
    this.#readUse = readUse;
    this.#monitor.step();
    for (const [path, group] of this.#groups) {
      if (!this.#monitor.isArmed(path)) continue;
      const use = readUse(path);
      if (use === undefined) continue;
      group.onsets ??= sampled.map(({ bounds }) => new Onset(bounds));
      for (const [index, { kind, column: at }] of sampled.entries()) {
        const share = use[at] as number;
        if (!group.onsets[index]?.take(share)) continue;
        if (kind !== 'cgroup.throttled' && this.#monitor.hasPressure(path)) continue;
        this.#add(path, { kind, aspect: 'share', detail: { share: Math.round(share * 1000) / 1000 }, victims: [] });
      }
    }
  }

  #happened(happening: GroupHappening): void {
    const { path } = happening;
    const containerId = this.#groups.get(path)?.containerId;
    const news = newsOf(happening, containerId !== undefined);
    if (news.victims.length > 0) this.#keepVictims(path, news.victims);
    this.#add(path, news);
    if (containerId === undefined) return;
    if (happening.kind === 'oom-killed') this.#options.told.add(containerId, 'oomKills', happening.count);
    if (happening.kind === 'pids-refused') this.#options.told.add(containerId, 'pidsRefusals', happening.count);
  }

  #keepVictims(path: string, victims: readonly OomVictim[]): void {
    this.#victims.set(path, [...(this.#victims.get(path) ?? []), ...victims].slice(-mostVictims));
  }

  #add(path: string, news: GroupNews): void {
    this.#coalescer.add(`${news.kind} ${news.aspect} ${path}`, { path, news });
  }

  #record(path: string, { kind, detail }: GroupNews): void {
    const group = this.#groups.get(path);
    const container = group?.containerId === undefined ? undefined : this.#options.container(group.containerId);
    const { tenantId } = group?.maker ?? {};
    void this.#options.events.record(kind, {
      cgroupPath: `/${path}`,
      ...(container === undefined ? (tenantId === undefined ? {} : { tenantId }) : { container }),
      // What was asked for is in force before the files are read for the first time.
      detail: this.#withLimit(kind, detail, { ...container?.limits, ...group?.limits }),
    });
  }

  #withLimit(kind: EventKind, detail: HostEvent['detail'], limits: CgroupFacts['limits']): HostEvent['detail'] {
    const limit = kind.endsWith('oom-killed') ? limits.memoryMaxBytes : kind === 'cgroup.pids-refused' ? limits.pidsMax : undefined;
    return typeof limit === 'number' ? { ...detail, limit } : detail;
  }

  /** Tells at once what is new of a container: it has ended. @returns false where nothing was ever told of a kill in it */
  ended(path: string, containerId: ContainerId): boolean {
    // One that ended while nobody looked was not listened to: what happened to it is told now.
    if (this.#monitor.isArmed(path)) this.#monitor.check(path);
    else this.#arm(path);
    for (const kind of ['container.oom-killed', 'cgroup.pids-refused'] as const) this.#coalescer.flush(`${kind}  ${path}`);
    return this.#options.told.get(containerId).oomKills > 0;
  }

  /** What was seen of a container, for the card of its end. */
  witnessed(path: string): { pidsRefusals: number | undefined; victims: OomVictim[] } {
    this.#monitor.check(path);
    const found = this.#monitor.takeVictims(path);
    if (found.length > 0)
      this.#keepVictims(
        path,
        found.map(({ pid, command, limitPath }) => ({ pid, command, ...(limitPath === undefined ? {} : { limitPath }) })),
      );
    return { pidsRefusals: this.#monitor.counts(path).pidsRefusals, victims: this.#victims.get(path) ?? [] };
  }

  /** Resolves once the kernel knows what is to be told. */
  settled(): Promise<void> {
    return this.#monitor.settled();
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#dueTimer);
    for (const timer of this.#freezing.values()) clearTimeout(timer);
    this.#coalescer[Symbol.dispose]();
    this.#monitor[Symbol.dispose]();
  }
}
