import { AT_FDCWD, AT_SYMLINK_NOFOLLOW, type Fd, fchmodat, fchownat, hasErrno, rmdirat, statFd, writeFileAt } from '@bulkhead/kernel';
import { Problem } from '@bulkhead/model';
import type { Hierarchy } from '../hierarchy.ts';
import { readDevices, setDevices } from './device-program.ts';
import { openGroup, withParent } from './held-group.ts';
import type { PreparedStep } from './plan.ts';

/** A group of one hierarchy as it was: one made anew at its path is another. */
interface GroupThen {
  mountPoint: string;
  /** Relative to the mount point. */
  path: string;
  /** Inode of its directory. */
  ino: string;
}

/**
 * One thing that takes back what is about to be done to cgroups, as data: written down before it is done, it outlives the
 * death of the process in the midst of it.
 */
export type TakingBack =
  | ({ kind: 'write'; file: string; value: string } & GroupThen)
  | ({ kind: 'devices'; value: string } & GroupThen)
  | { kind: 'remove'; mountPoint: string; path: string }
  | { kind: 'own'; path: string; uid: number; gid: number; mode: number };

/** What takes the steps of a plan back, in the order of the steps. */
export function takingBackOf(steps: readonly PreparedStep[], directoryOf: (step: PreparedStep) => Fd): TakingBack[] {
  return steps.flatMap((step): TakingBack[] => {
    const group = { mountPoint: step.hierarchy.mountPoint, path: step.path, ino: String(statFd(directoryOf(step)).ino) };
    if (step.type === 'devices') return [{ kind: 'devices', ...group, value: step.before }];
    // Several writes of one step are made in their order, and all are taken in the reverse one.
    return (step.undo ?? []).toReversed().map(({ file, value }): TakingBack => ({ kind: 'write', ...group, file, value }));
  });
}

const isGone = (failure: unknown): boolean =>
  hasErrno(failure, 'ENOENT', 'ENODEV') || (failure instanceof Problem && failure.code === 'not-found');

function takeBackOne(each: Exclude<TakingBack, { kind: 'own' }>, hierarchy: Hierarchy): void {
  if (each.kind === 'remove') {
    withParent(hierarchy, each.path, rmdirat);
    return;
  }
  using directory = openGroup(hierarchy, each.path);
  if (directory === undefined || String(statFd(directory).ino) !== each.ino) return;
  if (each.kind === 'write') writeFileAt(directory, each.file, each.value);
  else if (readDevices(directory).value !== each.value) setDevices(directory, each.value);
}

const nameOf = (each: TakingBack): string =>
  each.kind === 'own' ? each.path : `${each.mountPoint}/${each.path}${each.kind === 'write' ? `/${each.file}` : ''}`;

/**
 * Takes back what was begun and perhaps not ended, last first. What was never done is as it was afterwards as well; a group
 * that is gone by now, or another one, is left alone.
 *
 * @returns what could not be taken back, and why
 */
export function takeBackAll(list: readonly TakingBack[], hierarchies: readonly Hierarchy[]): string[] {
  const left: string[] = [];
  for (const each of list.toReversed()) {
    try {
      if (each.kind === 'own') {
        fchownat(AT_FDCWD, each.path, each.uid, each.gid, AT_SYMLINK_NOFOLLOW);
        fchmodat(AT_FDCWD, each.path, each.mode);
        continue;
      }
      const hierarchy = hierarchies.find(({ mountPoint }) => mountPoint === each.mountPoint);
      if (hierarchy === undefined) left.push(`${nameOf(each)}: its hierarchy is not mounted any more`);
      else takeBackOne(each, hierarchy);
    } catch (failure) {
      if (!isGone(failure)) left.push(`${nameOf(each)}: ${failure instanceof Error ? failure.message : String(failure)}`);
    }
  }
  return left;
}
