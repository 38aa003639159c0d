import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { basename } from 'node:path';
import { type BlockDevice, Problem } from '@bulkhead/model';

/** Block devices of the host by their numbers (/sys/dev/block). */
export function blockDevices(root = '/sys/dev/block'): BlockDevice[] {
  let numbers: string[];
  try {
    numbers = readdirSync(root);
  } catch {
    return [];
  }
  return numbers.flatMap((number) => {
    try {
      return [{ number, name: basename(readlinkSync(`${root}/${number}`)), isPartition: existsSync(`${root}/${number}/partition`) }];
    } catch {
      // Pulled out meanwhile.
      return [];
    }
  });
}

/**
 * Lines that begin with a disk, with its number in the place of a name (`sda`, `/dev/sda`).
 *
 * @throws Problem('invalid') for a name that no disk has, and for a partition
 */
export function withDeviceNumbers(key: string, text: string, root = '/sys/class/block'): string {
  return text
    .split('\n')
    .map((line) => {
      const found = /^\s*(?:\/dev\/)?([A-Za-z][\w!.-]{0,63})(\s+\S.*)$/.exec(line);
      const name = found?.[1];
      if (name === undefined || name === 'default') return line;
      let number: string;
      try {
        number = readFileSync(`${root}/${name}/dev`, 'utf8').trim();
      } catch (failure) {
        throw new Problem('invalid', `${key}: there is no disk ${name}`, {
          cause: failure,
          remedy: 'ls /sys/class/block lists those there are.',
        });
      }
      if (existsSync(`${root}/${name}/partition`))
        throw new Problem('invalid', `${key}: ${name} is a partition; the kernel limits whole disks`, {
          remedy: 'Name the disk it is on.',
        });
      return `${number}${found?.[2]}`;
    })
    .join('\n');
}

/** Sizes of huge pages of this host as control groups name them: `2MB`, `1GB` (mm/hugetlb_cgroup.c, mem_fmt). */
export function hugePageSizes(root = '/sys/kernel/mm/hugepages'): string[] {
  let names: string[];
  try {
    names = readdirSync(root);
  } catch {
    return [];
  }
  return names.flatMap((name) => {
    const kibibytes = Number(/^hugepages-(\d+)kB$/.exec(name)?.[1] ?? 0);
    if (kibibytes === 0) return [];
    if (kibibytes >= 1024 * 1024) return [`${kibibytes / 1024 / 1024}GB`];
    return [kibibytes >= 1024 ? `${kibibytes / 1024}MB` : `${kibibytes}KB`];
  });
}
