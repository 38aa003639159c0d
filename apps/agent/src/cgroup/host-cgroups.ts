import { setImmediate as breathe } from 'node:timers/promises';
import type { CgroupChange, CgroupGaps, CgroupReason, CgroupTree } from '@bulkhead/api';
import {
  type CgroupFacts,
  type Hierarchies,
  isIoCounted,
  type MeteredGroup,
  openHierarchies,
  type PlacedGroup,
  readFacts,
  readFiles,
  readProcessCount,
  TreeMeter,
  TreeStructure,
  toUse,
  useColumns,
} from '@bulkhead/cgroup';
import { getrlimit, RLIMIT_NOFILE } from '@bulkhead/kernel';
import {
  type CgroupFile,
  type CgroupNode,
  type CgroupSample,
  type ContainerId,
  type HostId,
  type Maker,
  Problem,
  type Reading,
} from '@bulkhead/model';
import type { Journal } from '../journal/journal.ts';
import { explain, type Log } from '../log.ts';
import { SecondTimer } from '../sampler/clock.ts';
import { Broadcast } from '../stream/broadcast.ts';
import { lastingReasons } from './gaps.ts';
import type { GroupEvents } from './group-events.ts';
import { MinuteMeans } from './minute-means.ts';
import { UseRing } from './use-ring.ts';

/** Cgroups that are read, at most; further ones are counted. */
const mostCgroups = 20_000;
/** Descriptors kept for them, at most: some 70 MB of kernel memory. A busy host's groups come first. */
const mostDescriptors = 16_000;
/** What the agent needs for everything else, 2048 for events of cgroups among it. */
const otherDescriptors = 6144;
/** Numbers held for charts, at most: where thousands of groups are all busy, the chart of each is shorter. */
const ringBytes = 64 * 1024 ** 2;
/** So long at a time, then others have their turn. */
const sliceMsec = 8;
/** All limits and states are read anew in this time, although writes are heard of; sooner where they are not, as far as the bound allows. */
const factsEverySeconds = { watched: 120, unwatched: 20 };
const factsEachSecond = 60;
/** Looks at facts a second, at most: a burst of new groups waits a little for its limits. */
const factsMsec = 40;
/** Being late is told in these steps, so that not every walk makes news; less than two seconds is not told. */
const lateSteps = [5, 10, 20, 30, 60, 120, 300, 600, 1800];
/** Places that are named where groups are left out. */
const namedPlaces = 8;
const waitingChanges = 3;
/** Seconds for which a group is looked at after somebody froze it. */
const freezingTicks = 5;
const width = useColumns.length;
const pidsColumn = useColumns.indexOf('pids');

interface Entry {
  readonly group: PlacedGroup;
  metered: MeteredGroup;
  readonly ring: UseRing;
  readonly maker: Maker;
  facts: CgroupFacts | undefined;
  /** What it used as it was last looked at. */
  readonly shown: Float64Array;
  /** JSON of what was last told of it but use. */
  told: string;
}

export interface HostCgroupsOptions {
  hostId: HostId;
  /** Seconds kept for charts. */
  liveSeconds: number;
  journal: Pick<Journal, 'note'>;
  /** Cgroup of this instance, with a slash before it: what is below it is read however many others there are. */
  ownPath: string;
  makerOf(path: string): Maker;
  /** The same with what people call it, where it is a container of another runtime. */
  named(maker: Maker): Maker;
  /** What people call a container of this instance; undefined where it is not known (yet). */
  containerName(id: ContainerId): string | undefined;
  /** Hears of groups and of what is read of them, and tells what happens to them. */
  groupEvents?: GroupEvents;
  log: Log;
  hierarchies?: Hierarchies;
  /** Cgroups that are read, at most; 20,000 unless given. */
  mostCgroups?: number;
}

/**
 * Every cgroup of the host, whoever made it: which there are, what they may use and do use. Read once a second into a
 * ring for charts; means of each minute go into the journal.
 */
