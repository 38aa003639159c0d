import { type CgroupDeed, childPath } from './actions.ts';

/** What is typed in the dialog. */
export interface Fields {
  /** Name of a new group. */
  name: string;
  /** Group that processes are moved to. */
  target: string;
  pids: readonly number[];
}

export interface PlanAsked {
  path: string;
  verb: CgroupDeed['verb'];
  changes?: { key: string; value: string }[];
  pids?: number[];
  enableControllers?: boolean;
}

/** What is to be asked of the agent, or undefined as long as something is missing. */
export function askedOf(deed: CgroupDeed, { name, target, pids }: Fields): PlanAsked | undefined {
  switch (deed.verb) {
    case 'set':
      return { path: deed.path, verb: 'set', changes: [...deed.changes], enableControllers: deed.enableControllers };
    case 'create': {
      const path = childPath(deed.path, name);
      return path === undefined ? undefined : { path, verb: 'create' };
    }
    case 'move':
      return target === '' || target === deed.path || pids.length === 0 ? undefined : { path: target, verb: 'move', pids: [...pids] };
    default:
      return { path: deed.path, verb: deed.verb };
  }
}
