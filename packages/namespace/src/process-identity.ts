import { readFileSync } from 'node:fs';
import { hasErrno } from '@bulkhead/kernel';
import type { ProcessIdentity } from '@bulkhead/model';
import { readBootId } from './boot-id.ts';

/** The fields of /proc/<pid>/stat that make an identity (proc_pid_stat(5)). */
export interface ProcessStat {
  /** Field 3: `R`, `S`, `Z` and so on. */
  state: string;
  /** Field 22: clock ticks between boot and the start of the process. */
  startTimeTicks: string;
}

/**
 * Reads a line of /proc/<pid>/stat. The command (field 2) may hold spaces, parentheses and line ends: fields are counted
 * from the last `)`.
 */
export function parseProcessStat(text: string): ProcessStat {
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const state = fields[0];
  const startTimeTicks = fields[19];
  if (
    !text.includes(')') ||
    state === undefined ||
    !/^[A-Za-z]$/.test(state) ||
    startTimeTicks === undefined ||
    !/^\d+$/.test(startTimeTicks)
  ) {
    throw new Error(`not a line of /proc/<pid>/stat: ${JSON.stringify(text.slice(0, 200))}`);
  }
  return { state, startTimeTicks };
}

function readProcessStat(pid: number): ProcessStat | undefined {
  try {
    return parseProcessStat(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch (failure) {
    if (hasErrno(failure, 'ENOENT', 'ESRCH')) return undefined;
    throw failure;
  }
}

/** Who a pid is now: pid, start time and boot. A zombie still has an identity. @returns undefined where no process has the pid */
export function processIdentity(pid: number): ProcessIdentity | undefined {
  const stat = readProcessStat(pid);
  return stat === undefined ? undefined : { pid, startTimeTicks: stat.startTimeTicks, bootId: readBootId() };
}

/** Whether that very process still runs: same boot, same start time, and not a zombie (nor in the last step of dying). */
export function sameProcess(identity: ProcessIdentity): boolean {
  if (identity.bootId !== readBootId()) return false;
  const stat = readProcessStat(identity.pid);
  return stat !== undefined && stat.startTimeTicks === identity.startTimeTicks && stat.state !== 'Z' && stat.state !== 'X';
}
