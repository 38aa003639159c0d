import type { Hierarchy } from '../hierarchy.ts';
import type { Hierarchies } from '../tree/hierarchies.ts';
import { type CountKind, countKindNames } from './count-kinds.ts';
import { type CountedGroup, GroupCounts } from './group-counts.ts';
import { KernelLog } from './kernel-log.ts';
import type { KernelNews, OomVictim } from './kernel-log-line.ts';
import { LookPlan } from './look-plan.ts';
import { type MemoryLevel, Triggers } from './triggers.ts';

/** Something that the kernel did to a group, or that a group suffers. Paths are relative to the mount points. */
export type GroupHappening =
  /** `total` is the number since the group began, everything below it included. */
  | { kind: 'oom-killed'; path: string; count: number; total: number; victims: readonly OomVictim[] }
  | { kind: 'pids-refused'; path: string; count: number; total: number }
  | { kind: 'memory-level'; path: string; level: MemoryLevel }
  | { kind: 'memory-threshold'; path: string; thresholdBytes: number; usageBytes: number }
  | { kind: 'pressure'; path: string; resource: 'cpu' | 'memory' | 'io' };

export interface ArmOptions {
  /** In bytes; undefined where there is none. */
  memoryMaxBytes?: number | undefined;
  /** Whether pressure is to be told too, where the kernel has triggers for it: each costs a thread of its own. */
  pressure: boolean;
  /** What of the counts is known to who listens: those so far, or so many of each. */
  told: 'now' | Readonly<Record<CountKind, number>>;
}

export interface EventMonitorOptions {
  hierarchies: Pick<Hierarchies, 'with' | 'unified'>;
  onHappening(happening: GroupHappening): void;
  /** A count of a group was read and is more than before, and with it those of all groups above. */
  onGrown?(path: string): void;
  /** Whether tasks of the group ran in the last second, as far as is known. */
  isBusy?(path: string): boolean;
  /** Groups whose events are listened for, at most. */
  groups?: number;
  /** Descriptors held for them, at most: two of a group of version 1, six of one whose pressure is told. */
  descriptors?: number;
  /** Groups with triggers of pressure, at most. */
  pressureGroups?: number;
  kernelLog?: string;
}

interface Armed {
  readonly group: CountedGroup;
  /** What was told, of the group and everything below it. */
  readonly told: Record<CountKind, number>;
  readonly triggers: Disposable[];
  threshold: { bytes: number; trigger: Disposable } | undefined;
  hasPressure: boolean;
}

/** Share of the limit at which memory is told to be nearly used up. */
const thresholdShare = 0.95;
const mostVictims = 8;
const pageBytes = 4096;

/**
 * Listens for what the kernel tells of groups: OOM kills, refused forks, pressure. Where it tells nothing by itself the
 * counts are looked at once a second. A kill is told of one group only: the innermost of those listened to.
 */
export class EventMonitor implements Disposable {
  readonly #options: EventMonitorOptions;
  readonly #counts: GroupCounts;
  readonly #triggers: Triggers;
  readonly #log: KernelLog;
  readonly #armed = new Map<string, Armed>();
  readonly #looks = new LookPlan((path, kind) => this.#look(path, kind));
  /** Groups of version 1 in which forks were refused: the kernel tells of the first one alone. */
  readonly #refusing = new Set<CountedGroup>();
  #pressured = 0;
  /** More groups were to be listened to than are. */
  #isFull = false;

