import type { CgroupChange, CgroupGaps } from '@bulkhead/api';
import type { CgroupNode, CgroupUse } from '@bulkhead/model';
import type { Trouble } from '../../lib/api.ts';

/** The cgroups of a host without their use; a new object with every change of the tree itself. */
export interface Tree {
  /** Parents before children. Undefined until the first snapshot. */
  cgroups: ReadonlyMap<string, CgroupNode> | undefined;
  gaps: CgroupGaps | undefined;
  trouble: Trouble | undefined;
}

export interface UseRound {
  atMsec: number;
  use: readonly { path: string; use: CgroupUse }[];
}

export const unknownTree: Tree = { cgroups: undefined, gaps: undefined, trouble: undefined };

const sameGaps = (before: CgroupGaps | undefined, now: CgroupGaps): boolean =>
  before !== undefined &&
  before.cgroups === now.cgroups &&
  before.leftOut === now.leftOut &&
  before.lateSeconds === now.lateSeconds &&
  before.reasons.join('\n') === now.reasons.join('\n');

/** The cgroup tree in this tab, outside React: who shows a number is told of that number alone. */
export class TreeStore {
  #tree: Tree = unknownTree;
  #uses: Map<string, CgroupUse> = new Map();
  #lastAtMsec: number | undefined;
  readonly #trees = new Set<() => void>();
  readonly #useListeners = new Set<() => void>();
  readonly #rounds = new Set<(round: UseRound) => void>();

  readonly subscribeTree = (listener: () => void): (() => void) => {
    this.#trees.add(listener);
    return () => this.#trees.delete(listener);
  };
  readonly subscribeUse = (listener: () => void): (() => void) => {
    this.#useListeners.add(listener);
    return () => this.#useListeners.delete(listener);
  };
  /** Told of every sample, for charts. */
  onRound(listener: (round: UseRound) => void): () => void {
    this.#rounds.add(listener);
    return () => this.#rounds.delete(listener);
  }

  readonly view = (): Tree => this.#tree;
  /** When the last sample was taken. */
  get lastAtMsec(): number | undefined {
    return this.#lastAtMsec;
  }
  use(path: string): CgroupUse | undefined {
    return this.#uses.get(path);
  }

  apply(change: CgroupChange): void {
    const atMsec = Date.parse(change.at);
    this.#lastAtMsec = atMsec;
    if (change.type === 'snapshot') {
      this.#uses = new Map(change.cgroups.map(({ path, use }) => [path, use]));
      this.#show({ cgroups: new Map(change.cgroups.map((cgroup) => [cgroup.path, cgroup])), gaps: change.gaps, trouble: undefined });
      this.#sample({ atMsec, use: change.cgroups });
      return;
    }
    const { cgroups: known, gaps } = this.#tree;
    if (change.cgroups.length > 0 || change.removed.length > 0 || !sameGaps(gaps, change.gaps) || this.#tree.trouble !== undefined) {
      const cgroups = new Map(known);
      for (const cgroup of change.cgroups) cgroups.set(cgroup.path, cgroup);
      for (const path of change.removed) {
        cgroups.delete(path);
        this.#uses.delete(path);
      }
      this.#show({ cgroups, gaps: change.gaps, trouble: undefined });
    }
    for (const { path, use } of change.cgroups) this.#uses.set(path, use);
    for (const { path, use } of change.use) this.#uses.set(path, use);
    this.#sample({ atMsec, use: [...change.cgroups, ...change.use] });
  }

  applyTrouble(trouble: Trouble | undefined): void {
    // What is used now is not known while nobody tells.
    if (trouble !== undefined) this.forgetUses();
    this.#show({ ...this.#tree, trouble });
  }

  forgetUses(): void {
    this.#uses = new Map();
    for (const listener of this.#useListeners) listener();
  }

  #sample(round: UseRound): void {
    for (const listener of this.#useListeners) listener();
    for (const listener of this.#rounds) listener(round);
  }

  #show(tree: Tree): void {
    this.#tree = tree;
    for (const listener of this.#trees) listener();
  }
}
