import { readFileSync } from 'node:fs';
import type { ContainerProcess, IdMapping } from '@bulkhead/model';

/** USER_HZ, the unit of times in /proc/<pid>/stat: 100 on every architecture we run on (proc_pid_stat(5)). */
const ticksPerSecond = 100n;

/**
 * One process by its host pid, with its pid inside (the last of NSpid, proc_pid_status(5)).
 *
 * @returns undefined where it ended while it was read
 */
export function readProcess(pid: number, mapping: IdMapping): ContainerProcess | undefined {
  try {
    const status = new Map(
      readFileSync(`/proc/${pid}/status`, 'utf8')
        .split('\n')
        .map((line) => {
          const colon = line.indexOf(':');
          return [line.slice(0, colon), line.slice(colon + 1).trim()] as const;
        }),
    );
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8')
      .split('\0')
      .filter((part) => part !== '')
      .join(' ');
    const uid = Number(status.get('Uid')?.split('\t')[0]);
    const resident = status.get('VmRSS')?.split(' ')[0];
    const inside = uid - mapping.hostId + mapping.containerId;
    return {
      pid,
      innerPid: Number(status.get('NSpid')?.split('\t').at(-1) ?? pid),
      parentPid: Number(status.get('PPid')),
      state: fields[0] ?? '?',
      uid,
      ...(inside >= 0 && inside < mapping.size ? { innerUid: inside } : {}),
      command: command === '' ? `[${status.get('Name') ?? '?'}]` : command,
      ...(resident === undefined ? {} : { residentBytes: String(BigInt(resident) * 1024n) }),
      cpuUsec: String(((BigInt(fields[11] ?? 0) + BigInt(fields[12] ?? 0)) * 1_000_000n) / ticksPerSecond),
      threads: Number(status.get('Threads') ?? 1),
    };
  } catch (failure) {
    const code = (failure as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ESRCH') return undefined;
    throw failure;
  }
}
