import { constants, existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { AT_FDCWD, O_RDONLY, openat } from '@bulkhead/kernel';
import { Problem } from '@bulkhead/model';

/** What reading past the page cache is tried with: big enough for a second's work, on the file system that containers have. */
const directories = ['/usr/bin', '/usr/lib', `/usr/lib/${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}-linux-gnu`];
const leastBytes = 1024 ** 2;

export interface DirectReading {
  file: string;
  /** The whole disk below it, `254:0`: rules of control groups are for disks, not for partitions. */
  device: string;
}

/** Major and minor number of a device as stat(2) tells it (makedev(3)). */
export function deviceNumber(dev: bigint): { major: number; minor: number } {
  return {
    major: Number(((dev >> 8n) & 0xfffn) | ((dev >> 32n) & ~0xfffn)),
    minor: Number((dev & 0xffn) | ((dev >> 12n) & ~0xffn)),
  };
}

function biggestFile(): string | undefined {
  let found: { file: string; size: number } | undefined;
  for (const directory of directories.filter((each) => existsSync(each)))
    for (const entry of readdirSync(directory, { withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const file = join(directory, entry.name);
      const { size } = statSync(file);
      // A name that a shell would take apart is not worth quoting: there are others.
      if (size >= leastBytes && size > (found?.size ?? 0) && /^[\w./+-]+$/.test(file)) found = { file, size };
    }
  return found?.file;
}

function wholeDisk(device: string): string {
  const directory = `/sys/dev/block/${device}`;
  if (!existsSync(`${directory}/partition`)) return device;
  return readFileSync(join(directory, '..', 'dev'), 'utf8').trim();
}

/**
 * A file of /usr that can be read past the page cache, and the disk it is on.
 *
 * @throws Problem 'unsupported', naming what stands in the way
 */
export function findReading(): DirectReading {
  const file = biggestFile();
  if (file === undefined) throw new Problem('unsupported', `no file of 1 MiB or more in ${directories.join(', ')}`);
  const { major, minor } = deviceNumber(statSync(file, { bigint: true }).dev);
  if (major === 0 || !existsSync(`/sys/dev/block/${major}:${minor}`))
    throw new Problem('unsupported', `${dirname(file)} is on a file system without a disk of its own (device ${major}:${minor})`, {
      remedy: 'the kernel throttles disks: it needs a /usr on ext4, xfs or another file system of one disk',
    });
  try {
    openat(AT_FDCWD, file, O_RDONLY | constants.O_DIRECT)[Symbol.dispose]();
  } catch (failure) {
    throw new Problem('unsupported', `the file system of ${dirname(file)} does not read past the page cache (O_DIRECT)`, {
      cause: failure,
    });
  }
  return { file, device: wholeDisk(`${major}:${minor}`) };
}
