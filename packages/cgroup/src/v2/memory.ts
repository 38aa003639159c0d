import type { ContainerLimits, EffectiveLimits } from '@bulkhead/model';
import { counterOf, parseCounter, parseFlatKeyed, parseLimit } from '../formats.ts';
import type { Hierarchy } from '../hierarchy.ts';
import { memoryBound, requireController, writeLimit } from '../limits.ts';
import type { CounterFile } from '../reader.ts';

/** memory.max (cgroup-v2.rst, "Memory Interface Files"). Swap is left alone. */
export function setMemory(memory: Hierarchy | undefined, path: string, { memoryMaxBytes }: ContainerLimits): void {
  if (memoryMaxBytes === undefined) return;
  const wanted = `a memory limit of ${memoryMaxBytes} bytes`;
  const value = String(memoryMaxBytes);
  writeLimit(requireController(memory, 'memory', wanted), { path, file: 'memory.max', value, wanted, bound: memoryBound });
}

export function readMemoryLimits(tree: Hierarchy, path: string): EffectiveLimits {
  const limit = tree.read(path, 'memory.max');
  return limit === undefined ? {} : { memoryMaxBytes: parseLimit(limit) };
}

export const memoryFiles: readonly CounterFile[] = [
  {
    file: 'memory.current',
    parse(text, reading) {
      reading.memoryCurrentBytes = parseCounter(text);
    },
  },
  {
    // Linux 5.19
    file: 'memory.peak',
    parse(text, reading) {
      reading.memoryPeakBytes = parseCounter(text);
    },
  },
  {
    file: 'memory.events',
    parse(text, reading) {
      const kills = counterOf(parseFlatKeyed(text), 'oom_kill');
      if (kills !== undefined) reading.memoryOomKills = kills;
    },
  },
];
