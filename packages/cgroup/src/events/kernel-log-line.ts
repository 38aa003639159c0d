/** A process that the OOM killer ended, as the kernel's log tells of it. */
export interface OomVictim {
  pid: number;
  /** Name of the thread group (comm), at most 15 characters. */
  command: string;
  uid: number;
  /** Cgroup of the victim, with a slash before it. */
  victimPath: string;
  /** Cgroup whose limit was reached; undefined where the whole host had run out. */
  limitPath: string | undefined;
}

export type KernelNews = ({ kind: 'oom-kill' } & OomVictim) | { kind: 'fork-rejected'; path: string };

/** Bytes that the kernel does not print as they are stand as `\x0a` (admin-guide/dev-kmsg: "Unprintable characters are escaped"). */
const toPlain = (text: string): string =>
  text.includes('\\x') ? text.replace(/\\x([0-9a-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))) : text;

/**
 * mm/oom_kill.c, dump_oom_victim, and mem_cgroup_print_oom_context (Linux 4.19):
 * `oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,oom_memcg=/a,task_memcg=/a/b,task=tail,pid=7,uid=0`.
 * A path may hold commas: what stands behind it is looked for from the end.
 */
const oomKill =
  /^oom-kill:constraint=CONSTRAINT_\w+,.*?,(?:oom_memcg=(?<limit>\/.*)|global_oom),task_memcg=(?<victim>\/.*),task=(?<task>.*),pid=(?<pid>\d+),uid=(?<uid>\d+)$/;

/** kernel/cgroup/pids.c: told of the first refusal of a group alone, and of the group whose task wanted to fork. */
const forkRejected = /^cgroup: fork rejected by pids controller in (?<path>\/.*)$/;

/** What a message of the kernel's log says of cgroups; undefined of nearly all. */
export function parseKernelMessage(message: string): KernelNews | undefined {
  if (message.startsWith('oom-kill:')) {
    const found = oomKill.exec(message)?.groups;
    if (found === undefined) return undefined;
    return {
      kind: 'oom-kill',
      pid: Number(found.pid),
      command: toPlain(found.task ?? ''),
      uid: Number(found.uid),
      victimPath: toPlain(found.victim ?? '/'),
      limitPath: found.limit === undefined ? undefined : toPlain(found.limit),
    };
  }
  const path = forkRejected.exec(message)?.groups?.path;
  return path === undefined ? undefined : { kind: 'fork-rejected', path: toPlain(path) };
}

/**
 * A record of /dev/kmsg (Documentation/ABI/testing/dev-kmsg): `PRIORITY,SEQUENCE,USEC,FLAGS[,...];MESSAGE`, and
 * properties on lines of their own, which begin with a space.
 */
export function parseKernelRecord(record: string): { priority: number; message: string } | undefined {
  const semicolon = record.indexOf(';');
  const priority = Number.parseInt(record, 10);
  if (semicolon < 0 || Number.isNaN(priority)) return undefined;
  const end = record.indexOf('\n', semicolon);
  return { priority, message: record.slice(semicolon + 1, end < 0 ? undefined : end) };
}

/** Anybody may write to the kernel's log who may open it: what the kernel itself said has facility 0 (syslog(2)). */
export const isKernels = (priority: number): boolean => priority >> 3 === 0;
