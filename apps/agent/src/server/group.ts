import { readFileSync } from 'node:fs';

/** Number of a system group by its name (group(5)); undefined where there is none. */
export function groupId(name: string, groups = readFileSync('/etc/group', 'utf8')): number | undefined {
  for (const line of groups.split('\n')) {
    const [group, , id] = line.split(':');
    if (group === name && id !== undefined && /^\d+$/.test(id)) return Number(id);
  }
  return undefined;
}
