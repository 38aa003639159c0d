import { readdirSync, statfsSync } from 'node:fs';
import { runCommand } from './run-command.ts';

/** TMPFS_MAGIC and RAMFS_MAGIC of include/uapi/linux/magic.h */
const memoryFilesystems = new Set([0x01021994, 0x858458f6]);

/**
 * Runtime state is written at every step of every start and is worth nothing after a reboot: it belongs in memory. Where
 * a host keeps /run on a disk, the instance's own directory becomes a tmpfs. One that holds something already is in use.
 */
export function keepInMemory(directory: string): void {
  if (memoryFilesystems.has(statfsSync(directory).type) || readdirSync(directory).length > 0) return;
  runCommand(['mount', '-t', 'tmpfs', '-o', 'mode=0711,nosuid,nodev,size=25%', 'bulkhead', directory]);
}