export class HostCgroups implements Disposable {
  readonly live = new Broadcast<CgroupChange>(waitingChanges);
  readonly #options: HostCgroupsOptions;
  readonly #hierarchies: Hierarchies;
  readonly #meter: TreeMeter;
  readonly #structure: TreeStructure;
  readonly #entries = new Map<string, Entry>();
  readonly #means = new MinuteMeans();
  /** Wall clock of the last ticks, by number modulo its length. */
  readonly #ticks: Float64Array;
  #tick = 0;
  #wholeTicks: number;
  /** Groups whose facts are to be read anew; `true`: the number of processes alone. */
  readonly #stale = new Map<string, boolean>();
  /** Groups that somebody freezes or thaws, with the ticks for which they are looked at. */
  readonly #freezing = new Map<string, number>();
  #rotation: Iterator<string> | undefined;
  // Of one group at a time: nothing of it survives the look.
  readonly #row = new Float64Array(width);
  readonly #changed = new Set<string>();
  readonly #removed = new Set<string>();
  #reasons: CgroupReason[] = [];
  #timer: SecondTimer | undefined;
  #running: Promise<void> | undefined;
  #disposed = false;
  #failed = false;

  constructor(options: HostCgroupsOptions) {
    this.#options = options;
    if (options.groupEvents !== undefined) options.groupEvents.onCounts = (path) => this.#counted(path);
    this.#wholeTicks = options.liveSeconds;
    this.#ticks = new Float64Array(options.liveSeconds + 1);
    this.#hierarchies = options.hierarchies ?? openHierarchies();
    const { soft } = getrlimit(RLIMIT_NOFILE);
    this.#meter = new TreeMeter({
      hierarchies: this.#hierarchies,
      descriptors: Math.max(0, Math.min(mostDescriptors, Number(soft) - otherDescriptors)),
    });
    this.#structure = new TreeStructure({
      hierarchies: this.#hierarchies,
      limit: options.mostCgroups ?? mostCgroups,
      // And what is above it: a tree has no holes.
      always: (path) => `/${path}/`.startsWith(`${options.ownPath}/`) || `${options.ownPath}/`.startsWith(`/${path}/`),
      listener: {
        appeared: (group) => this.#appeared(group),
        moved: (group) => {
          options.groupEvents?.moved(group);
          const entry = this.#entries.get(group.path);
          if (entry !== undefined) entry.metered = this.#meter.add(group.path, group.present);
          this.#stale.set(group.path, false);
        },
        gone: (path) => this.#gone(path),
        written: (path, file) => this.#written(path, file),
      },
    });
    this.#look();
  }

  start(): void {
    this.#timer = new SecondTimer(() => void this.#round());
    void this.#round();
  }

  #appeared(group: PlacedGroup): void {
    const metered = this.#meter.add(group.path, group.present);
    this.#means.forget(metered.slot);
    const path = `/${group.path}`;
    const maker = this.#options.makerOf(path);
    this.#options.groupEvents?.appeared(group, maker);
    this.#entries.set(group.path, {
      group,
      metered,
      ring: new UseRing(),
      maker,
      facts: undefined,
      shown: new Float64Array(width).fill(Number.NaN),
      told: '',
    });
    this.#stale.set(group.path, false);
    this.#removed.delete(path);
  }

  #gone(path: string): void {
    const entry = this.#entries.get(path);
    if (entry === undefined) return;
    this.#means.forget(entry.metered.slot);
    this.#meter.remove(path);
    this.#options.groupEvents?.gone(path);
    this.#entries.delete(path);
    this.#stale.delete(path);
    this.#changed.delete(path);
    this.#removed.add(`/${path}`);
  }

  /** Kills and refusals of a group are those of all groups above it. */
  #counted(path: string): void {
    for (let each = path; ; each = each.slice(0, Math.max(0, each.lastIndexOf('/')))) {
      if (this.#entries.has(each)) this.#changed.add(each);
      if (each === '') return;
    }
  }

  #written(path: string, file: string): void {
    // Told by the kernel itself, of counts that are read elsewhere.
    if (file === 'memory.events' || file === 'memory.events.local' || file === 'pids.events' || file === 'pids.events.local') return;
    // Freezing takes a moment, and not every version tells when it is done.
    if (file === 'cgroup.freeze' || file === 'freezer.state') this.#freezing.set(path, freezingTicks);
    const isProcesses = file === 'tasks' || file === 'cgroup.procs' || file === 'cgroup.threads';
    if (!isProcesses || !this.#stale.has(path)) this.#stale.set(path, isProcesses);
    // Groups below have other files from now on.
    if (file === 'cgroup.subtree_control') for (const below of this.#below(path)) this.#stale.set(below, false);
  }

  *#below(path: string): Generator<string> {
    const prefix = path === '' ? '' : `${path}/`;
    for (const each of this.#entries.keys()) if (each !== path && each.startsWith(prefix)) yield each;
  }

  /** What is the same for the whole host, looked at once a minute. */
  #look(): void {
    const blkio = this.#hierarchies.with('blkio');
    const isCounted = blkio === undefined || isIoCounted(blkio);
    this.#meter.ioCounted = isCounted;
    this.#reasons = [...lastingReasons(this.#hierarchies, isCounted), ...(this.#options.groupEvents?.lacking ?? [])];
  }

  /** One second: changes of the tree, a pass over all files, charts, and what is told to those who watch. */
  async #round(): Promise<void> {
    // Where a round takes longer than a second, the next one is left out.
    if (this.#running !== undefined || this.#disposed) return;
    this.#running = this.#measure().finally(() => {
      this.#running = undefined;
    });
    try {
      await this.#running;
      this.#failed = false;
    } catch (failure) {
      // Once, until it works again: it would be told each second.
      if (!this.#failed) this.#options.log.error({ error: explain(failure) }, 'the cgroups of the host could not be read');
      this.#failed = true;
    }
  }

  async #measure(): Promise<void> {
    this.#structure.step();
    const wallMsec = Date.now();
    const pass = this.#meter.pass(() => performance.now() / 1000);
    let sliceUntil = performance.now() + sliceMsec;
    let step = pass.next();
    for (; step.done !== true; step = pass.next()) {
      if (performance.now() < sliceUntil) continue;
      await breathe();
      if (this.#disposed) return;
      sliceUntil = performance.now() + sliceMsec;
    }
    for (const { path } of step.value.gone) this.#structure.check(path);
    this.#chart(wallMsec);
    await this.#refreshFacts();
    if (this.#disposed) return;
    this.#tell(wallMsec);
    this.#options.groupEvents?.round((path) => this.#entries.get(path)?.shown);
  }

  #chart(wallMsec: number): void {
    const over = this.#means.turn(wallMsec);
    if (over !== undefined) {
      this.#look();
      const groups = [...this.#entries.values()].map(({ group, metered }) => ({ path: group.path, slot: metered.slot }));
      const records = this.#means.take(this.#options.hostId, over, groups);
      if (records.length > 0) void this.#options.journal.note(records).catch(() => undefined);
      this.#boundRings();
    }
    this.#tick += 1;
    this.#ticks[this.#tick % this.#ticks.length] = wallMsec;
    for (const { metered, ring } of this.#entries.values()) {
      const use = this.#meter.row(metered, this.#row);
      ring.push(this.#tick, use);
      this.#means.add(metered.slot, use);
    }
  }

  /** Forgets what is older than the charts, earlier where too much of it moves. */
  #boundRings(): void {
    const rings = [...this.#entries.values()].map(({ ring }) => ring);
    this.#wholeTicks = Math.min(this.#options.liveSeconds, this.#wholeTicks + 60);
    for (;;) {
      for (const ring of rings) ring.forgetBefore(this.#tick - this.#wholeTicks);
      const bytes = rings.reduce((sum, ring) => sum + ring.bytes, 0);
      if (bytes <= ringBytes || this.#wholeTicks <= 60) return;
      this.#wholeTicks -= 60;
    }
  }

  #readFacts(entry: Entry): void {
    const { group, metered } = entry;
    const before = entry.facts?.controllers.length;
    entry.facts = readFacts(this.#hierarchies, group.path, group.present);
    // A group of v2 has the files of a controller only while it is enabled.
    if (before !== undefined && before !== entry.facts.controllers.length) this.#meter.reopen(metered);
    this.#meter.setQuota(metered, typeof entry.facts.limits.cpuMaxMillis === 'number');
    this.#options.groupEvents?.facts(group.path, entry.facts);
    this.#changed.add(group.path);
  }

  #readProcesses(entry: Entry): void {
    const { group, facts } = entry;
    if (facts === undefined) {
      this.#readFacts(entry);
      return;
    }
    const { processes: before, ...others } = facts;
    const processes = readProcessCount(this.#hierarchies, group.path, group.present);
    if (processes === before) return;
    entry.facts = processes === undefined ? others : { ...others, processes };
    this.#changed.add(group.path);
  }

  /** Reads anew what somebody wrote or what changed by itself, and of the rest a part each second. */
  async #refreshFacts(): Promise<void> {
    for (const [path, ticks] of this.#freezing) {
      if (this.#entries.has(path)) this.#stale.set(path, false);
      if (ticks > 1) this.#freezing.set(path, ticks - 1);
      else this.#freezing.delete(path);
    }
    const { watched, unwatched } = factsEverySeconds;
    let share = Math.min(factsEachSecond, Math.ceil(this.#entries.size / (this.#structure.isWatched ? watched : unwatched)));
    for (; share > 0; share -= 1) {
      this.#rotation ??= [...this.#entries.keys()].values();
      const next = this.#rotation.next();
      if (next.done === true) this.#rotation = undefined;
      else if (this.#entries.has(next.value)) this.#stale.set(next.value, false);
    }
    const until = performance.now() + factsMsec;
    let sliceUntil = performance.now() + sliceMsec;
    for (const [path, processesAlone] of this.#stale) {
      this.#stale.delete(path);
      const entry = this.#entries.get(path);
      if (entry === undefined) continue;
      if (processesAlone) this.#readProcesses(entry);
      else this.#readFacts(entry);
      const now = performance.now();
      // The first round goes on until all are read.
      if (now > until && this.#tick > 1) return;
      if (now < sliceUntil) continue;
      await breathe();
      if (this.#disposed) return;
      sliceUntil = performance.now() + sliceMsec;
    }
  }

  #node({ group, maker, facts, metered }: Entry): CgroupNode {
    const { unread: _, ...known } = facts ?? { controllers: [], limits: {}, unread: [] };
    const name = maker.containerId === undefined ? undefined : this.#options.containerName(maker.containerId);
    return {
      path: `/${group.path}`,
      maker: name === undefined ? this.#options.named(maker) : { ...maker, name },
      ...known,
      ...this.#options.groupEvents?.counts(group.path),
      use: toUse(this.#meter.row(metered, this.#row)),
    };
  }

  #gaps(): CgroupGaps {
    const unread = new Set([...this.#meter.unread()].map(({ path }) => path));
    for (const [path, { facts }] of this.#entries) if (facts !== undefined && facts.unread.length > 0) unread.add(path);
    const { leftOut, lateMsec } = this.#structure;
    const lateSeconds = lateMsec < 2000 ? undefined : (lateSteps.find((step) => lateMsec <= step * 1000) ?? lateSteps.at(-1));
    return {
      cgroups: unread.size,
      leftOut: leftOut.reduce((sum, { count }) => sum + count, 0),
      leftOutBelow: leftOut.slice(0, namedPlaces).map(({ path, count }) => ({ path: `/${path}`, count })),
      ...(lateSeconds === undefined ? {} : { lateSeconds }),
      reasons: this.#reasons,
    };
  }

  /** Notes which groups moved since the round before, and tells those who watch. */
  #tell(wallMsec: number): void {
    const watched = this.live.subscribers > 0;
    const [nodes, uses]: [CgroupNode[], { path: string; use: CgroupNode['use'] }[]] = [[], []];
    for (const [path, entry] of this.#entries) {
      const use = this.#meter.row(entry.metered, this.#row);
      const { shown } = entry;
      const pids = use[pidsColumn] as number;
      // A process came or went: nobody need have written a file for that.
      if (!Number.isNaN(pids) && pids !== shown[pidsColumn] && !this.#stale.has(path)) this.#stale.set(path, true);
      let moved = false;
      for (let column = 0; column < width; column += 1) {
        const now = use[column] as number;
        if (now === shown[column] || (Number.isNaN(now) && Number.isNaN(shown[column]))) continue;
        shown[column] = now;
        moved = true;
      }
      if (!watched) continue;
      if (this.#changed.has(path)) {
        const { use: _, ...rest } = this.#node(entry);
        const told = JSON.stringify(rest);
        if (told !== entry.told) {
          entry.told = told;
          nodes.push({ ...rest, use: toUse(shown) });
          continue;
        }
      }
      if (moved) uses.push({ path: `/${path}`, use: toUse(shown) });
    }
    const removed = [...this.#removed];
    this.#changed.clear();
    this.#removed.clear();
    if (!watched) return;
    this.live.publish({
      type: 'changed',
      at: new Date(wallMsec).toISOString(),
      cgroups: nodes.sort((left, right) => (left.path < right.path ? -1 : 1)),
      removed,
      use: uses,
      gaps: this.#gaps(),
    });
  }

  /** The tree as it was last read; the first reading is waited for. */
  async tree(): Promise<CgroupTree> {
    if (this.#tick === 0) await this.#running;
    return this.#snapshot();
  }

  #snapshot(): CgroupTree {
    const cgroups = [...this.#entries.values()].map((entry) => this.#node(entry));
    // By path, parents stand before their children.
    cgroups.sort((left, right) => (left.path < right.path ? -1 : 1));
    const atMsec = this.#tick === 0 ? Date.now() : (this.#ticks[this.#tick % this.#ticks.length] as number);
    return { at: new Date(atMsec).toISOString(), cgroups, gaps: this.#gaps() };
  }

  async *watch(signal: AbortSignal): AsyncGenerator<CgroupChange> {
    await this.tree();
    const snapshot = (): CgroupChange => ({ type: 'snapshot', ...this.#snapshot() });
    yield* this.live.subscribe<CgroupChange>({
      signal,
      first: [snapshot()],
      select: (change) => change,
      overflow: () => [snapshot()],
    });
  }

  /** @throws Problem 'not-found' */
  #find(path: string): Entry {
    this.#structure.check(path.slice(1));
    const entry = this.#entries.get(path.slice(1));
    if (entry === undefined) throw new Problem('not-found', `there is no cgroup ${path}`, { remedy: './bulkhead cgroup ls lists them' });
    return entry;
  }

  /** One cgroup with its files as they stand now. */
  inspect(path: string): { cgroup: CgroupNode; files: CgroupFile[] } {
    const entry = this.#find(path);
    this.#readFacts(entry);
    return { cgroup: this.#node(entry), files: readFiles(entry.group.present, entry.group.path) };
  }

  /** The last quarter of an hour, one sample a second, oldest first; a second that was not measured is missing. */
  recent(path: string): CgroupSample[] {
    const samples: CgroupSample[] = [];
    for (const { tick, row } of this.#find(path).ring.read(this.#tick - this.#options.liveSeconds + 1)) {
      const use = toUse(row);
      if (Object.keys(use).length > 0) samples.push({ at: new Date(this.#ticks[tick % this.#ticks.length] as number).toISOString(), use });
    }
    return samples;
  }

  /** What a group used in the last second; undefined where it is not known (yet). */
  use(path: string): CgroupNode['use'] | undefined {
    const entry = this.#entries.get(path.slice(1));
    return entry === undefined || this.#tick === 0 ? undefined : toUse(this.#meter.row(entry.metered, this.#row));
  }

  /** Takes in a group, with what is below it, that somebody knows of before the next round would meet it. */
  meet(path: string): void {
    this.#structure.meetSubtree(path);
  }

  /** Takes a reading of one of our own containers, so that its files are not read twice. */
  feed(path: string, reading: Reading): void {
    this.#structure.meet(path);
    this.#meter.feed(path, reading, performance.now() / 1000);
  }

  [Symbol.dispose](): void {
    this.#disposed = true;
    this.#timer?.[Symbol.dispose]();
    this.live.close();
    this.#structure[Symbol.dispose]();
    this.#meter[Symbol.dispose]();
    this.#hierarchies[Symbol.dispose]();
  }
}
