import { type Fd, hasErrno } from '@bulkhead/kernel';
import type { ContainerLimits, EffectiveLimits, Reading } from '@bulkhead/model';
import { counterOf, parseCounter, parseFlatKeyed, parseLimit } from '../formats.ts';
import type { Hierarchy } from '../hierarchy.ts';
import { memoryBound, requireController, writeLimit } from '../limits.ts';
import { type CounterFile, openKept, type ReadingSource, readKept } from '../reader.ts';

/** memory.limit_in_bytes (admin-guide/cgroup-v1/memory.rst). Swap is left alone. */
export function setMemory(memory: Hierarchy | undefined, path: string, { memoryMaxBytes }: ContainerLimits): void {
  if (memoryMaxBytes === undefined) return;
  const wanted = `a memory limit of ${memoryMaxBytes} bytes`;
  const value = String(memoryMaxBytes);
  writeLimit(requireController(memory, 'memory', wanted), { path, file: 'memory.limit_in_bytes', value, wanted, bound: memoryBound });
}

/** No limit reads as the largest number of whole pages below 2^63, which parseLimit takes for `max`. */
export function readMemoryLimits(memory: Hierarchy | undefined, path: string): EffectiveLimits {
  const limit = memory?.read(path, 'memory.limit_in_bytes');
  return limit === undefined ? {} : { memoryMaxBytes: parseLimit(limit) };
}

export const memoryFiles: readonly CounterFile[] = [
  {
    file: 'memory.usage_in_bytes',
    parse(text, reading) {
      reading.memoryCurrentBytes = parseCounter(text);
    },
  },
  {
    file: 'memory.max_usage_in_bytes',
    parse(text, reading) {
      reading.memoryPeakBytes = parseCounter(text);
    },
  },
];

/** oom_kill of memory.oom_control (Linux 4.13); undefined where the kernel does not count. */
export const parseOomKills = (text: string): string | undefined => counterOf(parseFlatKeyed(text), 'oom_kill');

/**
 * OOM kills of a group and everything below it. On v1 the kernel counts each at the victim's own group and no further
 * up, so the files of the groups below are kept as well; what was counted in one that is gone stays counted.
 */
export class OomKills implements ReadingSource {
  readonly #hierarchy: Hierarchy;
  readonly #path: string;
  readonly #onDispose: ((self: OomKills) => void) | undefined;
  readonly #likely: readonly string[];
  readonly #kept = new Map<string, { fd: Fd; kills: bigint }>();
  #gone = 0n;
  #isSearchDue = true;
  /** Whether the kernel counts at all (Linux 4.13). */
  #isCounted = false;

  constructor(
    hierarchy: Hierarchy,
    path: string,
    { onDispose, likely = [] }: { onDispose?: (self: OomKills) => void; likely?: readonly string[] | undefined } = {},
  ) {
    this.#likely = likely;
    this.#hierarchy = hierarchy;
    this.#path = path;
    this.#onDispose = onDispose;
    this.#search();
  }

  /** A group was made below: it is looked for at the next reading. */
  childMade(): void {
    this.#isSearchDue = true;
  }

  /** A group below is about to be removed: its last count is taken. */
  childLeaves(path: string): void {
    if (this.#isSearchDue) this.#search();
    for (const [each, kept] of this.#kept) {
      if (each === path || each.startsWith(`${path}/`)) this.#count(each, kept);
    }
  }

  #search(): void {
    this.#isSearchDue = false;
    for (const path of this.#hierarchy.subtree(this.#path, this.#likely)) {
      if (this.#kept.has(path)) continue;
      try {
        using directory = this.#hierarchy.openDirectory(path);
        const fd = openKept(directory, 'memory.oom_control');
        if (fd !== undefined) this.#kept.set(path, { fd, kills: 0n });
      } catch (failure) {
        if (!hasErrno(failure, 'ENOENT', 'ENODEV')) throw failure;
      }
    }
  }

  #count(path: string, kept: { fd: Fd; kills: bigint }): void {
    try {
      const kills = parseOomKills(readKept(kept.fd));
      if (kills === undefined) return;
      this.#isCounted = true;
      if (kills !== '0') kept.kills = BigInt(kills);
    } catch (failure) {
      // The group itself gone is the caller's news; one below it is not.
      if (path === this.#path || !hasErrno(failure, 'ENODEV')) throw failure;
      this.#kept.delete(path);
      kept.fd[Symbol.dispose]();
      this.#gone += kept.kills;
    }
  }

  addTo(reading: Reading): void {
    if (this.#isSearchDue) this.#search();
    for (const [path, kept] of this.#kept) this.#count(path, kept);
    if (!this.#isCounted) return;
    let sum = this.#gone;
    for (const { kills } of this.#kept.values()) sum += kills;
    reading.memoryOomKills = String(sum);
  }

  [Symbol.dispose](): void {
    for (const { fd } of this.#kept.values()) fd[Symbol.dispose]();
    this.#kept.clear();
    this.#onDispose?.(this);
  }
}
