import { readProcFile } from './read-proc.ts';

/** Lines `Name:\tvalue` of /proc/<pid>/status (proc_pid_status(5)). */
export function parseProcessStatus(text: string): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  for (const line of text.split('\n')) {
    const colon = line.indexOf(':');
    if (colon > 0) fields.set(line.slice(0, colon), line.slice(colon + 1).trim());
  }
  return fields;
}

/** /proc/<pid>/status. @returns undefined where the process is gone */
export function readProcessStatus(pid: number): ReadonlyMap<string, string> | undefined {
  const text = readProcFile(pid, 'status');
  return text === undefined ? undefined : parseProcessStatus(text);
}

/**
 * Pids of one process in every pid namespace from ours inwards: NSpid of /proc/<pid>/status.
 *
 * @returns undefined where the process is gone
 */
export function readNamespacePids(pid: number): number[] | undefined {
  const status = readProcessStatus(pid);
  if (status === undefined) return undefined;
  const pids = status.get('NSpid')?.split(/\s+/).map(Number) ?? [pid];
  return pids.every((each) => Number.isSafeInteger(each) && each > 0) ? pids : [pid];
}
