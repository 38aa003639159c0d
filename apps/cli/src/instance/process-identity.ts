import { readFileSync } from 'node:fs';
import { uptime } from 'node:os';

/** A process of this boot: the pid alone may be somebody else's by now. */
export interface RecordedProcess {
  pid: number;
  /** Field 22 of /proc/<pid>/stat, clock ticks since boot. */
  startTimeTicks: string;
}

interface ProcessState extends RecordedProcess {
  state: string;
}

function readState(pid: number): ProcessState | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return undefined;
  }
  // The second field is the command in parentheses and may itself hold spaces and parentheses.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [state = ''] = fields;
  return { pid, state, startTimeTicks: fields[19] ?? '' };
}

/** Identity of a living process. */
export function identify(pid: number): RecordedProcess | undefined {
  const found = readState(pid);
  return found === undefined ? undefined : { pid, startTimeTicks: found.startTimeTicks };
}

/** True while exactly this process runs; one that only waits to be reaped does not. */
export function isAlive(recorded: RecordedProcess): boolean {
  const found = readState(recorded.pid);
  return found !== undefined && found.startTimeTicks === recorded.startTimeTicks && found.state !== 'Z' && found.state !== 'X';
}

/** Sends a signal to exactly this process; false where it is gone. */
export function signalProcess(recorded: RecordedProcess, signal: NodeJS.Signals): boolean {
  if (!isAlive(recorded)) return false;
  try {
    process.kill(recorded.pid, signal);
    return true;
  } catch {
    return false;
  }
}

/** USER_HZ: clock ticks in the files of /proc are hundredths of a second on x86-64 and arm64. */
const ticksPerSecond = 100;

/** When it was started, milliseconds since the epoch. */
export const startedAtMsec = (recorded: RecordedProcess): number =>
  Math.round(Date.now() - (uptime() - Number(recorded.startTimeTicks) / ticksPerSecond) * 1000);
