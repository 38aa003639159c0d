import type { CgroupSetup, ContainerLimits, EffectiveLimits } from '@bulkhead/model';
import { Problem } from '@bulkhead/model';
import type { Hierarchy } from '../hierarchy.ts';
import { killAll } from '../kill.ts';
import { checkForeignPath, checkPath, parentOf, parentsOf } from '../path.ts';
import { type CounterFile, KeptReader, keepFiles, type ReadingSource, readMany } from '../reader.ts';
import { removeAll } from '../remove.ts';
import type { CgroupEntry, CgroupReader, Cgroups, ReadOutcome } from '../types.ts';
import { cpuacctFiles, cpuFiles, readCpuLimits, setCpu } from './cpu.ts';
import { fillCpuset, inheritCpuset } from './cpuset.ts';
import { restrictDevices } from './devices.ts';
import { setFrozen } from './freezer.ts';
import { enableIoCounting, ioFiles, isIoCounted } from './io.ts';
import { memoryFiles, OomKills, readMemoryLimits, setMemory } from './memory.ts';
import { pidsFiles, readPidsLimits, setPids } from './pids.ts';

/** Controllers of v1 that we use, with the v2 name of what they do. Others, and named hierarchies, are left alone. */
export const legacyControllers = {
  cpuset: 'cpuset',
  cpu: 'cpu',
  cpuacct: 'cpu',
  memory: 'memory',
  blkio: 'io',
  pids: 'pids',
  devices: 'devices',
  freezer: 'freezer',
} as const;
type LegacyController = keyof typeof legacyControllers;

/** Control groups version 1: a path stands for a directory in each hierarchy. */
export class LegacyCgroups implements Cgroups {
  readonly delegated = '';
  readonly setup: CgroupSetup;
  readonly controllers: Cgroups['controllers'];
  readonly #hierarchies: readonly Hierarchy[];
  readonly #by = new Map<LegacyController, Hierarchy>();
  /** The one that counts, and says who is in. */
  readonly #accounting: Hierarchy;
  #isIoPrepared = false;
  /** Sums of OOM kills in use: they must hear of groups made and removed below theirs. By path. */
  readonly #oomKills = new Map<string, Set<OomKills>>();

