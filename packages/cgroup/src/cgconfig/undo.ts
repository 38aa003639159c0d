import { hasErrno, rmdirat, writeFileAt } from '@bulkhead/kernel';
import { Problem } from '@bulkhead/model';
import { setDevices } from '../control/device-program.ts';
import { openGroup, withParent } from '../control/held-group.ts';
import type { Hierarchy } from '../hierarchy.ts';
import type { AppliedConfig } from './apply.ts';
import { type MountedHost, relativePath } from './host.ts';
import type { Place } from './plan.ts';
import { deviceProgram } from './translate.ts';

/** What came of taking a configuration back. */
export interface UndoneConfig {
  /** Groups that are gone. */
  removed: Place[];
  /** Groups and values that stay, and why. */
  kept: { path: string; controller: string; file?: string; reason: string }[];
  /** Values of groups that were there before, put back. */
  restored: { path: string; file: string; value: string }[];
}

function busyReason(host: MountedHost, { version, controller, path }: Place): string {
  const hierarchy = host.hierarchyOf(version, controller);
  const children = hierarchy?.childNames(relativePath(path)) ?? [];
  if (children.length > 0) return `groups are below it: ${children.slice(0, 3).join(', ')}${children.length > 3 ? ', …' : ''}`;
  const processes = hierarchy?.processes(relativePath(path)).length ?? 0;
  return processes > 0 ? `${processes} ${processes === 1 ? 'process is' : 'processes are'} in it` : 'the kernel says it is busy';
}

/** @returns false where something is in it */
function removeEmpty(hierarchy: Hierarchy, path: string): boolean {
  try {
    withParent(hierarchy, path, rmdirat);
  } catch (failure) {
    if (hasErrno(failure, 'EBUSY', 'ENOTEMPTY')) return false;
    const isGone = hasErrno(failure, 'ENOENT', 'ENODEV') || (failure instanceof Problem && failure.code === 'not-found');
    if (!isGone) throw failure;
  }
  return true;
}

function putBack(hierarchy: Hierarchy, path: string, { file, before }: { file: string; before: string }): void {
  using directory = openGroup(hierarchy, path);
  if (directory === undefined) return;
  if (file === deviceProgram) setDevices(directory, before);
  else writeFileAt(directory, file, before);
}

/**
 * Takes back what a configuration did: groups that it made and that are empty go, values of others are put back where they
 * still are what it wrote. What stays is told, and nothing is ended.
 */
export function undoConfig({ made, changed }: AppliedConfig, host: MountedHost): UndoneConfig {
  const undone: UndoneConfig = { removed: [], kept: [], restored: [] };
  for (const place of made.toReversed()) {
    const hierarchy = host.hierarchyOf(place.version, place.controller);
    if (hierarchy === undefined || !hierarchy.exists(relativePath(place.path))) continue;
    if (removeEmpty(hierarchy, relativePath(place.path))) undone.removed.push(place);
    else undone.kept.push({ path: place.path, controller: place.controller, reason: busyReason(host, place) });
  }
  for (const { place, file, value, before } of changed.toReversed()) {
    const { version, controller, path } = place;
    const hierarchy = host.hierarchyOf(version, controller);
    const now = host.read(version, controller, path, file);
    if (hierarchy === undefined || now === undefined) continue;
    if (now !== value) {
      undone.kept.push({ path, controller, file, reason: `it was changed to ${now} since` });
      continue;
    }
    try {
      putBack(hierarchy, relativePath(path), { file, before });
      undone.restored.push({ path, file, value: before });
    } catch (failure) {
      if (!hasErrno(failure, 'ENOENT', 'ENODEV')) undone.kept.push({ path, controller, file, reason: (failure as Error).message });
    }
  }
  return undone;
}
