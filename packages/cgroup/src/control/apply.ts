import { type Fd, hasErrno, record, SyscallError, writeFileAt } from '@bulkhead/kernel';
import { Problem, type ToldText } from '@bulkhead/model';
import type { Hierarchy } from '../hierarchy.ts';
import { readDevices, setDevices } from './device-program.ts';
import { HeldGroup, noSuchGroup } from './held-group.ts';
import type { PreparedPlan, PreparedStep } from './plan.ts';
import { explainRefusal } from './refusal.ts';
import { takingBackOf } from './taking-back.ts';
import type { ApplyOptions } from './types.ts';

/** Groups that a plan writes to, held open from the first to the last step. */
class Held implements Disposable {
  readonly #groups = new Map<string, HeldGroup>();
  readonly #hierarchies: readonly Hierarchy[];
  constructor(hierarchies: readonly Hierarchy[]) {
    this.#hierarchies = hierarchies;
  }

  of(path: string): HeldGroup {
    let group = this.#groups.get(path);
    if (group === undefined) {
      group = HeldGroup.open(this.#hierarchies, path);
      this.#groups.set(path, group);
    }
    return group;
  }

  directory(step: PreparedStep): Fd {
    return this.of(step.path).directory(step.hierarchy);
  }

  /** True where the group that a step is for was removed while it was held. */
  isGone({ path, hierarchy }: PreparedStep): boolean {
    const group = this.#groups.get(path);
    return group?.has(hierarchy) === true && !group.isThere(hierarchy);
  }

  [Symbol.dispose](): void {
    for (const group of this.#groups.values()) group[Symbol.dispose]();
  }
}

/** What the step was planned on must still be so: somebody may have written meanwhile. */
function checkUnchanged(step: PreparedStep, group: HeldGroup): void {
  const now = step.type === 'devices' ? readDevices(group.directory(step.hierarchy)).value : group.read(step.hierarchy, step.file);
  if (step.before === undefined || now === step.before) return;
  const file = step.type === 'devices' ? 'the device program' : step.file;
  throw new Problem(
    'conflict',
    `${file} of /${step.path} was ${JSON.stringify(step.before)} when this was planned, and is ${JSON.stringify(now ?? '')} now`,
    {
      remedy: 'Somebody else changes it: look at it again, then try once more.',
    },
  );
}

function carryOut(step: PreparedStep, directory: Fd): void {
  if (step.type === 'devices') setDevices(directory, step.value);
  else writeFileAt(directory, step.file, step.value);
}

/** Puts back what a step changed. @returns what could not be put back */
function takeBack(step: PreparedStep, directory: Fd): string[] {
  const writes = step.type === 'devices' ? [] : (step.undo ?? []);
  if (step.type === 'write' && step.undo === undefined) return [`${directory.label}/${step.file} (what it held is not known)`];
  const left: string[] = [];
  try {
    if (step.type === 'devices') setDevices(directory, step.before);
  } catch (failure) {
    left.push(`devices of ${directory.label} (${failure instanceof Error ? failure.message : String(failure)})`);
  }
  for (const { file, value } of writes) {
    try {
      writeFileAt(directory, file, value);
    } catch (failure) {
      const errno = failure instanceof SyscallError ? failure.code : String(failure);
      left.push(`${JSON.stringify(value)} into ${directory.label}/${file} (${errno})`);
    }
  }
  return left;
}

function explain(failure: unknown, step: PreparedStep, held: Held): Problem {
  const file = step.type === 'devices' ? step.hierarchy.absolute(step.path) : `${step.hierarchy.absolute(step.path)}/${step.file}`;
  const version = step.type === 'devices' ? 2 : step.version;
  // ENODEV is both: a device that is none, and a group that is gone.
  if (held.isGone(step))
    return new Problem(
      'not-found',
      `/${step.path} vanished half way: it was removed before ${file} was written; what had been written to it is gone with it`,
      {
        cause: failure,
      },
    );
  if (hasErrno(failure, 'ENOENT'))
    return new Problem('unsupported', `${file} is not there (ENOENT): the kernel lacks it, or does not have the controller at this group`, {
      cause: failure,
    });
  return explainRefusal(failure, { file, value: step.value, setting: step.setting, version });
}

/** What failed, and what became of the steps before it. */
const outcomeText = (failed: ToldText, left: readonly string[]): ToldText => {
  const values = { failed: [failed], left: left.join('; ') };
  return { code: left.length === 0 ? 'outcome.back' : 'outcome.left', values };
};

/**
 * Carries a plan out: all of it, or nothing. Where a step fails, what was written is put back, last first, and what could
 * not be put back is told.
 */
export function applyPlan(
  plan: PreparedPlan,
  hierarchies: readonly Hierarchy[],
  { recorder, note, failPoint = () => undefined }: ApplyOptions = {},
): void {
  using held = new Held(hierarchies);
  // One write is made whole or not at all.
  using _noted =
    note === undefined || plan.prepared.length < 2 ? undefined : note(takingBackOf(plan.prepared, (step) => held.directory(step)));
  failPoint('apply:noted');
  const done: PreparedStep[] = [];
  const started = new Set<string>();
  for (const step of plan.prepared) {
    try {
      if (step.path === plan.path.slice(1) && !held.of(step.path).has(step.hierarchy)) throw noSuchGroup(step.path);
      const directory = held.directory(step);
      const file = `${directory.label}/${step.type === 'devices' ? '' : step.file}`;
      // A file that the plan itself has written by now holds what the plan wrote.
      if (!started.has(file)) checkUnchanged(step, held.of(step.path));
      started.add(file);
      record(recorder, () => carryOut(step, directory));
      done.push(step);
      failPoint('apply:written');
    } catch (failure) {
      const problem = explain(failure, step, held);
      const left = record(recorder, () => done.toReversed().flatMap((each) => takeBack(each, held.directory(each))));
      // Of a group that is gone nothing is left to put back.
      if (problem.code === 'not-found' || done.length === 0) throw problem;
      const outcome = left.length === 0 ? 'What was written before is put back.' : `Put back is all but: ${left.join('; ')}.`;
      throw new Problem(problem.code, `${problem.message}. ${outcome}`, {
        cause: problem.cause ?? problem,
        ...(problem.remedy === undefined ? {} : { remedy: problem.remedy }),
        ...(problem.told === undefined ? {} : { told: { ...problem.told, what: outcomeText(problem.told.what, left) } }),
      });
    }
  }
}