  constructor(setup: 'legacy' | 'hybrid', hierarchies: readonly Hierarchy[]) {
    this.setup = setup;
    for (const name of Object.keys(legacyControllers) as LegacyController[]) {
      const hierarchy = hierarchies.find((each) => each.controllers.has(name));
      if (hierarchy !== undefined) this.#by.set(name, hierarchy);
    }
    const found = new Set([...this.#by.keys()].map((name) => legacyControllers[name]));
    if (!this.#by.has('cpu')) found.delete('cpu');
    this.controllers = found;
    const accounting = this.#by.get('cpuacct') ?? this.#by.get('pids') ?? this.#by.values().next().value;
    if (accounting === undefined) throw new Problem('unsupported', 'no hierarchy of control groups with a controller is mounted');
    this.#accounting = accounting;
    // The one that says who is in comes first: a child that dies between two joins has joined that one.
    this.#hierarchies = [...new Set([accounting, ...this.#by.values()])];
  }

  create(path: string): void {
    checkPath(path);
    for (const hierarchy of this.#hierarchies) {
      const isCpuset = hierarchy === this.#by.get('cpuset');
      for (const each of hierarchy.makePath(path)) {
        if (isCpuset) fillCpuset(hierarchy, each);
        if (isCpuset && parentOf(each) === '') inheritCpuset(hierarchy, each);
      }
      if (isCpuset) fillCpuset(hierarchy, path);
    }
    for (const parent of parentsOf(path)) for (const sum of this.#oomKills.get(parent) ?? []) sum.childMade();
    const blkio = this.#by.get('blkio');
    if (blkio !== undefined && !this.#isIoPrepared) {
      enableIoCounting(blkio, path.split('/')[0] as string);
      this.#isIoPrepared = true;
    }
  }

  setLimits(path: string, limits: ContainerLimits): void {
    checkPath(path);
    setMemory(this.#by.get('memory'), path, limits);
    setCpu(this.#by.get('cpu'), path, limits);
    setPids(this.#by.get('pids'), path, limits);
  }

  limits(path: string): EffectiveLimits {
    checkPath(path);
    return {
      ...readMemoryLimits(this.#by.get('memory'), path),
      ...readCpuLimits(this.#by.get('cpu'), path),
      ...readPidsLimits(this.#by.get('pids'), path),
    };
  }

  restrictDevices(path: string): void {
    const devices = this.#by.get('devices');
    if (devices !== undefined) restrictDevices(devices, checkPath(path));
  }

  entry(path: string): CgroupEntry {
    checkPath(path);
    using opened = new DisposableStack();
    const files = this.#hierarchies.map((hierarchy) => opened.use(hierarchy.openForWriting(path, 'tasks')));
    opened.move();
    return { kind: 'tasks', files };
  }

  reader(path: string, likely?: readonly string[]): CgroupReader {
    checkPath(path);
    const memory = this.#by.get('memory');
    return this.#open(path, () => (memory?.exists(path) === true ? this.#sumOomKills(memory, path, likely) : undefined));
  }

  foreignReader(path: string): CgroupReader {
    return this.#open(checkForeignPath(path), () => undefined);
  }

  #open(path: string, oomKills: () => ReadingSource | undefined): CgroupReader {
    using own = this.#accounting.openDirectory(path);
    using opened = new DisposableStack();
    const kept: (ReadingSource | undefined)[] = [];
    const keep = (name: LegacyController, files: readonly CounterFile[]) => {
      const hierarchy = this.#by.get(name);
      using directory = hierarchy?.openDirectoryIfAny(path);
      if (directory === undefined) return kept.push(...files.map(() => undefined));
      return kept.push(...keepFiles(directory, files).map((source) => opened.use(source)));
    };
    keep('cpuacct', cpuacctFiles);
    keep('cpu', cpuFiles);
    keep('memory', memoryFiles);
    const kills = oomKills();
    kept.push(kills === undefined ? undefined : opened.use(kills));
    const blkio = this.#by.get('blkio');
    keep('blkio', blkio !== undefined && isIoCounted(blkio) ? ioFiles : []);
    keep('pids', pidsFiles);
    const reader = new KeptReader(own, kept);
    opened.move();
    return reader;
  }

  #sumOomKills(memory: Hierarchy, path: string, likely?: readonly string[]): OomKills {
    const sums = this.#oomKills.get(path) ?? new Set();
    this.#oomKills.set(path, sums);
    const onDispose = (self: OomKills): void => {
      sums.delete(self);
      if (sums.size === 0 && this.#oomKills.get(path) === sums) this.#oomKills.delete(path);
    };
    const sum = new OomKills(memory, path, { onDispose, likely });
    sums.add(sum);
    return sum;
  }

  readMany(readers: readonly CgroupReader[]): ReadOutcome[] {
    return readMany(readers);
  }

  processes(path: string): number[] {
    return this.#accounting.processes(checkPath(path));
  }

  kill(path: string, timeoutMsec: number): Promise<void> {
    checkPath(path);
    const freezer = this.#by.get('freezer');
    const target = {
      processes: () => this.#accounting.processes(path),
      killAtOnce: () => false,
      setFrozen: (isFrozen: boolean) => {
        if (freezer !== undefined) setFrozen(freezer, path, isFrozen);
      },
    };
    return killAll(path, target, timeoutMsec);
  }

  remove(path: string, likely?: readonly string[]): Promise<void> {
    for (const parent of parentsOf(checkPath(path))) for (const sum of this.#oomKills.get(parent) ?? []) sum.childLeaves(path);
    return removeAll(this.#hierarchies, path, likely);
  }

  children(path: string): string[] {
    checkPath(path);
    return [...new Set(this.#hierarchies.flatMap((hierarchy) => hierarchy.childNames(path)))].sort().map((name) => `${path}/${name}`);
  }

  exists(path: string): boolean {
    checkPath(path);
    return this.#hierarchies.some((hierarchy) => hierarchy.exists(path));
  }
}
