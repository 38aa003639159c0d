import type { IdMapping } from '@bulkhead/model';
import { readProcFile } from './read-proc.ts';

/** Rows of uid_map or gid_map (user_namespaces(7)): id inside, id outside, length. */
export function parseIdMap(text: string): IdMapping[] {
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const [containerId, hostId, size, ...rest] = line.trim().split(/\s+/).map(Number);
      const row = [containerId, hostId, size];
      if (rest.length > 0 || !row.every((value) => value !== undefined && Number.isSafeInteger(value) && value >= 0))
        throw new Error(`not a row of an id map: ${JSON.stringify(line)}`);
      return { containerId, hostId, size } as IdMapping;
    });
}

/**
 * Id map of the user namespace a process is in; outside ids are those of our own user namespace.
 *
 * @returns undefined where the process is gone
 */
export function readIdMap(pid: number, file: 'uid_map' | 'gid_map'): IdMapping[] | undefined {
  const text = readProcFile(pid, file);
  return text === undefined ? undefined : parseIdMap(text);
}
