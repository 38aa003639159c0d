import { readFileSync } from 'node:fs';
import { hasErrno } from '@bulkhead/kernel';

/** Runs a read below /proc/<pid>. @returns undefined where the process ended before or while it was read (ENOENT, ESRCH) */
export function ifAlive<T>(readIt: () => T): T | undefined {
  try {
    return readIt();
  } catch (failure) {
    if (hasErrno(failure, 'ENOENT', 'ESRCH')) return undefined;
    throw failure;
  }
}

/** A file of a process, whole. @returns undefined where the process ended before or while it was read */
export function readProcFile(pid: number | 'self', name: string): string | undefined {
  return ifAlive(() => readFileSync(`/proc/${pid}/${name}`, 'utf8'));
}
