import { type CgroupVerb, parseNumberList, parseQuotaText } from '@bulkhead/model';
import type { OwnedChange } from './owner-command.ts';

/** A group that the host or this instance lives by. */
export interface VitalGroup {
  /** With a slash before it. */
  path: string;
  /** `process 1 is in it`, `the agent is in it`. */
  why: string;
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

function describeCpu(use: UseNow): string {
  return use.cpuMillis === undefined ? 'and how much it uses is not measured' : `and it uses ${Math.round(use.cpuMillis) / 1000} CPUs`;
}

const measured = (now: number | undefined, unit: string): string =>
  now === undefined ? 'what it uses is not measured' : `it uses ${Math.ceil(now)} ${unit}`;

/** Why a value would starve what is in a group; undefined where it would not. */
export function starvation({ key, value }: OwnedChange, use: UseNow): string | undefined {
  switch (key) {
    case 'memory.max':
    case 'memory.high':
      return isBelow(value, use.memoryBytes) ? `${key} ${value} is less than it needs: ${measured(use.memoryBytes, 'bytes')}` : undefined;
    case 'pids.max':
      return value !== 'max' && (use.pids === undefined || Number(value) <= use.pids)
        ? `pids.max ${value} lets it start nothing more: ${measured(use.pids, 'processes and threads')}`
        : undefined;
    case 'cpu.max': {
      const quota = parseQuotaText(value);
      if (quota === undefined || quota.quotaUsec === 'max') return undefined;
      const millis = (Number(quota.quotaUsec) * 1000) / Number(quota.periodUsec ?? 100_000);
      return millis < Math.max(leastCpuMillis, use.cpuMillis ?? Number.POSITIVE_INFINITY)
        ? `cpu.max ${value} is ${millis / 1000} CPUs, ${describeCpu(use)}`
        : undefined;
    }
    case 'cpuset.cpus': {
      const cpus = parseNumberList(value)?.length ?? 0;
      // Empty is "those above" on v2, and refused by v1 where processes are in it.
      return cpus > 0 && cpus * 1000 < (use.cpuMillis ?? 0) ? `cpuset.cpus ${value} are ${cpus} CPUs, ${describeCpu(use)}` : undefined;
    }
    case 'cpu.idle':
      return value === '1' ? 'cpu.idle 1 lets it run only where nobody else wants the CPU' : undefined;
    case 'cgroup.freeze':
      return value === '1' ? 'cgroup.freeze 1 stops it' : undefined;
    case 'memory.swap.max':
    case 'memory.swap.high':
      return value === 'max' ? undefined : `${key} ${value}: how much swap it uses is not measured`;
    case 'memory.oom.group':
      return value === '1' ? 'memory.oom.group 1 ends all of it where one process is short of memory' : undefined;
    case 'memory.oom_control':
      return value === '1' ? 'memory.oom_control 1 lets it stand still where it is short of memory' : undefined;
    case 'io.max':
      return /=\d/.test(value) ? 'io.max slows down what it reads and writes, and how much that is now is not known' : undefined;
    case 'devices':
      return value.startsWith('allow a') && !value.includes('\n') ? undefined : 'devices takes some away from it';
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
  vitalPids?: ReadonlyMap<number, string>;
}

const words: Record<CgroupVerb, string> = {
  set: 'be limited so',
  create: 'get groups below it',
  remove: 'be removed',
  move: 'be moved',
  freeze: 'be frozen',
  thaw: 'be thawed',
  kill: 'be killed',
};

/**
 * Why something must not be done by a slip: what would be frozen, killed, removed or starved is the machine's own, or what
 * this instance lives by, itself or in a group below. None where it may be done.
 */
export function protectionsOf(verb: CgroupVerb, path: string, changes: readonly OwnedChange[], facts: ProtectionFacts): string[] {
  const { vital, use, pids = [], vitalPids = new Map<number, string>() } = facts;
  const moved = pids.flatMap((pid) => {
    const what = vitalPids.get(pid);
    return what === undefined ? [] : [`Process ${pid} is ${what}: it stays where it is.`];
  });
  const hit = vital.filter((each) => holds(path, each.path));
  if (hit.length === 0 || verb === 'thaw' || verb === 'create' || verb === 'move') return moved;
  const reasons = verb === 'set' ? changes.map((change) => starvation(change, use)).filter((reason) => reason !== undefined) : [''];
  if (reasons.length === 0) return moved;
  const where = hit.map(({ path: below, why }) => (below === path ? why : `${why.replace(/ it$/, ` ${below}`)}, below it`));
  return [
    ...moved,
    ...reasons.map(
      (reason) =>
        `${path} must not ${words[verb]} by a slip (${[...new Set(where)].slice(0, 4).join('; ')})${reason === '' ? '.' : `: ${reason}.`}`,
    ),
  ];
}
