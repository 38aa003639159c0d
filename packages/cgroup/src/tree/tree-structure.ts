import {
  type Fd,
  hasErrno,
  IN_CREATE,
  IN_DELETE,
  IN_IGNORED,
  IN_ISDIR,
  IN_MODIFY,
  IN_ONLYDIR,
  IN_Q_OVERFLOW,
  type InotifyEvent,
  inotify_add_watch,
  inotify_init1,
  inotify_rm_watch,
  poll,
  readInotify,
} from '@bulkhead/kernel';
import type { Hierarchy } from '../hierarchy.ts';
import type { Hierarchies } from './hierarchies.ts';
import { walkHierarchy } from './walk.ts';

/** A group and where it is. */
export interface PlacedGroup {
  /** Relative to the mount points; '' is the root. */
  readonly path: string;
  /** Hierarchies in which the path is; never empty. */
  present: readonly Hierarchy[];
}

export interface StructureListener {
  appeared(group: PlacedGroup): void;
  /** It is now in other hierarchies than before. */
  moved(group: PlacedGroup): void;
  gone(path: string): void;
  /** Somebody wrote a file of the group: a limit, a process, a state. */
  written(path: string, file: string): void;
}

export interface StructureOptions {
  hierarchies: Pick<Hierarchies, 'all'>;
  /** Groups taken, at most; further ones are counted. */
  limit: number;
  /** Groups taken beyond the bound too: those that must not be missed. */
  always?(path: string): boolean;
  /** Directories watched, at most: each pins an inode, about 1 KB. Hierarchies beyond are walked anew instead. */
  watches?: number;
  listener: StructureListener;
}

/** Where there are too many directories to watch all, those hierarchies come first in which people write most. */
const watchedFirst = ['memory', 'cpu', 'pids', 'freezer', 'cpuacct'];

/** What is watched is walked anew all the same, this seldom: a lost event must not last. */
const watchedWalkMsec = 300_000;
/** Walking what is not watched may take this part of the time. */
const walkShare = 0.01;
/** A step walks on to the next hierarchy only where it has not taken this long already. */
const stepMsec = 20;
const mask = IN_CREATE | IN_DELETE | IN_MODIFY | IN_ONLYDIR;

interface Watched {
  hierarchy: Hierarchy;
  path: string;
}

/**
 * Which groups there are, kept current: by inotify(7) where directories can be watched, by walking anew where there are
 * too many. cgroup file systems of both versions tell of mkdir, rmdir and of every write.
 */
export class TreeStructure implements Disposable {
  readonly groups = new Map<string, PlacedGroup>();
  readonly #hierarchies: readonly Hierarchy[];
  readonly #limit: number;
  readonly #watches: number;
  readonly #listener: StructureListener;
  readonly #inotify: Fd | undefined;
  readonly #watched = new Map<number, Watched>();
  /** Made since the last step, by path: looked at then, if they are still there. Most groups of a short life never are. */
  readonly #born = new Map<string, Set<Hierarchy>>();
  /** Of each hierarchy: path to watch descriptor; undefined once it had too many directories to watch. */
  readonly #byPath = new Map<Hierarchy, Map<string, number>>();
  /** Groups beyond the bound, by the group that is taken and above them. */
  readonly #beyond = new Map<Hierarchy, Map<string, number>>();
  readonly #always: (path: string) => boolean;
  #leftOut: { path: string; count: number }[] | undefined;
  /** When each hierarchy is walked next, and how soon it may be walked again: its size allows no more. */
  readonly #dueMsec = new Map<Hierarchy, number>();
  readonly #soonestMsec = new Map<Hierarchy, number>();
  /** From walk to walk of hierarchies that are not watched. */
  readonly #pauseMsec = new Map<Hierarchy, number>();

