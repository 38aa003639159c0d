import { existsSync, statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import type { DoctorCheck } from '@bulkhead/model';
import { doctorText } from '@bulkhead/model/doctor-text';
import type { DoctorContext } from './context.ts';
import { asIs, attention, bad, type Finding, good, look } from './finding.ts';

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
  const space = { free: formatSize(freeBytes), total: formatSize(totalBytes), path };
  const found = doctorText('disk.free', space);
  const remedy = doctorText('disk.make-room');
  if (freeBytes < badBytes) return bad(found, doctorText('disk.no-space'), remedy);
  if (inodes > 0 && freeInodes < 1000)
    return bad(doctorText('disk.free-but-files', { ...space, files: freeInodes }), doctorText('disk.no-files'), remedy);
  if (freeBytes < lowBytes) return attention(found, doctorText('disk.near'), remedy);
  return good(found);
}

const judgeMemory = (path: string, { type }: Space, willBeMounted: boolean): Finding => {
  const name = inMemory.get(type);
  if (name !== undefined) return good(doctorText('disk.run-memory.at', { filesystem: name, path }));
  if (willBeMounted) return good(doctorText('disk.run-memory.will'));
  return attention(doctorText('disk.run-memory.disk'), doctorText('disk.run-memory.loss'), doctorText('disk.run-memory.anew'));
};

export function diskChecks({ stateDirectory, paths }: DoctorContext): DoctorCheck[] {
  const run = paths !== undefined && existsSync(paths.run) ? paths.run : undefined;
  return [
    look('disk.state-directory', () => judgeStateSpace(spaceOf(stateDirectory), stateDirectory)),
    look('disk.state-filesystem', () => {
      const name = remote.get(spaceOf(stateDirectory).type);
      return name === undefined ? good(doctorText('disk.local')) : attention(asIs(name), doctorText('disk.remote-loss'));
    }),
    look('disk.run', () => {
      const space = spaceOf(run ?? '/run');
      const found = doctorText('disk.run.free', { free: formatSize(space.freeBytes), path: run ?? '/run' });
      return space.freeBytes < lowRunBytes ? bad(found, doctorText('disk.run.none'), doctorText('disk.run.make-room')) : good(found);
    }),
    look('disk.run-memory', () => judgeMemory(run ?? '/run', spaceOf(run ?? '/run'), run === undefined)),
  ];
}
