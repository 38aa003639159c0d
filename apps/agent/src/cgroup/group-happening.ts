import type { GroupHappening } from '@bulkhead/cgroup';
import type { EventKind, HostEvent, OomVictim } from '@bulkhead/model';

/** Something that happened to a cgroup, in the words of an event. */
export interface GroupNews {
  kind: EventKind;
  /** What sets apart news of one kind that are not to be told as one. */
  aspect: string;
  detail: HostEvent['detail'];
  victims: readonly OomVictim[];
}

/** `tail (4242), sh (4243)`: further victims in one text, for facts of an event are flat. */
const listOf = (victims: readonly OomVictim[]): string => victims.map(({ command, pid }) => `${command} (${pid})`).join(', ');

const toVictims = (happening: Extract<GroupHappening, { kind: 'oom-killed' }>): OomVictim[] =>
  happening.victims.map(({ pid, command, limitPath }) => ({ pid, command, ...(limitPath === undefined ? {} : { limitPath }) }));

function oomDetail(kills: number, victims: readonly OomVictim[]): HostEvent['detail'] {
  const [first, ...others] = victims;
  if (first === undefined) return { kills };
  const { command, pid, limitPath = 'host' } = first;
  return { kills, process: command, pid, limitOf: limitPath, ...(others.length === 0 ? {} : { others: listOf(others) }) };
}

/** @param isContainers whether the group is a container of this instance: its kills have an event of their own */
export function newsOf(happening: GroupHappening, isContainers: boolean): GroupNews {
  switch (happening.kind) {
    case 'oom-killed': {
      const victims = toVictims(happening);
      const kind = isContainers ? 'container.oom-killed' : 'cgroup.oom-killed';
      return { kind, aspect: '', detail: oomDetail(happening.count, victims), victims };
    }
    case 'pids-refused':
      return { kind: 'cgroup.pids-refused', aspect: '', detail: { refusals: happening.count, total: happening.total }, victims: [] };
    case 'memory-level':
      return { kind: 'cgroup.memory-pressure', aspect: 'level', detail: { level: happening.level, times: 1 }, victims: [] };
    case 'memory-threshold': {
      const { thresholdBytes, usageBytes } = happening;
      return { kind: 'cgroup.memory-pressure', aspect: 'threshold', detail: { usageBytes, thresholdBytes, times: 1 }, victims: [] };
    }
    case 'pressure':
      return { kind: `cgroup.${happening.resource}-pressure`, aspect: 'stall', detail: { stalledMsec: 150, times: 1 }, victims: [] };
  }
}

const sumOf = (before: HostEvent['detail'], after: HostEvent['detail'], name: string): Record<string, number> => {
  const [one, other] = [before[name], after[name]];
  return typeof one === 'number' && typeof other === 'number' ? { [name]: one + other } : {};
};

/** News of one kind and group as one: what counts is summed up, of the rest the latest stands. */
export function mergeNews(before: GroupNews, after: GroupNews): GroupNews {
  const victims = [...before.victims, ...after.victims].slice(0, 8);
  const isOom = 'kills' in after.detail;
  const kills = Number(before.detail.kills ?? 0) + Number(after.detail.kills ?? 0);
  const sums = ['refusals', 'times'].map((name) => sumOf(before.detail, after.detail, name));
  const detail = isOom ? oomDetail(kills, victims) : Object.assign({ ...after.detail }, ...sums);
  return { ...after, detail, victims };
}
