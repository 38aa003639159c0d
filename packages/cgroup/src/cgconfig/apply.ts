import { hasErrno, SyscallError } from '@bulkhead/kernel';
import { Problem } from '@bulkhead/model';
import type { Hierarchy } from '../hierarchy.ts';
import { fillCpuset } from '../v1/cpuset.ts';
import { type MountedHost, relativePath } from './host.ts';
import { ownershipChanges, setOwnership } from './ownership.ts';
import type { ConfigStep, Place } from './plan.ts';

/** What a configuration did, as far as it can be taken back later. */
export interface AppliedConfig {
  /** Directories made, outermost first. */
  made: Place[];
  /** Values written into groups that were there before. */
  changed: { place: Place; file: string; value: string; before: string }[];
}

function describe(step: ConfigStep): string {
  switch (step.kind) {
    case 'make':
      return `${step.place.path} cannot be made`;
    case 'fill-cpuset':
      return `${step.place.path} cannot have the CPUs and memory nodes of the group above`;
    case 'enable':
      return `${step.enabled} cannot be enabled for the groups below ${step.place.path}`;
    case 'write':
      return `${step.write.file} of ${step.place.path} cannot be ${JSON.stringify(step.write.value)}`;
    case 'own':
      return `the owners of ${step.place.path} cannot be set`;
  }
}

/** What the kernel refused, with the line that asked for it. */
function refusal(step: ConfigStep, failure: unknown): Problem {
  const what = `line ${step.at.line}: ${describe(step)}: ${(failure as Error).message}`;
  if (hasErrno(failure, 'EBUSY')) {
    return step.kind === 'enable'
      ? new Problem('conflict', what, {
          cause: failure,
          remedy: `On version 2 processes live in leaves alone: move those of ${step.place.path} into a group below.`,
        })
      : new Problem('conflict', what, {
          cause: failure,
          remedy: 'What is in use now stands against it: ask for more, or stop processes first.',
        });
  }
  if (hasErrno(failure, 'EINVAL', 'ERANGE', 'EOPNOTSUPP'))
    return new Problem('invalid', what, { cause: failure, remedy: 'The kernel takes no such value there: change that line.' });
  if (hasErrno(failure, 'ENOENT', 'ENODEV'))
    return new Problem('conflict', what, {
      cause: failure,
      remedy: 'The group vanished, or this kernel lacks the file: look at the preview again.',
    });
  if (hasErrno(failure, 'EROFS', 'EPERM', 'EACCES'))
    return new Problem('forbidden', what, { cause: failure, remedy: 'The kernel does not let the agent write there.' });
  if (hasErrno(failure, 'ENOSPC', 'EAGAIN', 'ENOMEM'))
    return new Problem('exhausted', what, {
      cause: failure,
      remedy: 'A bound of the groups above is reached (cgroup.max.descendants, or CPUs that a group above lacks).',
    });
  return failure instanceof SyscallError ? new Problem('internal', what, { cause: failure }) : (failure as Problem);
}

/** Carries steps out, each with what takes it back. */
class Application {
  readonly #host: MountedHost;
  readonly #undo: DisposableStack;
  readonly applied: AppliedConfig = { made: [], changed: [] };

  constructor(host: MountedHost, undo: DisposableStack) {
    this.#host = host;
    this.#undo = undo;
  }

  #hierarchyOf({ version, controller }: Place): Hierarchy {
    const hierarchy = this.#host.hierarchyOf(version, controller);
    if (hierarchy === undefined) throw new Problem('unsupported', `the hierarchy of ${controller} is not mounted any more`);
    return hierarchy;
  }

  #isMade({ version, path }: Place, hierarchy: Hierarchy): boolean {
    return this.applied.made.some((each) => each.version === version && each.path === path && this.#hierarchyOf(each) === hierarchy);
  }

  do(step: ConfigStep): void {
    const { place } = step;
    const hierarchy = this.#hierarchyOf(place);
    const path = relativePath(place.path);
    switch (step.kind) {
      case 'make':
        if (!hierarchy.makeOne(path)) return;
        this.#undo.defer(() => hierarchy.removeOne(path));
        this.applied.made.push(place);
        break;
      case 'fill-cpuset':
        fillCpuset(hierarchy, path);
        break;
      case 'enable':
        hierarchy.write(path, 'cgroup.subtree_control', `+${step.enabled}`);
        this.#undo.defer(() => hierarchy.write(path, 'cgroup.subtree_control', `-${step.enabled}`));
        break;
      case 'write': {
        const { file, value, before, undo } = step.write;
        hierarchy.write(path, file, value);
        if (this.#isMade(place, hierarchy)) return;
        const back = undo === undefined ? [] : typeof undo === 'string' ? [{ file, value: undo }] : undo;
        for (const each of back.toReversed()) this.#undo.defer(() => hierarchy.write(path, each.file, each.value));
        if (before !== undefined && typeof undo === 'string') this.applied.changed.push({ place, file, value, before: undo });
        break;
      }
      case 'own':
        for (const change of ownershipChanges(hierarchy.absolute(path), place.version, step.permissions)) {
          const before = setOwnership(change);
          if (!this.#isMade(place, hierarchy)) this.#undo.defer(() => void setOwnership(before));
        }
    }
  }
}

/**
 * Does what a configuration plans, all or nothing: where a step fails, what was done is taken back.
 *
 * @throws Problem with the line whose step the kernel refused; what could not be taken back is in its message
 */
export function applyConfig(steps: readonly ConfigStep[], host: MountedHost): AppliedConfig {
  const undo = new DisposableStack();
  const application = new Application(host, undo);
  for (const step of steps) {
    try {
      application.do(step);
    } catch (failure) {
      const problem = refusal(step, failure);
      try {
        undo.dispose();
      } catch (second) {
        throw new Problem(problem.code, `${problem.message}; and not all could be put back: ${reasonsOf(second)}`, {
          cause: failure,
          ...(problem.remedy === undefined ? {} : { remedy: problem.remedy }),
        });
      }
      throw problem;
    }
  }
  undo.move();
  return application.applied;
}

/** Several failures of one stack come as one inside the other. */
function reasonsOf(failure: unknown): string {
  return failure instanceof SuppressedError ? `${reasonsOf(failure.error)}; ${reasonsOf(failure.suppressed)}` : (failure as Error).message;
}
