import { statSync } from 'node:fs';
import { activeRecorder, rmdirat, statFd, writeFileAt } from '@bulkhead/kernel';
import { findCgroupSetting, Problem } from '@bulkhead/model';
import { applyPlan } from '../control/apply.ts';
import { openGroup, withParent } from '../control/held-group.ts';
import { fillCpuset, makeOne } from '../control/lifecycle.ts';
import { PreparedPlan, type PreparedStep } from '../control/plan.ts';
import { explainRefusal } from '../control/refusal.ts';
import { type TakingBack, takingBackOf } from '../control/taking-back.ts';
import type { Hierarchy } from '../hierarchy.ts';
import { type MountedHost, relativePath } from './host.ts';
import { ownershipChanges, setOwnership } from './ownership.ts';
import type { ConfigStep, Place } from './plan.ts';
import { isDeviceProgram } from './translate.ts';

/** What a configuration did, as far as it can be taken back later. */
export interface AppliedConfig {
  /** Directories made, outermost first. */
  made: Place[];
  /** Values written into groups that were there before. */
  changed: { place: Place; file: string; value: string; before: string }[];
}

/** A named moment, for tests that end the process there. */
type FailPoint = (name: string) => void;

function hierarchyOf(host: MountedHost, { version, controller }: Place): Hierarchy {
  const hierarchy = host.hierarchyOf(version, controller);
  if (hierarchy === undefined) throw new Problem('unsupported', `the hierarchy of ${controller} is not mounted any more`);
  return hierarchy;
}

function handDown(hierarchy: Hierarchy, path: string, value: string): void {
  try {
    using directory = openGroup(hierarchy, path);
    if (directory !== undefined) writeFileAt(directory, 'cgroup.subtree_control', value);
  } catch (failure) {
    throw explainRefusal(failure, { file: `${hierarchy.absolute(path)}/cgroup.subtree_control`, value, version: 2 });
  }
}

/** The refusal with the line of the configuration that asked for it. */
function atLine(step: ConfigStep, failure: unknown): unknown {
  if (!(failure instanceof Problem)) return failure;
  return new Problem(failure.code, `line ${step.at.line}: ${failure.message}`, {
    cause: failure.cause ?? failure,
    ...(failure.remedy === undefined ? {} : { remedy: failure.remedy }),
  });
}

/** A value as the engine writes it. Of a group just made nothing is put back: it goes. */
function prepare({ place, write }: Extract<ConfigStep, { kind: 'write' }>, host: MountedHost, isMade: boolean): PreparedStep {
  const hierarchy = hierarchyOf(host, place);
  const path = relativePath(place.path);
  const setting = write.setting === undefined ? undefined : findCgroupSetting(write.setting);
  if (isDeviceProgram(write) && setting !== undefined)
    return { type: 'devices', hierarchy, path, value: write.value, before: write.before ?? setting.preset, setting };
  const { file, value, before, undo } = write;
  const back = undo === undefined ? undefined : typeof undo === 'string' ? [{ file, value: undo }] : undo;
  return {
    type: 'write',
    hierarchy,
    path,
    file,
    value,
    before,
    undo: isMade ? [] : back,
    version: place.version,
    ...(setting === undefined ? {} : { setting }),
  };
}

/**
 * What takes a configuration back that is about to be applied, in the order of its steps: written down before the first of
 * them, it outlives this process.
 */
export function takingBackOfConfig(steps: readonly ConfigStep[], host: MountedHost): TakingBack[] {
  const made = new Set<string>();
  const back: TakingBack[] = [];
  const writes: TakingBack[] = [];
  for (const step of steps) {
    const hierarchy = hierarchyOf(host, step.place);
    const path = relativePath(step.place.path);
    const at = hierarchy.absolute(path);
    if (step.kind === 'make') {
      made.add(at);
      back.push({ kind: 'remove', mountPoint: hierarchy.mountPoint, path });
    }
    // What is done to a group that is made goes with it.
    if (made.has(at)) continue;
    using directory = openGroup(hierarchy, path);
    if (directory === undefined) continue;
    const group = { mountPoint: hierarchy.mountPoint, path, ino: String(statFd(directory).ino) };
    if (step.kind === 'enable') back.push({ kind: 'write', ...group, file: 'cgroup.subtree_control', value: `-${step.enabled}` });
    if (step.kind === 'own')
      for (const { path: file } of ownershipChanges(at, step.place.version, step.permissions)) {
        const { uid, gid, mode } = statSync(file);
        back.push({ kind: 'own', path: file, uid, gid, mode: mode & 0o7777 });
      }
    if (step.kind === 'write') writes.push(...takingBackOf([prepare(step, host, false)], () => directory));
  }
  // Values are written last, those of all groups as one plan.
  return [...back, ...writes];
}

