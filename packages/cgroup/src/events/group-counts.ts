import { hasErrno } from '@bulkhead/kernel';
import { FormatError } from '../formats.ts';
import type { Hierarchy } from '../hierarchy.ts';
import { parentOf } from '../path.ts';
import type { Hierarchies } from '../tree/hierarchies.ts';
import { readFile } from '../tree/open-file.ts';
import { type CountKind, type CountSource, countKindNames, countSourceOf, parseCount } from './count-kinds.ts';

interface Count {
  /** `untried`: not looked for yet. */
  source: CountSource | undefined | 'untried';
  /** The kernel's number as it was last read. */
  value: number;
  isRead: boolean;
  /** Of the group and everything below it, those that are gone included; undefined where nothing was ever read. */
  total: number | undefined;
}

export interface CountedGroup {
  readonly path: string;
  present: readonly Hierarchy[];
  readonly parent: CountedGroup | undefined;
  readonly children: Set<CountedGroup>;
  readonly counts: Readonly<Record<CountKind, Count>>;
}

const newCount = (): Count => ({ source: 'untried', value: 0, isRead: false, total: undefined });

/**
 * Counts of every group as numbers of its whole subtree, however the kernel counts: what it counts at one group alone is
 * summed up, and stays counted when that group is gone.
 */
export class GroupCounts {
  readonly #hierarchies: Pick<Hierarchies, 'with' | 'unified'>;
  readonly #groups = new Map<string, CountedGroup>();
  readonly #onGrown: (group: CountedGroup, kind: CountKind) => void;

  /** @param onGrown told of each number that was read and is more than before */
  constructor(hierarchies: Pick<Hierarchies, 'with' | 'unified'>, onGrown: (group: CountedGroup, kind: CountKind) => void = () => {}) {
    this.#hierarchies = hierarchies;
    this.#onGrown = onGrown;
  }

  get(path: string): CountedGroup | undefined {
    return this.#groups.get(path);
  }

  /** Takes a group in, or notes in which hierarchies it is now. Its parents come before it. */
  add(path: string, present: readonly Hierarchy[]): CountedGroup {
    const known = this.#groups.get(path);
    if (known !== undefined) {
      known.present = present;
      for (const kind of countKindNames) known.counts[kind].source = 'untried';
      return known;
    }
    const parent = path === '' ? undefined : this.#groups.get(parentOf(path));
    const group = { path, present, parent, children: new Set<CountedGroup>(), counts: { oomKills: newCount(), pidsRefusals: newCount() } };
    parent?.children.add(group);
    this.#groups.set(path, group);
    return group;
  }

  remove(path: string): void {
    const group = this.#groups.get(path);
    if (group === undefined) return;
    group.parent?.children.delete(group);
    this.#groups.delete(path);
  }

  sourceOf(group: CountedGroup, kind: CountKind): CountSource | undefined {
    const count = group.counts[kind];
    if (count.source === 'untried') count.source = countSourceOf(kind, this.#hierarchies, group);
    return count.source;
  }

  /** The number of a group and everything below it as it was last read; undefined where it was not, or cannot be. */
  total(path: string, kind: CountKind): number | undefined {
    return this.#groups.get(path)?.counts[kind].total;
  }

  /** A group and everything below it. */
  *subtree(group: CountedGroup): Generator<CountedGroup> {
    // With a list of its own: a tree may be deeper than the stack.
    const waiting = [group];
    for (let each = waiting.pop(); each !== undefined; each = waiting.pop()) {
      yield each;
      waiting.push(...each.children);
    }
  }

  /** Reads the one number of a group anew. @returns whether it grew */
  read(group: CountedGroup, kind: CountKind): boolean {
    const source = this.sourceOf(group, kind);
    if (source === undefined) return false;
    let value: number | undefined;
    try {
      const text = readFile(source.hierarchy, group.path, source.file);
      value = text === undefined ? undefined : parseCount(kind, text);
    } catch (failure) {
      // What the kernel refuses or nobody understands is not known; the tree's facts name such files.
      if (!(failure instanceof FormatError) && !hasErrno(failure, 'EACCES', 'EPERM', 'EIO', 'ENODEV')) throw failure;
    }
    if (value === undefined) return false;
    const count = group.counts[kind];
    // A number that went back is that of another group, made anew by the same name.
    const grown = value < count.value ? value : value - count.value;
    count.value = value;
    const isFirst = !count.isRead;
    count.isRead = true;
    if (source.ofSubtree) count.total = (count.total ?? 0) + grown;
    else if (grown > 0 || isFirst)
      for (let each: CountedGroup | undefined = group; each !== undefined; each = each.parent)
        each.counts[kind].total = (each.counts[kind].total ?? 0) + grown;
    if (grown > 0) this.#onGrown(group, kind);
    return grown > 0;
  }

  /** Brings the total of a group up to date, with everything below it where the kernel does not sum up itself. */
  refresh(group: CountedGroup, kind: CountKind): void {
    const source = this.sourceOf(group, kind);
    if (source?.ofSubtree === true) this.read(group, kind);
    else for (const each of this.subtree(group)) this.read(each, kind);
  }
}
