import { type AppliedConfig, type ConfigPlan, changesOf, type Place, type UndoneConfig } from '@bulkhead/cgroup';
import { settingsOfFile } from '@bulkhead/model';

/** Settings that a plan writes, group by group: those that it makes too. */
export const settingsWritten = ({ v1, v2 }: ConfigPlan): { path: string; keys: string[] }[] =>
  [v1, v2].flatMap(({ version, groups }) =>
    groups
      .filter(({ here, writes }) => here && writes.length > 0)
      .map(({ path, writes }) => ({ path, keys: changesOf(version, writes).map(({ key }) => key) })),
  );

/** The same of values that were put back. */
export const settingsRestored = ({ restored }: UndoneConfig): { path: string; keys: string[] }[] =>
  restored.map(({ path, file }) => ({ path, keys: [settingsOfFile(file)[0]?.setting.key ?? file] }));

/** Of groups that are made the outermost, one for each group above: it is that one which is somebody's. */
export function firstOfEachParent(paths: readonly string[]): string[] {
  const parentOf = (path: string): string => path.slice(0, path.lastIndexOf('/')) || '/';
  const known = new Set(paths);
  const outermost = paths.filter((path) => !known.has(parentOf(path)));
  return [...new Map(outermost.map((path) => [parentOf(path), path])).values()];
}

/** Places of one path, told by the controllers of their hierarchies; v2 has one for all. */
export function byPath(places: readonly Place[]): { path: string; controllers: string[] }[] {
  const paths = new Map<string, string[]>();
  for (const { version, path, controller } of places) paths.set(path, [...(paths.get(path) ?? []), version === 2 ? 'v2' : controller]);
  return [...paths].map(([path, controllers]) => ({ path, controllers }));
}

const samePlace = (left: Place, right: Place): boolean =>
  left.version === right.version && left.controller === right.controller && left.path === right.path;

/** What a plan is about to do, as far as it can be taken back. */
export const intended = ({ steps }: ConfigPlan): AppliedConfig => ({
  made: steps.filter(({ kind }) => kind === 'make').map(({ place }) => place),
  changed: steps.flatMap((step) =>
    step.kind === 'write' && step.write.before !== undefined && typeof step.write.undo === 'string'
      ? [{ place: step.place, file: step.write.file, value: step.write.value, before: step.write.undo }]
      : [],
  ),
});

/** What both versions of a configuration made, less what is gone; of a value the oldest that stood before. */
export function mergeApplied(before: AppliedConfig | undefined, applied: AppliedConfig, undone: UndoneConfig): AppliedConfig {
  const made = [...(before?.made ?? []), ...applied.made].filter((place) => !undone.removed.some((each) => samePlace(each, place)));
  const changed = new Map([...(before?.changed ?? [])].map((each) => [`${each.place.version} ${each.place.path} ${each.file}`, each]));
  for (const each of applied.changed) {
    const key = `${each.place.version} ${each.place.path} ${each.file}`;
    const isOwn = made.some((place) => place.version === each.place.version && place.path === each.place.path);
    // A value of a group that this configuration made goes with the group.
    if (!isOwn) changed.set(key, { ...each, before: changed.get(key)?.before ?? each.before });
  }
  return { made, changed: [...changed.values()] };
}
