/** What /proc/<pid>/stat and its neighbours tell of one process, as far as an inventory needs it. */
export interface ProcessFacts {
  pid: number;
  /** Field 22 of stat, clock ticks since boot; with the pid it is the process's identity. */
  startTimeTicks: number;
  parentPid: number;
  /** comm */
  command: string;
  /** `R`, `S`, `Z` and so on. */
  state: string;
  /** Session id, as setsid(2) made it. */
  session: number;
  threads: number;
  /** A thread of the kernel. */
  kernel: boolean;
  /** /proc/<pid>/cgroup, whole; empty where it could not be read. */
  cgroups: string;
}

export type ProcessStat = Omit<ProcessFacts, 'pid' | 'cgroups'>;

/** include/linux/sched.h */
const PF_KTHREAD = 0x00200000;

/** By the flags of a task. */
export const isKernelThread = (flags: number): boolean => (flags & PF_KTHREAD) !== 0;

/** include/linux/sched.h: states that are told, the idle one that is told apart, and their letters (fs/proc/array.c). */
const TASK_REPORT = 0x7f;
const TASK_IDLE = 0x402;
const stateLetters = 'RSDTtXZP';

/** The letter of /proc/<pid>/stat for the state of a task. */
export function stateOf(state: number, exitState: number): string {
  if (state === TASK_IDLE) return 'I';
  return stateLetters.charAt(32 - Math.clz32((state | exitState) & TASK_REPORT));
}

/**
 * Reads a line of /proc/<pid>/stat (proc_pid_stat(5)). The command may hold spaces, parentheses and line ends: fields are
 * counted from the last `)`.
 *
 * @throws where it is no such line
 */
export function parseStat(line: Buffer): ProcessStat {
  const open = line.indexOf(0x28);
  const close = line.lastIndexOf(0x29);
  // Up to field 22; splitting all of the line makes fifty strings for six numbers.
  const fields: number[] = [];
  let number = 0;
  let isNumber = open >= 0 && close > open;
  for (let at = close + 4; at < line.length && fields.length < wantedFields; at += 1) {
    const byte = line[at] as number;
    if (byte >= 0x30 && byte <= 0x39) number = number * 10 + byte - 0x30;
    else if (byte === 0x20 || byte === 0x0a) {
      fields.push(number);
      number = 0;
      // tpgid and the nice value may be negative; neither is wanted.
    } else if (byte !== 0x2d) isNumber = false;
  }
  if (fields.length < wantedFields) fields.push(number);
  if (!isNumber || fields.length < wantedFields)
    throw new Error(`not a line of /proc/<pid>/stat: ${JSON.stringify(line.toString('utf8').slice(0, 200))}`);
  return {
    state: String.fromCharCode(line[close + 2] as number),
    parentPid: fields[0] as number,
    session: fields[2] as number,
    kernel: isKernelThread(fields[5] as number),
    threads: fields[16] as number,
    startTimeTicks: fields[18] as number,
    command: line.toString('utf8', open + 1, close),
  };
}

/** Fields 4 to 22. */
const wantedFields = 19;
