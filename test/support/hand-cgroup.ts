import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

interface Mount {
  point: string;
  /** `cgroup` or `cgroup2`. */
  type: string;
  controllers: string[];
}

/** Mounted hierarchies with a controller, and the v2 tree, as /proc/self/mounts has them. */
export const cgroupMounts = (): Mount[] =>
  readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' '))
    .filter(([, , type, options]) => type === 'cgroup2' || (type === 'cgroup' && !/(^|,)name=/.test(options ?? '')))
    .map(([, point = '', type = '', options = '']) => ({ point, type, controllers: options.split(',') }));

/** A cgroup made by hand, as a person would in a shell: with mkdir in every hierarchy, past all our code. */
export class HandCgroup implements AsyncDisposable {
  /** Below each mount point, with a slash before it. */
  readonly path: string;
  readonly #mounts = cgroupMounts();

  /** @param only in these hierarchies of v1 alone, by a controller of each */
  constructor(path: string, only?: readonly string[]) {
    this.path = path;
    if (only !== undefined) this.#mounts = this.#mounts.filter(({ controllers }) => controllers.some((name) => only.includes(name)));
    const parts = path.split('/').filter(Boolean);
    for (const { point, type } of this.#mounts)
      for (let depth = 1; depth <= parts.length; depth += 1) {
        const parent = [point, ...parts.slice(0, depth - 1)].join('/');
        const own = [point, ...parts.slice(0, depth)].join('/');
        if (type === 'cgroup2') HandCgroup.#enable(parent);
        if (!existsSync(own)) mkdirSync(own);
        // A cpuset of v1 begins empty, and takes no process until it is filled.
        for (const file of ['cpuset.cpus', 'cpuset.mems'])
          if (type === 'cgroup' && existsSync(`${own}/${file}`)) writeFileSync(`${own}/${file}`, readFileSync(`${parent}/${file}`));
      }
  }

  static #enable(parent: string): void {
    const offered = readFileSync(`${parent}/cgroup.controllers`, 'utf8').trim().split(' ');
    for (const name of ['cpu', 'memory', 'io', 'pids'].filter((each) => offered.includes(each)))
      writeFileSync(`${parent}/cgroup.subtree_control`, `+${name}`);
  }

  /** Absolute path of one of its files; of the first hierarchy that has it. @throws where none does */
  file(...names: readonly string[]): string {
    for (const name of names)
      for (const { point } of this.#mounts) if (existsSync(`${point}${this.path}/${name}`)) return `${point}${this.path}/${name}`;
    throw new Error(`${this.path} has no ${names.join(' or ')}`);
  }

  read(...names: readonly string[]): string {
    return readFileSync(this.file(...names), 'utf8');
  }

  /** Puts a process into it, in every hierarchy. */
  join(pid: number): void {
    for (const { point } of this.#mounts) writeFileSync(`${point}${this.path}/cgroup.procs`, String(pid));
  }

  /** rmdir in every hierarchy; waits a moment for processes that are ending. */
  async remove(): Promise<void> {
    for (const { point } of this.#mounts)
      for (let tries = 0; existsSync(`${point}${this.path}`); tries += 1) {
        try {
          rmdirSync(`${point}${this.path}`);
        } catch (failure) {
          if (tries === 100) throw failure;
          await sleep(20);
        }
      }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.remove();
  }
}
