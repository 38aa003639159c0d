import type { ContainerLimits, EffectiveLimits } from '@bulkhead/model';
import { parseCounter, parseLimit } from '../formats.ts';
import type { Hierarchy } from '../hierarchy.ts';
import { pidsBound, requireController, writeLimit } from '../limits.ts';
import type { CounterFile } from '../reader.ts';

/** pids.max (admin-guide/cgroup-v1/pids.rst). */
export function setPids(pids: Hierarchy | undefined, path: string, { pidsMax }: ContainerLimits): void {
  if (pidsMax === undefined) return;
  const wanted = `a limit of ${pidsMax} processes`;
  writeLimit(requireController(pids, 'pids', wanted), { path, file: 'pids.max', value: String(pidsMax), wanted, bound: pidsBound });
}

export function readPidsLimits(pids: Hierarchy | undefined, path: string): EffectiveLimits {
  const limit = pids?.read(path, 'pids.max');
  return limit === undefined ? {} : { pidsMax: parseLimit(limit) };
}

export const pidsFiles: readonly CounterFile[] = [
  {
    file: 'pids.current',
    parse(text, reading) {
      reading.pidsCurrent = parseCounter(text);
    },
  },
];