/** Everything but values: directories, controllers handed down, owners, each with what takes it back. */
class Preparation {
  readonly #host: MountedHost;
  readonly #undo: DisposableStack;
  readonly made: Place[] = [];
  readonly #madeDirectories = new Set<string>();

  constructor(host: MountedHost, undo: DisposableStack) {
    this.#host = host;
    this.#undo = undo;
  }

  isMade({ path }: Place, hierarchy: Hierarchy): boolean {
    return this.#madeDirectories.has(hierarchy.absolute(relativePath(path)));
  }

  do(step: ConfigStep): void {
    const { place } = step;
    const hierarchy = hierarchyOf(this.#host, place);
    const path = relativePath(place.path);
    switch (step.kind) {
      case 'make':
        if (!makeOne(hierarchy, path, { groups: [], enabled: [] })) return;
        this.#undo.defer(() => withParent(hierarchy, path, rmdirat));
        this.made.push(place);
        this.#madeDirectories.add(hierarchy.absolute(path));
        break;
      case 'fill-cpuset':
        fillCpuset(hierarchy, path);
        break;
      case 'enable':
        handDown(hierarchy, path, `+${step.enabled}`);
        this.#undo.defer(() => handDown(hierarchy, path, `-${step.enabled}`));
        break;
      case 'own':
        for (const change of ownershipChanges(hierarchy.absolute(path), place.version, step.permissions)) {
          const before = setOwnership(change);
          if (!this.isMade(place, hierarchy)) this.#undo.defer(() => void setOwnership(before));
        }
        break;
      case 'write':
    }
  }
}

/** Values of all groups as one plan of the engine: all of them or none. */
function writeAll(
  steps: readonly Extract<ConfigStep, { kind: 'write' }>[],
  preparation: Preparation,
  { host, failPoint }: { host: MountedHost; failPoint: FailPoint },
): void {
  const prepared = steps.map((step) => prepare(step, host, preparation.isMade(step.place, hierarchyOf(host, step.place))));
  const used = [...new Set(prepared.map(({ hierarchy }) => hierarchy))];
  try {
    if (prepared.length > 0) {
      const recorder = activeRecorder();
      applyPlan(new PreparedPlan('', prepared, [], []), used, { failPoint, ...(recorder === undefined ? {} : { recorder }) });
    }
  } catch (failure) {
    const message = failure instanceof Problem ? failure.message : '';
    const refused = steps.find(({ place, write }) =>
      message.includes(`${hierarchyOf(host, place).absolute(relativePath(place.path))}/${isDeviceProgram(write) ? '' : write.file}`),
    );
    throw refused === undefined ? failure : atLine(refused, failure);
  }
}

/**
 * Does what a configuration plans, all or nothing: where a step fails, what was done is taken back.
 *
 * @throws Problem with the line whose step the kernel refused; what could not be taken back is in its message
 */
export function applyConfig(steps: readonly ConfigStep[], host: MountedHost, failPoint: FailPoint = () => undefined): AppliedConfig {
  const undo = new DisposableStack();
  const preparation = new Preparation(host, undo);
  const writes = steps.filter((step) => step.kind === 'write');
  try {
    for (const step of steps) {
      try {
        preparation.do(step);
        failPoint(`config:${step.kind}`);
      } catch (failure) {
        throw atLine(step, failure);
      }
    }
    writeAll(writes, preparation, { host, failPoint });
  } catch (failure) {
    throw takeBack(undo, failure);
  }
  undo.move();
  const changed = writes.flatMap(({ place, write: { file, value, undo: back } }): AppliedConfig['changed'] =>
    typeof back === 'string' && !preparation.isMade(place, hierarchyOf(host, place)) ? [{ place, file, value, before: back }] : [],
  );
  return { made: preparation.made, changed };
}

/** @returns the failure, with what could not be taken back */
function takeBack(undo: DisposableStack, failure: unknown): unknown {
  try {
    undo.dispose();
    return failure;
  } catch (second) {
    if (!(failure instanceof Problem)) return failure;
    return new Problem(failure.code, `${failure.message}; and not all could be taken back: ${reasonsOf(second)}`, {
      cause: failure.cause ?? failure,
      ...(failure.remedy === undefined ? {} : { remedy: failure.remedy }),
    });
  }
}

/** Several failures of one stack come as one inside the other. */
function reasonsOf(failure: unknown): string {
  return failure instanceof SuppressedError ? `${reasonsOf(failure.error)}; ${reasonsOf(failure.suppressed)}` : (failure as Error).message;
}
