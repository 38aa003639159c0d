import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { identify, type RecordedProcess } from '../instance/process-identity.ts';

/** SO_ACCEPTCON in the flags of /proc/net/unix: the socket listens. */
const acceptingFlag = 0x10000;

function listeningInodes(path: string): Set<string> {
  const inodes = new Set<string>();
  for (const line of readFileSync('/proc/net/unix', 'utf8').split('\n').slice(1)) {
    // Num RefCount Protocol Flags Type St Inode Path
    const found = /^\S+ \S+ \S+ ([0-9A-F]+) \S+ \S+ +(\d+) (.+)$/.exec(line);
    if (found?.[3] === path && (Number.parseInt(found[1] ?? '0', 16) & acceptingFlag) !== 0) inodes.add(`socket:[${found[2]}]`);
  }
  return inodes;
}

/** True while a process listens on a unix socket. Nobody is connected to: the launcher has one client, the agent. */
export const isListening = (path: string): boolean => listeningInodes(path).size > 0;

/** The process that listens on a unix socket. */
export function findListener(path: string): RecordedProcess | undefined {
  const inodes = listeningInodes(path);
  if (inodes.size === 0) return undefined;
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      if (readdirSync(`/proc/${name}/fd`).some((descriptor) => inodes.has(readlink(`/proc/${name}/fd/${descriptor}`))))
        return identify(Number(name));
    } catch {
      // It ended while we looked.
    }
  }
  return undefined;
}

function readlink(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}
