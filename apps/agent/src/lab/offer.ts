import type { Cgroups } from '@bulkhead/cgroup';
import { type CgroupDialect, findCgroupSetting, type LabKind, type LabWord, labs, Problem, settingsOfFile } from '@bulkhead/model';
import { findReading } from './direct-reading.ts';

/** v1's name of a controller where it has another. */
const legacyName: Readonly<Record<string, string>> = { io: 'blkio' };

/**
 * Why this host cannot carry out a lab; undefined where it can.
 *
 * @param look probes what a lab needs beyond controllers; throws a Problem that names what is missing
 */
export function whyNot(
  kind: LabKind,
  cgroups: Pick<Cgroups, 'controllers' | 'setup'>,
  look: Partial<Record<LabKind, () => void>> = { io: findReading },
): Problem | undefined {
  const missing = labs[kind].controllers.filter((controller) => !(cgroups.controllers as ReadonlySet<string>).has(controller));
  if (missing.length > 0) {
    const names = missing.map((controller) => (cgroups.setup === 'unified' ? controller : (legacyName[controller] ?? controller)));
    return new Problem(
      'unsupported',
      `this host has no control group ${names.length === 1 ? 'controller' : 'controllers'} ${names.join(' and ')}, which the lab ${kind} needs`,
      {
        remedy:
          cgroups.setup === 'unified'
            ? 'the kernel has to be built with it, and the groups above have to hand it down (cgroup.subtree_control)'
            : `mount ${names.length === 1 ? 'it' : 'them'}: mount -t cgroup -o ${names[0]} ${names[0]} /sys/fs/cgroup/${names[0]}`,
      },
    );
  }
  try {
    look[kind]?.();
    return undefined;
  } catch (failure) {
    if (failure instanceof Problem) return failure;
    throw failure;
  }
}

/** Files that tell what was asked for, and are written by nobody. */
const onlyTold = new Set(['freezer.self_freezing']);

/** The settings of a lab in the words of both versions, out of the registry. */
export function wordsOf(kind: LabKind): LabWord[] {
  return labs[kind].settings.map((key) => {
    const setting = findCgroupSetting(key);
    if (setting === undefined) throw new Error(`the registry has no setting ${key}`);
    // A file in which another setting stands first is that one's word: memory.memsw is swap's.
    const files = ([dialect]: readonly CgroupDialect[]) =>
      (dialect?.files ?? []).map(({ name }) => name).filter((name) => settingsOfFile(name)[0]?.setting === setting && !onlyTold.has(name));
    return { setting: key, v1: files(setting.v1), v2: files(setting.v2), formulas: setting.formulas.map(({ formula }) => formula) };
  });
}
