import { statFd } from '@bulkhead/kernel';
import { counterOf, FormatError, parseCounter, parseFlatKeyed, usecOfNsec } from './formats.ts';
import type { Hierarchy } from './hierarchy.ts';
import type { Hierarchies } from './tree/hierarchies.ts';

/** CPU time of one group with all below it, the dead included. */
export interface CpuSum {
  /** Inode of its directory in the tree that counts. */
  cgroupIno: bigint;
  usageUsec: bigint;
}

/**
 * The tree that counts CPU time, and what it counted of any group, the root too: cpuacct.usage on v1 (admin-guide/cgroup-v1,
 * "CPU Accounting Controller"), cpu.stat on v2 (cgroup-v2.rst; the root has it as well). Paths are relative, '' is the root.
 */
export class CpuSums {
  readonly #tree: Hierarchy | undefined;
  readonly #isLegacy: boolean;

  constructor(hierarchies: Pick<Hierarchies, 'with' | 'unified'>) {
    const legacy = hierarchies.with('cpuacct');
    this.#isLegacy = legacy !== undefined;
    this.#tree = legacy ?? hierarchies.unified;
  }

  /** Paths of the groups directly below. */
  children(path: string): string[] {
    return (this.#tree?.childNames(path) ?? []).sort().map((name) => (path === '' ? name : `${path}/${name}`));
  }

  /** @returns undefined where the group is not there, or is not counted */
  read(path: string): CpuSum | undefined {
    const text = this.#tree?.read(path, this.#isLegacy ? 'cpuacct.usage' : 'cpu.stat');
    if (this.#tree === undefined || text === undefined) return undefined;
    using directory = this.#tree.openDirectoryIfAny(path === '' ? '.' : path);
    if (directory === undefined) return undefined;
    return { cgroupIno: statFd(directory).ino, usageUsec: BigInt(this.#isLegacy ? usecOfNsec(parseCounter(text)) : usageOf(text)) };
  }
}

function usageOf(text: string): string {
  const usage = counterOf(parseFlatKeyed(text), 'usage_usec');
  if (usage === undefined) throw new FormatError('usage_usec', text);
  return usage;
}
