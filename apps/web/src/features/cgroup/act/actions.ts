import type { CgroupNode, CgroupSettingChange } from '@bulkhead/model';

export const cgroupActions = ['create', 'move', 'freeze', 'thaw', 'kill', 'remove'] as const;
/** What can be done to a cgroup beside changing its settings. */
export type CgroupAction = (typeof cgroupActions)[number];

/** What somebody is about to do to a cgroup. */
export type CgroupDeed =
  | { verb: 'set'; path: string; changes: readonly CgroupSettingChange[]; enableControllers: boolean }
  /** In the group at the path. */
  | { verb: 'create'; path: string }
  /** Out of the group at the path; all that are in it itself where none are named. */
  | { verb: 'move'; path: string; pids?: readonly number[] | undefined }
  | { verb: 'freeze' | 'thaw' | 'kill' | 'remove'; path: string };

/** What the dialog is asked for. */
export interface AskedOfCgroup {
  deed: CgroupDeed;
  /** Told once it is done and the dialog is left, with the group that it was done to: the new one, where one was made. */
  onDone?: ((path: string) => void) | undefined;
}

/** Actions that make sense for a group as it is. The root can be neither stopped nor removed. */
export function possibleActions({ path, frozen, processes }: Pick<CgroupNode, 'path' | 'frozen' | 'processes'>): readonly CgroupAction[] {
  const moving: CgroupAction[] = processes === 0 ? [] : ['move'];
  if (path === '/') return ['create', ...moving];
  return [
    'create',
    ...moving,
    ...(frozen === true ? [] : (['freeze'] as const)),
    ...(frozen === false ? [] : (['thaw'] as const)),
    'kill',
    'remove',
  ];
}

/** Actions that lose something for good: the name of the group is typed for them. */
export const destroys = (verb: CgroupDeed['verb']): boolean => verb === 'kill' || verb === 'remove';

/** The path of a group that is to be made; undefined where the name is none that the kernel takes. */
export function childPath(parent: string, name: string): string | undefined {
  const parts = name.trim().split('/');
  if (
    parts.some((part) => part === '' || part === '.' || part === '..' || part.includes('\0') || new TextEncoder().encode(part).length > 255)
  )
    return undefined;
  return `${parent === '/' ? '' : parent}/${parts.join('/')}`;
}

/** `17, 18 19` as pids; undefined where one is none. */
export function parsePids(text: string): number[] | undefined {
  const parts = text.split(/[\s,]+/).filter(Boolean);
  const pids = parts.map(Number);
  return pids.every((pid) => Number.isInteger(pid) && pid > 0 && pid <= 4_194_304) ? [...new Set(pids)] : undefined;
}
