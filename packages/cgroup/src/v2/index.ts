import { hasErrno } from '@bulkhead/kernel';
import type { ContainerLimits, EffectiveLimits } from '@bulkhead/model';
import type { Hierarchy } from '../hierarchy.ts';
import { killAll } from '../kill.ts';
import { checkForeignPath, checkPath, parentsOf } from '../path.ts';
import { KeptReader, keepFiles, readMany } from '../reader.ts';
import { removeAll } from '../remove.ts';
import type { CgroupEntry, CgroupReader, Cgroups, ReadOutcome } from '../types.ts';
import { enableControllers, offeredControllers, wantedControllers } from './controllers.ts';
import { cpuFiles, readCpuLimits, setCpu } from './cpu.ts';
import { restrictDevices } from './devices.ts';
import { setFrozen } from './freezer.ts';
import { ioFiles } from './io.ts';
import { memoryFiles, readMemoryLimits, setMemory } from './memory.ts';
import { pidsFiles, readPidsLimits, setPids } from './pids.ts';
import { pressureFiles } from './pressure.ts';

/** Control groups version 2: one tree. Processes live in its leaves alone ("No Internal Process Constraint"). */
export class UnifiedCgroups implements Cgroups {
  readonly setup = 'unified';
  readonly delegated: string;
  readonly controllers: Cgroups['controllers'];
  readonly #tree: Hierarchy;

  constructor(tree: Hierarchy, delegated = '') {
    this.#tree = tree;
    this.delegated = delegated;
    const offered = offeredControllers(tree, delegated);
    // Freezing is part of the core (Linux 5.2); devices are restricted by other means, see restrictDevices.
    this.controllers = new Set([...wantedControllers.filter((name) => offered.has(name)), 'freezer' as const]);
  }

  create(path: string): void {
    checkPath(path);
    const isAbove = (parent: string) => parent !== this.delegated && (parent === '' || this.delegated.startsWith(`${parent}/`));
    for (const parent of ['', ...parentsOf(path)]) {
      // What is above is its owner's: that it is there, and what it hands down.
      if (this.delegated !== '' && isAbove(parent)) continue;
      if (parent !== '' && parent !== this.delegated) this.#tree.makeOne(parent);
      enableControllers(this.#tree, parent);
    }
    this.#tree.makeOne(path);
  }

  /** The tree, where the group has the controller. */
  #with(path: string, controller: string): Hierarchy | undefined {
    return offeredControllers(this.#tree, path).has(controller) || !this.#tree.exists(path) ? this.#tree : undefined;
  }

  setLimits(path: string, limits: ContainerLimits): void {
    checkPath(path);
    setMemory(this.#with(path, 'memory'), path, limits);
    setCpu(this.#with(path, 'cpu'), path, limits);
    setPids(this.#with(path, 'pids'), path, limits);
  }

  limits(path: string): EffectiveLimits {
    checkPath(path);
    return { ...readMemoryLimits(this.#tree, path), ...readCpuLimits(this.#tree, path), ...readPidsLimits(this.#tree, path) };
  }

  restrictDevices(path: string): void {
    restrictDevices(this.#tree, checkPath(path));
  }

  entry(path: string): CgroupEntry {
    return { kind: 'into', directory: this.#tree.openDirectory(checkPath(path)) };
  }

  reader(path: string): CgroupReader {
    return this.#open(checkPath(path));
  }

  foreignReader(path: string): CgroupReader {
    return this.#open(checkForeignPath(path));
  }

  #open(path: string): CgroupReader {
    using directory = this.#tree.openDirectory(path);
    using opened = new DisposableStack();
    const kept = keepFiles(directory, [...cpuFiles, ...memoryFiles, ...ioFiles, ...pidsFiles]);
    for (const source of kept) opened.use(source);
    const rare = keepFiles(directory, pressureFiles);
    for (const source of rare) opened.use(source);
    const reader = new KeptReader(directory, kept, rare);
    opened.move();
    return reader;
  }

  readMany(readers: readonly CgroupReader[]): ReadOutcome[] {
    return readMany(readers);
  }

  processes(path: string): number[] {
    return this.#tree.processes(checkPath(path));
  }

  kill(path: string, timeoutMsec: number): Promise<void> {
    checkPath(path);
    const target = {
      processes: () => this.#tree.processes(path),
      killAtOnce: () => {
        try {
          this.#tree.write(path, 'cgroup.kill', '1');
          return true;
        } catch (failure) {
          // Before Linux 5.14 there is no such file; a threaded group refuses.
          if (hasErrno(failure, 'ENOENT', 'EOPNOTSUPP')) return false;
          throw failure;
        }
      },
      setFrozen: (isFrozen: boolean) => setFrozen(this.#tree, path, isFrozen),
    };
    return killAll(path, target, timeoutMsec);
  }

  remove(path: string, likely?: readonly string[]): Promise<void> {
    return removeAll([this.#tree], checkPath(path), likely);
  }

  children(path: string): string[] {
    return this.#tree
      .childNames(checkPath(path))
      .sort()
      .map((name) => `${path}/${name}`);
  }

  exists(path: string): boolean {
    return this.#tree.exists(checkPath(path));
  }
}
