import { type BigIntStats, statSync } from 'node:fs';
import { hasErrno, namespaceTable } from '@bulkhead/kernel';
import type { NamespaceReference, NamespaceType } from '@bulkhead/model';

/** Identity of a namespace (namespaces(7)): device and inode of its file, in decimal. */
interface Identity {
  dev: string;
  ino: string;
}

/** @returns undefined where the kernel lacks the type, the process let go of it (a zombie), or we may not look */
function identityOf(path: string): Identity | undefined {
  let stat: BigIntStats;
  try {
    // Follows the link to the namespace itself, so that device and inode are the namespace's.
    stat = statSync(path, { bigint: true });
  } catch (failure) {
    if (hasErrno(failure, 'ENOENT', 'ESRCH', 'EACCES', 'EPERM')) return undefined;
    throw failure;
  }
  return { dev: String(stat.dev), ino: String(stat.ino) };
}

function identitiesOf(pid: number | 'self'): Map<NamespaceType, Identity> {
  const found = new Map<NamespaceType, Identity>();
  for (const { type, procName } of namespaceTable) {
    const identity = identityOf(`/proc/${pid}/ns/${procName}`);
    if (identity !== undefined) found.set(type, identity);
  }
  return found;
}

/** The host's own do not change while it runs: read once. */
let initial: ReadonlyMap<NamespaceType, Identity> | undefined;

function readInitial(): ReadonlyMap<NamespaceType, Identity> {
  return new Map([...identitiesOf('self'), ...identitiesOf(1)]);
}

/**
 * Namespaces of a process, in the order of the kernel package's table. `initial` compares with those of process 1, type
 * by type; where /proc/1 tells nothing of a type (hidepid, no CAP_SYS_PTRACE), with our own. What cannot be read of a
 * living process is left out.
 *
 * @throws an error with code ENOENT or ESRCH where the process is gone
 */
export function readNamespaces(pid: number): NamespaceReference[] {
  const found = identitiesOf(pid);
  // Tells "gone" from "has none to show": this throws ENOENT where no process has the pid.
  if (found.size < namespaceTable.length) statSync(`/proc/${pid}`);
  initial ??= readInitial();
  const hosts = initial;
  return [...found].map(([type, { dev, ino }]) => {
    const own = hosts.get(type);
    return { type, dev, ino, initial: own?.dev === dev && own.ino === ino };
  });
}
