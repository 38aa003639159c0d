import type { Hierarchy } from '../hierarchy.ts';
import type { Hierarchies } from './hierarchies.ts';
import { FlatKeys, IoBytes, Pressure, scanCounter } from './scan.ts';

/** What of a group is read as one file, and what it yields: up to three numbers, raw as the kernel counts. */
export interface CounterKind {
  readonly name: 'cpu' | 'throttling' | 'memory' | 'io' | 'pids' | 'cpuPressure' | 'memoryPressure' | 'ioPressure';
  /** File and the version 1 controller whose hierarchy has it; undefined where version 1 tells no such thing. */
  readonly legacy: { controller: string; file: string } | undefined;
  /** File of version 2. */
  readonly unified: string | undefined;
  /** Reads a file of the version out of the buffer into `out`. @returns false where it is not what the kernel writes */
  scan(bytes: Uint8Array, end: number, version: 1 | 2, out: Float64Array): boolean;
}

const cpuStat = new FlatKeys('usage_usec', 'nr_periods', 'nr_throttled');
const throttling = new FlatKeys('nr_periods', 'nr_throttled');
const ioBytes = new IoBytes();
const pressure = new Pressure();

function one(bytes: Uint8Array, end: number, _version: 1 | 2, out: Float64Array): boolean {
  out[0] = scanCounter(bytes, end);
  return !Number.isNaN(out[0]);
}

function scanPressure(bytes: Uint8Array, end: number, _version: 1 | 2, out: Float64Array): boolean {
  const isUnderstood = pressure.scan(bytes, end);
  out[0] = pressure.some;
  out[1] = pressure.full;
  return isUnderstood;
}

/** Every kind, in the order in which all groups are read: what makes the kernel flush its statistics stands apart from the rest. */
export const counterKinds: readonly CounterKind[] = [
  {
    name: 'memory',
    legacy: { controller: 'memory', file: 'memory.usage_in_bytes' },
    unified: 'memory.current',
    scan: one,
  },
  { name: 'pids', legacy: { controller: 'pids', file: 'pids.current' }, unified: 'pids.current', scan: one },
  { name: 'cpuPressure', legacy: undefined, unified: 'cpu.pressure', scan: scanPressure },
  { name: 'memoryPressure', legacy: undefined, unified: 'memory.pressure', scan: scanPressure },
  { name: 'ioPressure', legacy: undefined, unified: 'io.pressure', scan: scanPressure },
  {
    name: 'io',
    legacy: { controller: 'blkio', file: 'blkio.throttle.io_service_bytes_recursive' },
    unified: 'io.stat',
    scan(bytes, end, version, out) {
      const isUnderstood = ioBytes.scan(bytes, end, version);
      out[0] = ioBytes.read;
      out[1] = ioBytes.written;
      return isUnderstood;
    },
  },
  {
    // Version 2 tells it in cpu.stat.
    name: 'throttling',
    legacy: { controller: 'cpu', file: 'cpu.stat' },
    unified: undefined,
    scan(bytes, end, _version, out) {
      const isUnderstood = throttling.scan(bytes, end);
      out.set(throttling.values);
      return isUnderstood;
    },
  },
  {
    // Microseconds used, periods, periods throttled.
    name: 'cpu',
    legacy: { controller: 'cpuacct', file: 'cpuacct.usage' },
    unified: 'cpu.stat',
    scan(bytes, end, version, out) {
      if (version === 1) {
        out[0] = scanCounter(bytes, end) / 1000;
        out[1] = Number.NaN;
        return !Number.isNaN(out[0]);
      }
      const isUnderstood = cpuStat.scan(bytes, end);
      out.set(cpuStat.values);
      return isUnderstood && !Number.isNaN(out[0] as number);
    },
  },
];

export interface CounterSource {
  hierarchy: Hierarchy;
  file: string;
  version: 1 | 2;
}

/** Where a kind is read for a group: version 1 first, whose controllers are the ones in force where they are mounted. */
export function sourceOf(
  kind: Pick<CounterKind, 'legacy' | 'unified'>,
  hierarchies: Pick<Hierarchies, 'with' | 'unified'>,
  present: readonly Hierarchy[],
): CounterSource | undefined {
  const { legacy, unified } = kind;
  const old = legacy === undefined ? undefined : hierarchies.with(legacy.controller);
  if (legacy !== undefined && old !== undefined && present.includes(old)) return { hierarchy: old, file: legacy.file, version: 1 };
  const tree = hierarchies.unified;
  return unified !== undefined && tree !== undefined && present.includes(tree) ? { hierarchy: tree, file: unified, version: 2 } : undefined;
}
