import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cgroupMounts } from './hand-cgroup.ts';

/** Many cgroups made by hand below one of their own, in every hierarchy, as a host with many containers has them. */
export class HandCgroups implements Disposable {
  /** Below each mount point, without a slash before it. */
  readonly root = `test-${randomBytes(3).toString('hex')}`;
  readonly #mounts = cgroupMounts();
  readonly #paths = new Set<string>();

  /** @param perParent groups below each group in between */
  constructor(count: number, perParent = 100) {
    for (const { point, type } of this.#mounts) {
      const make = (path: string): void => {
        mkdirSync(`${point}/${path}`);
        if (type === 'cgroup2') this.#enable(`${point}/${path}`);
      };
      if (type === 'cgroup2') this.#enable(point);
      make(this.root);
      for (let index = 0; index < count; index += 1) {
        const parent = `${this.root}/part-${Math.floor(index / perParent)}`;
        if (index % perParent === 0) make(parent);
        const path = `${parent}/group-${index}`;
        mkdirSync(`${point}/${path}`);
        this.#paths.add(path);
      }
    }
  }

  #enable(directory: string): void {
    const offered = readFileSync(`${directory}/cgroup.controllers`, 'utf8').trim().split(' ');
    for (const name of ['cpu', 'memory', 'io', 'pids'].filter((each) => offered.includes(each)))
      writeFileSync(`${directory}/cgroup.subtree_control`, `+${name}`);
  }

  /** Whether a path, without a slash before it, is one of them; those in between are not. */
  has(path: string): boolean {
    return this.#paths.has(path);
  }

  [Symbol.dispose](): void {
    for (const { point } of this.#mounts)
      if (existsSync(`${point}/${this.root}`))
        execFileSync('find', [`${point}/${this.root}`, '-depth', '-type', 'd', '-exec', 'rmdir', '{}', '+']);
  }
}
