import { statSync } from 'node:fs';
import { namespaceTable } from '@bulkhead/kernel';
import type { NamespaceReference, NamespaceType } from '@bulkhead/model';
import { ifAlive } from './read-proc.ts';

interface NamespaceId {
  dev: bigint;
  ino: bigint;
}

function readNamespaceId(pid: number | 'self', procName: string): NamespaceId | undefined {
  return ifAlive(() => {
    const { dev, ino } = statSync(`/proc/${pid}/ns/${procName}`, { bigint: true });
    return { dev, ino };
  });
}

let hostNamespaces: Map<NamespaceType, NamespaceId> | undefined;

/** The host's own: those of pid 1, or ours where pid 1 cannot be looked at. Read once: neither ever changes its namespaces. */
function readHostNamespaces(): Map<NamespaceType, NamespaceId> {
  const found = new Map<NamespaceType, NamespaceId>();
  for (const { type, procName } of namespaceTable) {
    let id: NamespaceId | undefined;
    try {
      id = readNamespaceId(1, procName);
    } catch {
      // EACCES where we are not root.
    }
    id ??= readNamespaceId('self', procName);
    if (id !== undefined) found.set(type, id);
  }
  return found;
}

/**
 * Namespaces a process is in, by stat(2) of /proc/<pid>/ns/*: `{dev, ino}` is the identity of a namespace
 * (namespaces(7)). A type that the kernel lacks is absent.
 *
 * @returns empty where the process is gone; a zombie has left some of its namespaces
 * @throws EACCES without the right to ptrace the process
 */
export function readNamespaces(pid: number): NamespaceReference[] {
  hostNamespaces ??= readHostNamespaces();
  const references: NamespaceReference[] = [];
  for (const { type, procName } of namespaceTable) {
    const id = readNamespaceId(pid, procName);
    if (id === undefined) continue;
    const host = hostNamespaces.get(type);
    references.push({
      type,
      dev: String(id.dev),
      ino: String(id.ino),
      initial: host !== undefined && host.dev === id.dev && host.ino === id.ino,
    });
  }
  return references;
}
