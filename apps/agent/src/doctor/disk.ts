import { existsSync, statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import type { DoctorCheck } from '@bulkhead/model';
import type { DoctorContext } from './context.ts';
import { attention, bad, type Finding, good, look } from './finding.ts';

const mebibyte = 1024 ** 2;
const gibibyte = 1024 ** 3;
/** Less than this, and the database stops; less than that, and it is near. */
const badBytes = 512 * mebibyte;
const lowBytes = 4 * gibibyte;
const lowRunBytes = 16 * mebibyte;

/** Magic numbers of include/uapi/linux/magic.h */
const inMemory = new Map([
  [0x01021994, 'tmpfs'],
  [0x858458f6, 'ramfs'],
]);
const remote = new Map([
  [0x6969, 'NFS'],
  [0xff534d42, 'CIFS'],
  [0xfe534d42, 'SMB2'],
  [0x65735546, 'FUSE'],
]);

export const formatSize = (bytes: number): string =>
  bytes >= gibibyte ? `${(bytes / gibibyte).toPrecision(3)} GiB` : `${Math.round(bytes / mebibyte)} MiB`;

interface Space {
  type: number;
  freeBytes: number;
  totalBytes: number;
  freeInodes: number;
  /** 0 where the file system counts none. */
  inodes: number;
}

/** The directory, or the nearest above that is there. */
function nearest(path: string): string {
  return existsSync(path) || path === '/' ? path : nearest(dirname(path));
}

function spaceOf(path: string): Space {
  const { type, bavail, blocks, bsize, ffree, files } = statfsSync(nearest(path));
  return { type, freeBytes: bavail * bsize, totalBytes: blocks * bsize, freeInodes: ffree, inodes: files };
}

export function judgeStateSpace({ freeBytes, totalBytes, freeInodes, inodes }: Space, path: string): Finding {
  const found = `${formatSize(freeBytes)} of ${formatSize(totalBytes)} free at ${path}`;
  const remedy = 'free some space, or keep it elsewhere: --state-dir';
  if (freeBytes < badBytes) return bad(found, 'the database stops, and readings wait in memory', remedy);
  if (inodes > 0 && freeInodes < 1000) return bad(`${found}, but ${freeInodes} files`, 'nothing new can be written', remedy);
  if (freeBytes < lowBytes) return attention(found, 'history grows by some hundred MiB a month', remedy);
  return good(found);
}

const judgeMemory = (path: string, { type }: Space, willBeMounted: boolean): Finding => {
  const name = inMemory.get(type);
  if (name !== undefined) return good(`${name} at ${path}`);
  if (willBeMounted) return good('on a disk; up gives each instance memory of its own there');
  return attention('on a disk', 'each start of a container waits for the disk', './bulkhead down, then up');
};

export function diskChecks({ stateDirectory, paths }: DoctorContext): DoctorCheck[] {
  const run = paths !== undefined && existsSync(paths.run) ? paths.run : undefined;
  return [
    look('disk', 'state-directory', 'Space for history', () => judgeStateSpace(spaceOf(stateDirectory), stateDirectory)),
    look('disk', 'state-filesystem', 'File system of history', () => {
      const name = remote.get(spaceOf(stateDirectory).type);
      return name === undefined ? good('local') : attention(name, 'a database on a remote file system may lose what it confirmed');
    }),
    look('disk', 'run', 'Space for runtime state', () => {
      const space = spaceOf(run ?? '/run');
      const found = `${formatSize(space.freeBytes)} free at ${run ?? '/run'}`;
      return space.freeBytes < lowRunBytes ? bad(found, 'containers cannot be started', 'free some space there') : good(found);
    }),
    look('disk', 'run-memory', 'Runtime state in memory', () => judgeMemory(run ?? '/run', spaceOf(run ?? '/run'), run === undefined)),
  ];
}