  constructor(options: EventMonitorOptions) {
    this.#options = options;
    this.#counts = new GroupCounts(options.hierarchies, (group, kind) => {
      options.onGrown?.(group.path);
      if (kind === 'pidsRefusals' && this.#counts.sourceOf(group, kind)?.version === 1) this.#refusing.add(group);
    });
    this.#triggers = new Triggers(options.descriptors ?? 2048);
    this.#log = new KernelLog((news) => this.#heard(news), options.kernelLog);
  }

  /** Descriptors, watched files and groups that are listened to. */
  get cost(): { descriptors: number; watches: number; groups: number } {
    return { descriptors: this.#triggers.descriptors, watches: this.#triggers.watches, groups: this.#armed.size };
  }

  /** What is not told of: `v1` what version 1 does not tell, `unnamed` victims, `beyond` groups past the bound. */
  get lacking(): ('v1' | 'unnamed' | 'beyond')[] {
    const { hierarchies } = this.#options;
    const isOld = hierarchies.with('pids') !== undefined || hierarchies.with('memory') !== undefined;
    return [
      ...(isOld ? (['v1'] as const) : []),
      ...(this.#log.unreadable === undefined ? [] : (['unnamed'] as const)),
      ...(this.#isFull ? (['beyond'] as const) : []),
    ];
  }

  /** Takes a group in, or notes that it is now in other hierarchies, or is another one by the same name. */
  add(path: string, present: readonly Hierarchy[]): void {
    const isNew = this.#counts.get(path) === undefined;
    const group = this.#counts.add(path, present);
    const armed = this.#armed.get(path);
    if (armed !== undefined) {
      this.#release(armed);
      this.#listen(armed);
    } else if (isNew && group.parent !== undefined) this.#listenBelow(group, group.parent);
  }

  /** A group made below one that is listened to, where the kernel tells of the file of the task's own group alone. */
  #listenBelow(group: CountedGroup, parent: CountedGroup): void {
    const armed = this.#armedAbove(parent);
    if (armed === undefined) return;
    for (const kind of countKindNames) {
      const source = this.#counts.sourceOf(group, kind);
      if (source?.version !== 2 || source.ofSubtree) continue;
      const { path } = armed.group;
      const trigger = this.#triggers.onModified(source.hierarchy, group.path, source.file, () => this.#looks.soon(path, kind));
      if (trigger !== undefined) armed.triggers.push(trigger);
    }
  }

  remove(path: string): void {
    this.disarm(path);
    const group = this.#counts.get(path);
    if (group !== undefined) this.#refusing.delete(group);
    this.#counts.remove(path);
    this.#looks.forget(path);
  }

  isArmed(path: string): boolean {
    return this.#armed.has(path);
  }

  /** Counts of a group and everything below it, as they were last read. */
  counts(path: string): Partial<Record<CountKind, number>> {
    const counts: Partial<Record<CountKind, number>> = {};
    for (const kind of countKindNames) {
      const total = this.#counts.total(path, kind);
      if (total !== undefined) counts[kind] = total;
    }
    return counts;
  }

  /** Reads the counts of a group anew; what is new in them is told. */
  refresh(path: string): void {
    const group = this.#counts.get(path);
    if (group === undefined) return;
    for (const kind of countKindNames) if (this.#counts.read(group, kind)) this.#grown(group, kind);
  }

  /** Listens to a group from now on. Called again, it follows a limit that changed. */
  arm(path: string, options: ArmOptions): void {
    const group = this.#counts.get(path);
    if (group === undefined) return;
    const known = this.#armed.get(path);
    if (known !== undefined) {
      this.#follow(known, options);
      return;
    }
    if (this.#armed.size >= (this.#options.groups ?? 4096)) {
      this.#isFull = true;
      return;
    }
    const armed: Armed = {
      group,
      told: { oomKills: 0, pidsRefusals: 0 },
      triggers: [],
      threshold: undefined,
      hasPressure: options.pressure,
    };
    // Listened to first, read then: what comes in between is in both.
    this.#listen(armed);
    this.#armed.set(path, armed);
    for (const kind of countKindNames) {
      this.#counts.refresh(group, kind);
      armed.told[kind] = options.told === 'now' ? (this.#counts.total(path, kind) ?? 0) : options.told[kind];
      this.#look(path, kind);
    }
    this.#follow(armed, options);
  }

  disarm(path: string): void {
    const armed = this.#armed.get(path);
    if (armed === undefined) return;
    this.#release(armed);
    this.#armed.delete(path);
  }

  #release(armed: Armed): void {
    for (const trigger of armed.triggers.splice(0)) trigger[Symbol.dispose]();
    armed.threshold?.trigger[Symbol.dispose]();
    armed.threshold = undefined;
    if (armed.hasPressure) this.#pressured = Math.max(0, this.#pressured - 1);
  }

  #follow(armed: Armed, { memoryMaxBytes }: ArmOptions): void {
    const { group } = armed;
    const memory = this.#options.hierarchies.with('memory');
    const bytes = memoryMaxBytes === undefined ? undefined : Math.floor((memoryMaxBytes * thresholdShare) / pageBytes) * pageBytes;
    if (armed.threshold?.bytes === bytes) return;
    armed.threshold?.trigger[Symbol.dispose]();
    armed.threshold = undefined;
    if (bytes === undefined || memory === undefined || !group.present.includes(memory)) return;
    const trigger = this.#triggers.onMemoryThreshold(memory, group.path, bytes, () => this.#crossed(group, memory, bytes));
    armed.threshold = { bytes, trigger };
  }

  #crossed({ path }: CountedGroup, memory: Hierarchy, thresholdBytes: number): void {
    const usageBytes = Number(memory.read(path, 'memory.usage_in_bytes')?.trim());
    // Crossed downwards it fires as well.
    if (usageBytes >= thresholdBytes) this.#options.onHappening({ kind: 'memory-threshold', path, thresholdBytes, usageBytes });
  }

  /** Has the kernel tell what it can tell of a group. */
  #listen(armed: Armed): void {
    const { group, triggers } = armed;
    const { path, present } = group;
    const { hierarchies, onHappening } = this.#options;
    const keep = (trigger: Disposable | undefined): void => {
      if (trigger !== undefined) triggers.push(trigger);
    };
    const memory = hierarchies.with('memory');
    if (memory !== undefined && present.includes(memory)) {
      keep(this.#triggers.onOom(memory, path, () => this.#looks.soon(path, 'oomKills')));
      keep(this.#triggers.onMemoryLevel(memory, path, 'critical', () => onHappening({ kind: 'memory-level', path, level: 'critical' })));
    }
    for (const kind of countKindNames) {
      const source = this.#counts.sourceOf(group, kind);
      if (source?.version !== 2) continue;
      // Where the kernel counts at the group of the task alone, it tells of that one's file.
      const watched = source.ofSubtree ? [group] : [...this.#counts.subtree(group)];
      for (const each of watched)
        keep(this.#triggers.onModified(source.hierarchy, each.path, source.file, () => this.#looks.soon(path, kind)));
    }
    const tree = hierarchies.unified;
    const isMany = this.#pressured >= (this.#options.pressureGroups ?? 64);
    armed.hasPressure &&= tree !== undefined && present.includes(tree) && memory === undefined && !isMany;
    if (!armed.hasPressure || tree === undefined) return;
    this.#pressured += 1;
    for (const resource of ['cpu', 'memory', 'io'] as const)
      keep(this.#triggers.onPressure(tree, path, resource, () => onHappening({ kind: 'pressure', path, resource })));
  }

  /** Whether the kernel tells of pressure of this group by itself. */
  hasPressure(path: string): boolean {
    return this.#armed.get(path)?.hasPressure === true;
  }

  #heard(news: KernelNews): void {
    const group = this.#nearest(news.kind === 'oom-kill' ? news.victimPath : news.path);
    if (group === undefined) return;
    if (news.kind === 'fork-rejected') {
      if (this.#counts.read(group, 'pidsRefusals')) this.#grown(group, 'pidsRefusals');
      return;
    }
    const armed = this.#armedAbove(group);
    if (armed !== undefined) this.#looks.soon(armed.group.path, 'oomKills');
  }

  #nearest(path: string): CountedGroup | undefined {
    for (let at = path.slice(1); ; at = at.slice(0, Math.max(0, at.lastIndexOf('/')))) {
      const group = this.#counts.get(at);
      if (group !== undefined || at === '') return group;
    }
  }

  #armedAbove(group: CountedGroup): Armed | undefined {
    for (let each: CountedGroup | undefined = group; each !== undefined; each = each.parent) {
      const armed = this.#armed.get(each.path);
      if (armed !== undefined) return armed;
    }
    return undefined;
  }

  #grown(group: CountedGroup, kind: CountKind): void {
    const armed = this.#armedAbove(group);
    if (armed !== undefined) this.#looks.soon(armed.group.path, kind);
  }

  /** Tells at once what is new of a group that is listened to: before it goes, or because somebody knows better. */
  check(path: string): void {
    const group = this.#counts.get(path);
    if (group === undefined) return;
    for (const kind of countKindNames)
      if (this.#armed.has(path)) this.#look(path, kind);
      else this.#counts.refresh(group, kind);
  }

  /** @returns how many were told */
  #look(path: string, kind: CountKind): number {
    const armed = this.#armed.get(path);
    if (armed === undefined) return 0;
    this.#counts.refresh(armed.group, kind);
    if (this.#untold(armed, kind) <= 0) return 0;
    // What happened below belongs to those below that are listened to themselves.
    for (const below of this.#armedBelow(armed.group)) this.#look(below.group.path, kind);
    const count = this.#untold(armed, kind);
    if (count <= 0) return 0;
    for (let each: CountedGroup | undefined = armed.group; each !== undefined; each = each.parent) {
      const above = this.#armed.get(each.path);
      if (above !== undefined) above.told[kind] += count;
    }
    this.#tell(path, kind, { count, total: this.#counts.total(path, kind) ?? 0 });
    return count;
  }

  #untold({ group, told }: Armed, kind: CountKind): number {
    return (this.#counts.total(group.path, kind) ?? 0) - told[kind];
  }

  *#armedBelow(group: CountedGroup): Generator<Armed> {
    const waiting = [...group.children];
    for (let each = waiting.pop(); each !== undefined; each = waiting.pop()) {
      const armed = this.#armed.get(each.path);
      if (armed !== undefined) yield armed;
      else waiting.push(...each.children);
    }
  }

  #tell(path: string, kind: CountKind, counted: { count: number; total: number }): void {
    const { onHappening } = this.#options;
    if (kind === 'pidsRefusals') {
      onHappening({ kind: 'pids-refused', path, ...counted });
      return;
    }
    // The kernel writes whom it chose before it counts the kill.
    this.#log.drain();
    const victims = this.#log.takeVictims(`/${path}`, Math.min(counted.count, mostVictims));
    onHappening({ kind: 'oom-killed', path, ...counted, victims });
  }

  /** Victims of the OOM killer in a group and below it that were not told yet. */
  takeVictims(path: string): readonly OomVictim[] {
    this.#log.drain();
    return this.#log.takeVictims(`/${path}`, mostVictims);
  }

  /** Once a second: what the kernel does not tell by itself. */
  step(): void {
    const { isBusy = () => true } = this.#options;
    this.#looks.sweep();
    for (const group of this.#refusing)
      if (isBusy(group.path) && this.#counts.read(group, 'pidsRefusals')) this.#grown(group, 'pidsRefusals');
    const isBlind = this.#log.unreadable !== undefined;
    if (!this.#log.takeLost() && !isBlind) return;
    for (const [path, { group }] of this.#armed) {
      if (this.#counts.sourceOf(group, 'pidsRefusals')?.version === 1 && isBusy(path)) this.#looks.soon(path, 'pidsRefusals');
      if (!isBlind) this.#looks.soon(path, 'oomKills');
    }
  }

  /** Resolves once every registration with the kernel that was asked for is made. */
  settled(): Promise<void> {
    return this.#triggers.settled();
  }

  [Symbol.dispose](): void {
    this.#looks[Symbol.dispose]();
    this.#log[Symbol.dispose]();
    this.#triggers[Symbol.dispose]();
    this.#armed.clear();
  }
}
