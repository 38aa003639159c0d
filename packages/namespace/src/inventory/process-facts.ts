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

/**
 * Reads a line of /proc/<pid>/stat (proc_pid_stat(5)). The command may hold spaces, parentheses and line ends: fields are
 * counted from the last `)`.
 *
 * @throws where it is no such line
 */
export function parseStat(line: Buffer): ProcessStat {
  const open = line.indexOf(0x28);
  const close = line.lastIndexOf(0x29);
  const fields = line.toString('latin1', close + 2).split(' ');
  const startTimeTicks = Number(fields[19]);
  if (open < 0 || close < open || !Number.isSafeInteger(startTimeTicks) || startTimeTicks < 0)
    throw new Error(`not a line of /proc/<pid>/stat: ${JSON.stringify(line.toString('utf8').slice(0, 200))}`);
  return {
    state: fields[0] as string,
    parentPid: Number(fields[1]),
    session: Number(fields[3]),
    kernel: (Number(fields[6]) & PF_KTHREAD) !== 0,
    threads: Number(fields[17]),
    startTimeTicks,
    command: line.toString('utf8', open + 1, close),
  };
}
