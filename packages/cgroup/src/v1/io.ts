import { readdirSync, readFileSync } from 'node:fs';
import { hasErrno } from '@bulkhead/kernel';
import { FormatError, parseCounter, parseNewLineSeparated } from '../formats.ts';
import type { Hierarchy } from '../hierarchy.ts';
import type { CounterFile } from '../reader.ts';

const bytesFile = 'blkio.throttle.io_service_bytes_recursive';
const operationsFile = 'blkio.throttle.io_serviced_recursive';

/**
 * Sums over devices out of lines such as `8:0 Read 4096` (admin-guide/cgroup-v1/blkio-controller.rst). A group that did
 * no I/O has no lines but `Total 0`: 0 of each.
 */
export function parseIo(text: string): { read: string; write: string } {
  let read: bigint | undefined;
  let write: bigint | undefined;
  for (const line of parseNewLineSeparated(text)) {
    const [device, operation, value, ...rest] = line.split(' ');
    if (device === 'Total' && value === undefined) continue;
    if (operation === undefined || value === undefined || rest.length > 0) throw new FormatError('DEVICE OPERATION VALUE', line);
    if (operation === 'Read') read = (read ?? 0n) + BigInt(parseCounter(value));
    else if (operation === 'Write') write = (write ?? 0n) + BigInt(parseCounter(value));
  }
  return { read: String(read ?? 0n), write: String(write ?? 0n) };
}

export const ioFiles: readonly CounterFile[] = [
  {
    file: bytesFile,
    parse(text, reading) {
      const { read, write } = parseIo(text);
      reading.ioReadBytes = read;
      reading.ioWriteBytes = write;
    },
  },
  {
    file: operationsFile,
    parse(text, reading) {
      const { read, write } = parseIo(text);
      reading.ioReadOperations = read;
      reading.ioWriteOperations = write;
    },
  },
];

/** Devices (`8:0`) whose I/O the kernel counts: the root group has a line for each, used or not. */
export function parseCountedDevices(text: string): Set<string> {
  return new Set(
    parseNewLineSeparated(text)
      .filter((line) => line.split(' ').length === 3)
      .map((line) => line.slice(0, line.indexOf(' '))),
  );
}

/** Whole disks with a size, as `8:0`. */
function disks(): string[] {
  return readdirSync('/sys/block').flatMap((name) => {
    try {
      if (readFileSync(`/sys/block/${name}/size`, 'utf8') === '0\n') return [];
      return [readFileSync(`/sys/block/${name}/dev`, 'utf8').trim()];
    } catch (failure) {
      // Unplugged between the two looks.
      if (hasErrno(failure, 'ENOENT', 'ENODEV')) return [];
      throw failure;
    }
  });
}

/** Whether the kernel counts I/O at all: then a group without a line did none, else it was not measured. */
export const isIoCounted = (blkio: Hierarchy): boolean => parseCountedDevices(blkio.read('', bytesFile) ?? '').size > 0;

/**
 * Makes the kernel count I/O. Since 6.10 it does so for a disk only once any group was given a rule for it ("blk-throttle:
 * delay initialization until configuration"); a rule of 0 bytes a second means "no limit", and that is what is written
 * into a group of ours. A disk that takes no rule stays uncounted.
 */
export function enableIoCounting(blkio: Hierarchy, path: string): void {
  const counted = parseCountedDevices(blkio.read('', bytesFile) ?? '');
  for (const device of disks()) {
    if (counted.has(device)) continue;
    try {
      blkio.write(path, 'blkio.throttle.read_bps_device', `${device} 0`);
    } catch (failure) {
      if (!hasErrno(failure, 'ENODEV', 'EINVAL', 'ENOENT', 'EOPNOTSUPP', 'EBUSY', 'EPERM', 'EACCES')) throw failure;
    }
  }
}
