import { readdirSync, statSync } from 'node:fs';
import { hasErrno } from '@bulkhead/kernel';
import type { CgroupFile } from '@bulkhead/model';
import type { Hierarchy } from '../hierarchy.ts';

/** Text of one file, at most; the longest of a large host's is memory.numa_stat. */
const longestContent = 65_536;
const mostFiles = 512;
const readableByAnybody = 0o444;

function readOne(hierarchy: Hierarchy, path: string, name: string): CgroupFile | undefined {
  const directory = hierarchy.absolute(path);
  const file: CgroupFile = { name, path: `${directory}/${name}` };
  try {
    // Opened all the same by root, who may open anything, cgroup.kill and its like answer a read with EINVAL.
    if ((statSync(file.path).mode & readableByAnybody) === 0) return { ...file, unreadable: 'it can only be written' };
    const text = hierarchy.read(path, name);
    if (text === undefined) return undefined;
    return text.length <= longestContent
      ? { ...file, content: text }
      : { ...file, content: text.slice(0, longestContent), unreadable: `longer than ${longestContent} characters: this is its beginning` };
  } catch (failure) {
    if (hasErrno(failure, 'ENOENT', 'ENODEV')) return undefined;
    return { ...file, unreadable: (failure as Error).message };
  }
}

/** Every kernel file of a group in each of its hierarchies, as it stands, in alphabetical order. */
export function readFiles(present: readonly Hierarchy[], path: string): CgroupFile[] {
  const files: CgroupFile[] = [];
  for (const hierarchy of present) {
    let names: string[];
    try {
      names = readdirSync(hierarchy.absolute(path), { withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map(({ name }) => name);
    } catch (failure) {
      if (hasErrno(failure, 'ENOENT', 'ENODEV')) continue;
      throw failure;
    }
    for (const name of names.sort()) {
      if (files.length === mostFiles) return files;
      const file = readOne(hierarchy, path, name);
      if (file !== undefined) files.push(file);
    }
  }
  return files;
}
