import {
  type CgroupText,
  type CgroupTextCode,
  type CgroupVerb,
  cgroupText,
  parseNumberList,
  parseQuotaText,
  tellCgroup,
} from '@bulkhead/model';
import type { OwnedChange } from './owner-command.ts';

/** Texts that tell what lives in a group; each has another, `.below`, for a group below it. */
type WhyCode = Extract<CgroupTextCode, `vital.${string}.below`> extends `${infer Code}.below` ? Code : never;

/** A group that the host or this instance lives by. */
export interface VitalGroup {
  /** With a slash before it. */
  path: string;
  /** `process 1 of the host is in it`. */
  why: CgroupText & { code: WhyCode };
}

/** What a group uses now, as far as it is measured. */
export interface UseNow {
  memoryBytes?: number | undefined;
  pids?: number | undefined;
  cpuMillis?: number | undefined;
}

/** Below this a service does not answer in time, however little it uses while nobody asks: a tenth of a CPU. */
const leastCpuMillis = 100;

const isBelow = (value: string, now: number | undefined): boolean =>
  value !== 'max' && (now === undefined || BigInt(value) < BigInt(Math.ceil(now)));

const usedBytes = (now: number | undefined): CgroupText =>
  now === undefined ? cgroupText('use.unmeasured') : cgroupText('use.bytes', { count: Math.ceil(now) });
const usedTasks = (now: number | undefined): CgroupText =>
  now === undefined ? cgroupText('use.unmeasured') : cgroupText('use.tasks', { count: Math.ceil(now) });
const inCpus = (millis: number): number => Math.round(millis) / 1000;

/** Why a value would starve what is in a group; undefined where it would not. */
export function starvation({ key, value }: OwnedChange, use: UseNow): CgroupText | undefined {
  switch (key) {
    case 'memory.max':
    case 'memory.high':
      return isBelow(value, use.memoryBytes) ? cgroupText('starve.memory', { key, value, use: [usedBytes(use.memoryBytes)] }) : undefined;
    case 'pids.max':
      return value !== 'max' && (use.pids === undefined || Number(value) <= use.pids)
        ? cgroupText('starve.pids', { value, use: [usedTasks(use.pids)] })
        : undefined;
    case 'cpu.max': {
      const quota = parseQuotaText(value);
      if (quota === undefined || quota.quotaUsec === 'max') return undefined;
      const millis = (Number(quota.quotaUsec) * 1000) / Number(quota.periodUsec ?? 100_000);
      if (millis >= Math.max(leastCpuMillis, use.cpuMillis ?? Number.POSITIVE_INFINITY)) return undefined;
      const cpus = millis / 1000;
      return use.cpuMillis === undefined
        ? cgroupText('starve.cpu.unmeasured', { key, value, cpus })
        : cgroupText('starve.cpu', { key, value, cpus, used: inCpus(use.cpuMillis) });
    }
    case 'cpuset.cpus': {
      const cpus = parseNumberList(value)?.length ?? 0;
      // Empty is "those above" on v2, and refused by v1 where processes are in it.
      return cpus > 0 && use.cpuMillis !== undefined && cpus * 1000 < use.cpuMillis
        ? cgroupText('starve.cpuset', { value, cpus, used: inCpus(use.cpuMillis) })
        : undefined;
    }
    case 'cpu.idle':
      return value === '1' ? cgroupText('starve.idle') : undefined;
    case 'cgroup.freeze':
      return value === '1' ? cgroupText('starve.freeze') : undefined;
    case 'memory.swap.max':
    case 'memory.swap.high':
      return value === 'max' ? undefined : cgroupText('starve.swap', { key, value });
    case 'memory.oom.group':
      return value === '1' ? cgroupText('starve.oom-group') : undefined;
    case 'memory.oom_control':
      return value === '1' ? cgroupText('starve.oom-control') : undefined;
    case 'io.max':
      return /=\d/.test(value) ? cgroupText('starve.io') : undefined;
    case 'devices':
      return value.startsWith('allow a') && !value.includes('\n') ? undefined : cgroupText('starve.devices');
    default:
      return undefined;
  }
}

const holds = (path: string, vital: string): boolean => path === vital || path === '/' || vital.startsWith(`${path}/`);

export interface ProtectionFacts {
  vital: readonly VitalGroup[];
  use: UseNow;
  /** Processes that are moved, and those that must stay where they are, each with what it is. */
  pids?: readonly number[];
  vitalPids?: ReadonlyMap<number, CgroupText>;
}

/** What is in the group itself, or in a vital one below it. */
const whyOf = ({ path, why }: VitalGroup, asked: string): CgroupText =>
  path === asked ? why : { code: `${why.code}.below`, values: { ...why.values, path } };

/**
 * Why something must not be done by a slip: what would be frozen, killed, removed or starved is the machine's own, or what
 * this instance lives by, itself or in a group below. None where it may be done.
 */
export function protectionsOf(verb: CgroupVerb, path: string, changes: readonly OwnedChange[], facts: ProtectionFacts): CgroupText[] {
  const { vital, use, pids = [], vitalPids = new Map<number, CgroupText>() } = facts;
  const moved = pids.flatMap((pid) => {
    const what = vitalPids.get(pid);
    return what === undefined ? [] : [cgroupText('protected.stays', { pid, what: [what] })];
  });
  const hit = vital.filter((each) => holds(path, each.path));
  if (hit.length === 0 || verb === 'thaw' || verb === 'create' || verb === 'move') return moved;
  const told = new Map(hit.map((each) => whyOf(each, path)).map((why) => [tellCgroup(why, 'en'), why]));
  const why = [...told.values()].slice(0, 4);
  if (verb !== 'set') return [...moved, cgroupText(`protected.${verb}`, { path, why })];
  const reasons = changes.map((change) => starvation(change, use)).filter((reason) => reason !== undefined);
  return [...moved, ...reasons.map((reason) => cgroupText('protected.set', { path, why, reason: [reason] }))];
}
