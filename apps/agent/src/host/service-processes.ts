import { readdirSync, readFileSync } from 'node:fs';
import { type HostUse, type InstancePaths, type ProcessIdentity, serviceNames } from '@bulkhead/model';
import { processIdentity, sameProcess } from '@bulkhead/namespace';

/** A search reads a file of every process on the host; what is missing is looked for this often at most. */
const searchEveryMsec = 10_000;
/** sysconf(_SC_CLK_TCK): always 100 on Linux for user space. */
const usecPerTick = 10_000n;

type ServiceName = (typeof serviceNames)[number];

/** Fields of /proc/<pid>/stat from field 3 on (proc_pid_stat(5)); undefined where the process is gone. */
function readStat(pid: number): string[] | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  } catch {
    return undefined;
  }
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

/** Finds the processes of an instance's services, by the configuration they were started with, and reads what they use. */
export class ServiceProcesses {
  readonly #paths: InstancePaths;
  readonly #found = new Map<ServiceName, ProcessIdentity>();
  #searchedMsec = Number.NEGATIVE_INFINITY;

  constructor(paths: InstancePaths) {
    this.#paths = paths;
  }

  #search(): void {
    if (performance.now() - this.#searchedMsec < searchEveryMsec) return;
    this.#searchedMsec = performance.now();
    const names = new Map(serviceNames.map((name) => [`BULKHEAD_CONFIG=${this.#paths.config(name)}`, name]));
    const candidates = new Map<number, ServiceName>();
    for (const entry of readdirSync('/proc')) {
      if (!/^\d+$/.test(entry)) continue;
      const environment = readText(`/proc/${entry}/environ`);
      const name = environment
        ?.split('\0')
        .map((line) => names.get(line))
        .find((each) => each !== undefined);
      if (name !== undefined) candidates.set(Number(entry), name);
    }
    const database = Number(readText(`${this.#paths.databaseState}/postmaster.pid`)?.split('\n')[0]);
    if (Number.isSafeInteger(database) && database > 0) candidates.set(database, 'database');
    for (const [pid, name] of candidates) {
      // What a service forks has its environment too, until it executes something else.
      const parent = Number(readStat(pid)?.[1]);
      if (candidates.get(parent) === name) continue;
      const identity = processIdentity(pid);
      if (identity !== undefined) this.#found.set(name, identity);
    }
  }

  /** Services that run, in the order in which they are started; the database's own processes count with it. */
  read(): HostUse['processes'] {
    for (const [name, identity] of this.#found) if (!sameProcess(identity)) this.#found.delete(name);
    if (this.#found.size < serviceNames.length) this.#search();
    return serviceNames.flatMap((name) => {
      const pid = this.#found.get(name)?.pid;
      if (pid === undefined) return [];
      const pids = name === 'database' ? [pid, ...childrenOf(pid)] : [pid];
      let [residentBytes, cpuUsec] = [0n, 0n];
      for (const each of pids) {
        const stat = readStat(each);
        const status = readText(`/proc/${each}/status`);
        if (stat === undefined || status === undefined) continue;
        cpuUsec += (BigInt(stat[11] ?? 0) + BigInt(stat[12] ?? 0)) * usecPerTick;
        // Memory that the database's processes share is counted once, with the first.
        const kibibytes = new RegExp(`^${each === pid ? 'VmRSS' : 'RssAnon'}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1] ?? '0';
        residentBytes += BigInt(kibibytes) * 1024n;
      }
      return [{ name, pid, residentBytes: String(residentBytes), cpuUsec: String(cpuUsec) }];
    });
  }
}

const childrenOf = (pid: number): number[] =>
  (readText(`/proc/${pid}/task/${pid}/children`) ?? '')
    .split(' ')
    .filter((text) => text !== '')
    .map(Number);
