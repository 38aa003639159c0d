import type { CgroupChange, CgroupGaps, CgroupTree } from '@bulkhead/api';
import { type Hierarchies, openHierarchies, readFacts, readFiles, type Walked, walkTree } from '@bulkhead/cgroup';
import { type CgroupFile, type CgroupNode, type CgroupSample, type Maker, Problem } from '@bulkhead/model';
import { SecondTimer } from '../sampler/clock.ts';
import { Broadcast } from '../stream/broadcast.ts';

/** Cgroups that are read, at most; further ones are counted. */
const mostCgroups = 20_000;

export interface HostCgroupsOptions {
  makerOf(path: string): Maker;
}

/** Every cgroup of the host. */
export class HostCgroups implements Disposable {
  readonly live = new Broadcast<CgroupChange>(3);
  readonly #options: HostCgroupsOptions;
  readonly #hierarchies: Hierarchies = openHierarchies();
  readonly #timer: SecondTimer;

  constructor(options: HostCgroupsOptions) {
    this.#options = options;
    this.#timer = new SecondTimer(() => {
      if (this.live.subscribers > 0) this.live.publish({ type: 'snapshot', ...this.tree() });
    });
  }

  #node(path: string, present: Walked['groups'] extends Map<string, infer P> ? P : never): { node: CgroupNode; unread: string[] } {
    const { unread, ...facts } = readFacts(this.#hierarchies, path, present);
    return { node: { path: `/${path}`, maker: this.#options.makerOf(`/${path}`), ...facts, use: {} }, unread };
  }

  tree(): CgroupTree {
    const { groups, leftOut } = walkTree(this.#hierarchies, mostCgroups);
    const read = [...groups].map(([path, present]) => this.#node(path, present));
    const gaps: CgroupGaps = {
      cgroups: read.filter(({ unread }) => unread.length > 0).length,
      leftOut,
      reasons: [],
    };
    return { at: new Date().toISOString(), cgroups: read.map(({ node }) => node), gaps };
  }

  inspect(path: string): { cgroup: CgroupNode; files: CgroupFile[] } {
    const relative = path.slice(1);
    const present = this.#hierarchies.all.filter((hierarchy) => hierarchy.exists(relative));
    if (present.length === 0) throw new Problem('not-found', `there is no cgroup ${path}`, { remedy: './bulkhead cgroup ls lists them' });
    return { cgroup: this.#node(relative, present).node, files: readFiles(present, relative) };
  }

  recent(_path: string): CgroupSample[] {
    return [];
  }

  [Symbol.dispose](): void {
    this.#timer[Symbol.dispose]();
    this.live.close();
    this.#hierarchies[Symbol.dispose]();
  }
}