  constructor({ hierarchies, limit, always = () => false, watches = 16_384, listener }: StructureOptions) {
    this.#hierarchies = hierarchies.all;
    this.#limit = limit;
    this.#always = always;
    this.#watches = watches;
    this.#listener = listener;
    this.#inotify = this.#openInotify();
    if (this.#inotify !== undefined) for (const hierarchy of this.#hierarchies) this.#byPath.set(hierarchy, new Map());
    const rank = (hierarchy: Hierarchy): number => {
      const found = watchedFirst.findIndex((controller) => hierarchy.controllers.has(controller));
      return found < 0 ? watchedFirst.length : found;
    };
    for (const hierarchy of this.#hierarchies.toSorted((left, right) => rank(left) - rank(right))) this.#walk(hierarchy);
  }

  /** Groups beyond the bound, as far as they were counted, below the groups that are taken; most first. */
  get leftOut(): readonly { path: string; count: number }[] {
    this.#leftOut ??= this.#countLeftOut();
    return this.#leftOut;
  }

  #countLeftOut(): { path: string; count: number }[] {
    const total = (below: ReadonlyMap<string, number>): number => [...below.values()].reduce((sum, count) => sum + count, 0);
    // A group is mostly in several hierarchies: it is counted in that which has most.
    const [most] = [...this.#beyond.values()].toSorted((left, right) => total(right) - total(left));
    return [...(most ?? [])].map(([path, count]) => ({ path, count })).sort((left, right) => right.count - left.count);
  }

  /** Whether every hierarchy is watched: then nobody writes a file unheard. */
  get isWatched(): boolean {
    return this.#byPath.size === this.#hierarchies.length;
  }

  /** How late a group may be seen that is made now: 0 where all is heard. */
  get lateMsec(): number {
    return Math.max(0, ...this.#pauseMsec.values());
  }

  /** Directories that are watched now. */
  get watched(): number {
    return this.#watched.size;
  }

  #openInotify(): Fd | undefined {
    let inotify: Fd | undefined;
    try {
      inotify = inotify_init1();
      poll(inotify, { readable: true }, () => this.#takeEvents());
      return inotify;
    } catch (failure) {
      inotify?.[Symbol.dispose]();
      // Too many instances of this user (fs.inotify.max_user_instances): walking does it as well, a little later.
      if (hasErrno(failure, 'EMFILE', 'ENFILE', 'ENOMEM')) return undefined;
      throw failure;
    }
  }

  #watch(hierarchy: Hierarchy, path: string): void {
    const paths = this.#byPath.get(hierarchy);
    if (this.#inotify === undefined || paths === undefined || paths.has(path)) return;
    try {
      if (this.#watched.size >= this.#watches) {
        this.#unwatchAll(hierarchy, paths);
        return;
      }
      const watch = inotify_add_watch(this.#inotify, hierarchy.absolute(path), mask);
      paths.set(path, watch);
      this.#watched.set(watch, { hierarchy, path });
    } catch (failure) {
      if (hasErrno(failure, 'ENOENT', 'ENOTDIR')) return;
      // The user's limit (fs.inotify.max_user_watches) or memory.
      if (!hasErrno(failure, 'ENOSPC', 'ENOMEM')) throw failure;
      this.#unwatchAll(hierarchy, paths);
    }
  }

  /** A hierarchy is watched whole or not at all. */
  #unwatchAll(hierarchy: Hierarchy, paths: Map<string, number>): void {
    for (const path of paths.keys()) this.#unwatch(hierarchy, path);
    this.#byPath.delete(hierarchy);
    // Nothing is heard of it from now on, and what was told just now is lost.
    this.#dueMsec.set(hierarchy, 0);
  }

  #unwatch(hierarchy: Hierarchy, path: string): void {
    const watch = this.#byPath.get(hierarchy)?.get(path);
    if (watch === undefined || this.#inotify === undefined) return;
    this.#byPath.get(hierarchy)?.delete(path);
    this.#watched.delete(watch);
    try {
      inotify_rm_watch(this.#inotify, watch);
    } catch (failure) {
      // The kernel removed it with the directory.
      if (!hasErrno(failure, 'EINVAL')) throw failure;
    }
  }

  #takeEvents(): void {
    if (this.#inotify === undefined || this.#inotify.closed) return;
    for (const event of readInotify(this.#inotify)) this.#takeEvent(event);
  }

  #takeEvent({ watch, mask: what, name }: InotifyEvent): void {
    if ((what & IN_Q_OVERFLOW) !== 0) {
      for (const hierarchy of this.#hierarchies) this.#dueMsec.set(hierarchy, 0);
      return;
    }
    const watched = this.#watched.get(watch);
    if (watched === undefined || (what & IN_IGNORED) !== 0) return;
    const { hierarchy, path } = watched;
    if ((what & IN_ISDIR) === 0) {
      if ((what & IN_MODIFY) !== 0 && name !== '') this.#listener.written(path, name);
      return;
    }
    const child = path === '' ? name : `${path}/${name}`;
    if ((what & IN_CREATE) !== 0) {
      this.#replaced(hierarchy, child);
      const born = this.#born.get(child);
      if (born === undefined) this.#born.set(child, new Set([hierarchy]));
      else born.add(hierarchy);
    }
    if ((what & IN_DELETE) !== 0) {
      this.#diedYoung(hierarchy, child);
      if (this.groups.get(child)?.present.includes(hierarchy) === true && !hierarchy.exists(child)) this.#left(hierarchy, child);
    }
  }

  #diedYoung(hierarchy: Hierarchy, path: string): void {
    const born = this.#born.get(path);
    if (born === undefined) return;
    born.delete(hierarchy);
    if (born.size === 0) this.#born.delete(path);
  }

  /** Takes in what was made since the last step. */
  #takeBorn(): void {
    for (const [path, hierarchies] of this.#born) for (const hierarchy of hierarchies) this.#appeared(hierarchy, path);
    this.#born.clear();
  }

  /** A group that was known under the name was removed and made anew before we looked: what is held of it is of the old one. */
  #replaced(hierarchy: Hierarchy, path: string): void {
    const known = this.groups.get(path);
    if (known === undefined || !known.present.includes(hierarchy)) return;
    this.#unwatch(hierarchy, path);
    this.#listener.moved(known);
  }

  /** A group was made in one hierarchy: others that are not watched may have it too, and there may be groups below it already. */
  #appeared(hierarchy: Hierarchy, path: string): void {
    for (const each of walkHierarchy(hierarchy, path)) {
      this.#place(each, hierarchy);
      for (const other of this.#hierarchies)
        if (other !== hierarchy && !this.#byPath.has(other) && other.exists(each)) this.#place(each, other);
    }
  }

  #place(path: string, hierarchy: Hierarchy): void {
    // Watched before it is looked into, so that what is made meanwhile is told.
    this.#watch(hierarchy, path);
    const known = this.groups.get(path);
    if (known === undefined) {
      if (this.groups.size >= this.#limit && !this.#always(path)) {
        // It is counted by the next walk, which comes as soon as may be.
        const soonest = this.#soonestMsec.get(hierarchy) ?? 0;
        if ((this.#dueMsec.get(hierarchy) ?? 0) > soonest) this.#dueMsec.set(hierarchy, soonest);
        return;
      }
      const group: PlacedGroup = { path, present: [hierarchy] };
      this.groups.set(path, group);
      this.#listener.appeared(group);
    } else if (!known.present.includes(hierarchy)) {
      // In the order of the hierarchies, whichever was heard of first.
      known.present = this.#hierarchies.filter((each) => each === hierarchy || known.present.includes(each));
      this.#listener.moved(known);
    }
  }

  #left(hierarchy: Hierarchy, path: string): void {
    this.#unwatch(hierarchy, path);
    const group = this.groups.get(path);
    if (group === undefined || !group.present.includes(hierarchy)) return;
    // What left one hierarchy is often leaving all: those that are not watched are asked.
    const present = group.present.filter((each) => each !== hierarchy && (this.#byPath.has(each) || each.exists(path)));
    if (present.length === 0) {
      this.groups.delete(path);
      this.#listener.gone(path);
      return;
    }
    group.present = present;
    this.#listener.moved(group);
  }

  /** Somebody knows of it before inotify or a walk told. */
  meet(path: string): void {
    if (this.groups.has(path)) return;
    this.#meetAbove(path);
    for (const hierarchy of this.#hierarchies) if (hierarchy.exists(path)) this.#place(path, hierarchy);
  }

  /** Parents come before their children, so that what is counted of the one is counted of the other. */
  #meetAbove(path: string): void {
    for (let end = path.indexOf('/'); end > 0; end = path.indexOf('/', end + 1)) this.meet(path.slice(0, end));
  }

  /** As `meet`, with everything below it. */
  meetSubtree(path: string): void {
    this.#meetAbove(path);
    for (const hierarchy of this.#hierarchies) for (const each of walkHierarchy(hierarchy, path)) this.#place(each, hierarchy);
  }

  /** Somebody asks for it before the next step, or found it gone: the kernel said so before inotify or a walk did. */
  check(path: string): void {
    if (!this.groups.has(path)) {
      this.#takeEvents();
      this.#takeBorn();
    }
    const group = this.groups.get(path);
    if (group === undefined || path === '') return;
    for (const hierarchy of group.present) if (!hierarchy.exists(path)) this.#left(hierarchy, path);
  }

  /** The nearest group above that is taken. */
  #takenAbove(path: string): string {
    let above = path;
    do above = above.slice(0, Math.max(0, above.lastIndexOf('/')));
    while (above !== '' && !this.groups.has(above));
    return above;
  }

  #walk(hierarchy: Hierarchy): void {
    const began = performance.now();
    const found = new Set<string>();
    const beyond = new Map<string, number>();
    for (const path of walkHierarchy(hierarchy)) {
      found.add(path);
      if (this.groups.size >= this.#limit && !this.groups.has(path) && !this.#always(path)) {
        const above = this.#takenAbove(path);
        beyond.set(above, (beyond.get(above) ?? 0) + 1);
      } else this.#place(path, hierarchy);
      if (found.size > 20 * this.#limit) break;
    }
    this.#beyond.set(hierarchy, beyond);
    this.#leftOut = undefined;
    for (const { path, present } of [...this.groups.values()])
      if (present.includes(hierarchy) && !found.has(path) && !hierarchy.exists(path)) this.#left(hierarchy, path);
    const now = performance.now();
    const unwatched = this.#hierarchies.length - this.#byPath.size;
    const isWatched = this.#byPath.has(hierarchy);
    const restMsec = Math.max(500, ((now - began) * Math.max(1, unwatched)) / walkShare);
    this.#soonestMsec.set(hierarchy, now + restMsec);
    this.#dueMsec.set(hierarchy, now + (isWatched ? watchedWalkMsec : restMsec));
    if (isWatched) this.#pauseMsec.delete(hierarchy);
    else this.#pauseMsec.set(hierarchy, restMsec);
  }

  /** Once a second: takes what was heard, and walks hierarchies whose time has come, each as often as its size allows. */
  step(): void {
    this.#takeEvents();
    this.#takeBorn();
    const began = performance.now();
    for (const hierarchy of this.#hierarchies) {
      if (began < (this.#dueMsec.get(hierarchy) ?? 0)) continue;
      this.#walk(hierarchy);
      if (performance.now() - began > stepMsec) return;
    }
  }

  [Symbol.dispose](): void {
    this.#inotify?.[Symbol.dispose]();
    this.#watched.clear();
    this.#byPath.clear();
    this.#born.clear();
  }
}
