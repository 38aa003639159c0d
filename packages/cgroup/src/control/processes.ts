import { readFileSync } from 'node:fs';
import { hasErrno, readFileAt, record, writeFileAt } from '@bulkhead/kernel';
import { type CgroupController, cgroupProblem, cgroupText, Problem, type ToldText } from '@bulkhead/model';
import { parseNewLineSeparated } from '../formats.ts';
import type { Hierarchy } from '../hierarchy.ts';
import { type Hierarchies, toController } from '../tree/hierarchies.ts';
import { HeldGroup, openGroup } from './held-group.ts';
import { explainRefusal, isGone } from './refusal.ts';
import type { MoveOptions } from './types.ts';

/** Processes that are moved at once, and groups that are looked into, at most. */
const mostProcesses = 10_000;
const mostGroups = 20_000;

/** The path and every group below it in one hierarchy, deepest first. */
export function subtreeOf(hierarchy: Hierarchy, path: string): string[] {
  const found = [path];
  for (let index = 0; index < found.length; index += 1) {
    const each = found[index] as string;
    for (const name of hierarchy.childNames(each)) found.push(each === '' ? name : `${each}/${name}`);
    if (found.length > mostGroups)
      throw new Problem('exhausted', `there are more than ${mostGroups} groups below /${path}`, { remedy: 'Take those below one by one.' });
  }
  return found.toReversed();
}

/** Pids that a file of a group lists; a process that our pid namespace does not see stands as 0 and is left out. */
function listed(hierarchy: Hierarchy, path: string, file: string): number[] {
  using directory = openGroup(hierarchy, path);
  if (directory === undefined) return [];
  try {
    return parseNewLineSeparated(readFileAt(directory, file))
      .map(Number)
      .filter((pid) => pid > 0);
  } catch (failure) {
    // A threaded group lists its processes in the domain above it alone.
    if (isGone(failure) || hasErrno(failure, 'EOPNOTSUPP')) return [];
    throw failure;
  }
}

/** Processes of a group in any hierarchy, each once; threaded groups by the processes their threads are of. */
export function processesOf(hierarchies: readonly Hierarchy[], path: string, below: boolean): number[] {
  const pids = new Set<number>();
  for (const hierarchy of hierarchies)
    for (const each of below ? subtreeOf(hierarchy, path) : [path])
      for (const pid of listed(hierarchy, each, 'cgroup.procs')) pids.add(pid);
  return [...pids];
}

/** One line of /proc/<pid>/cgroup (cgroups(7)). */
export interface Membership {
  /** Of v1, by their own names; none for v2. */
  controllers: string[];
  /** Relative to the mount point. */
  path: string;
}

export function parseMemberships(text: string): Membership[] {
  return parseNewLineSeparated(text).flatMap((line) => {
    const found = /^(\d+):([^:]*):\/(.*)$/.exec(line);
    if (found === null) return [];
    return [{ controllers: (found[2] as string).split(',').filter(Boolean), path: (found[3] as string).replace(/ \(deleted\)$/, '') }];
  });
}

/** Groups that a process or a thread is in (a thread has a directory of its own below /proc too). @returns undefined where it is gone */
export function membershipsOf(pid: number): Membership[] | undefined {
  try {
    return parseMemberships(readFileSync(`/proc/${pid}/cgroup`, 'utf8'));
  } catch (failure) {
    if (hasErrno(failure, 'ENOENT', 'ESRCH')) return undefined;
    throw failure;
  }
}

/** Where a process is in one hierarchy; undefined where its line is missing. */
export function pathIn(memberships: readonly Membership[], hierarchy: Hierarchy): string | undefined {
  const isOf = ({ controllers }: Membership): boolean =>
    hierarchy.controllers.size === 0 ? controllers.length === 0 : controllers.some((name) => hierarchy.controllers.has(name));
  return memberships.find(isOf)?.path;
}

interface Moved {
  hierarchy: Hierarchy;
  from: string;
  pid: number;
}

function targetsOf(group: HeldGroup, hierarchies: Hierarchies, controllers: readonly CgroupController[] | undefined): Hierarchy[] {
  const { unified } = hierarchies;
  if (controllers === undefined) return group.present;
  const chosen = new Set<Hierarchy>();
  for (const controller of controllers) {
    const legacy = hierarchies.legacy.filter((each) => [...each.controllers].some((name) => toController(name) === controller));
    // Without a hierarchy of its own a controller is v2's: then the one tree is meant.
    const candidates = legacy.length > 0 ? legacy : unified === undefined ? [] : [unified];
    if (candidates.length === 0)
      throw new Problem('unsupported', `the controller ${controller} is mounted in no hierarchy here`, {
        remedy: './bulkhead cgroup controllers lists them.',
      });
    // cpu and cpuacct may have a hierarchy each, and a group be in one of them alone.
    const present = candidates.filter((each) => group.has(each));
    if (present.length === 0)
      throw new Problem('not-found', `/${group.path} is not in ${candidates.map(({ mountPoint }) => mountPoint).join(', ')}`, {
        remedy: 'Make it there first: ./bulkhead cgroup create.',
      });
    for (const each of present) chosen.add(each);
  }
  return [...chosen];
}

/** Why one could not be moved, and what became of those before it. */
const outcomeText = (failed: ToldText, left: readonly string[]): ToldText => {
  const values = { failed: [failed], left: left.join('; ') };
  return { code: left.length === 0 ? 'outcome.moved-back' : 'outcome.moved-left', values };
};

/** Moves processes or threads into a group; where one cannot be, those moved before go back where they came from. */
export function moveProcesses(
  hierarchies: Hierarchies,
  path: string,
  pids: readonly number[],
  { threads = false, controllers, recorder }: MoveOptions = {},
): void {
  if (pids.length > mostProcesses) throw new Problem('exhausted', `at most ${mostProcesses} processes are moved at once`);
  using group = HeldGroup.open(hierarchies.all, path);
  const targets = targetsOf(group, hierarchies, controllers);
  const done: Moved[] = [];
  const fileOf = (hierarchy: Hierarchy): string =>
    threads ? (hierarchy === hierarchies.unified ? 'cgroup.threads' : 'tasks') : 'cgroup.procs';
  for (const pid of new Set(pids)) {
    const before = membershipsOf(pid);
    for (const hierarchy of targets) {
      try {
        if (before === undefined)
          throw cgroupProblem('not-found', cgroupText(threads ? 'move.no-thread' : 'move.no-process', { pid }), {
            remedy: cgroupText('move.no-process.remedy'),
          });
        const from = pathIn(before, hierarchy);
        if (from === group.path) continue;
        record(recorder, () => writeFileAt(group.directory(hierarchy), fileOf(hierarchy), String(pid)));
        if (from !== undefined) done.push({ hierarchy, from, pid });
      } catch (failure) {
        const left = record(recorder, () => moveBack(done, fileOf));
        const file = `${hierarchy.absolute(path)}/${fileOf(hierarchy)}`;
        const gone = isGone(failure) && !group.isThere(hierarchy);
        const problem = gone
          ? cgroupProblem('not-found', cgroupText('move.vanished', { path: `/${path}` }), { cause: failure })
          : explainRefusal(failure, { file, value: String(pid), version: hierarchy === hierarchies.unified ? 2 : 1 });
        if (done.length === 0) throw problem;
        const outcome = left.length === 0 ? 'Those moved before are back.' : `Not moved back are: ${left.join('; ')}.`;
        throw new Problem(problem.code, `${problem.message}. ${outcome}`, {
          cause: problem.cause ?? problem,
          ...(problem.remedy === undefined ? {} : { remedy: problem.remedy }),
          ...(problem.told === undefined ? {} : { told: { ...problem.told, what: outcomeText(problem.told.what, left) } }),
        });
      }
    }
  }
}

function moveBack(done: readonly Moved[], fileOf: (hierarchy: Hierarchy) => string): string[] {
  const left: string[] = [];
  for (const { hierarchy, from, pid } of done.toReversed()) {
    try {
      using directory = openGroup(hierarchy, from);
      if (directory === undefined) left.push(`${pid} (${hierarchy.absolute(from)} is gone)`);
      else writeFileAt(directory, fileOf(hierarchy), String(pid));
    } catch (failure) {
      // One that has ended is nowhere.
      if (!hasErrno(failure, 'ESRCH'))
        left.push(`${pid} to ${hierarchy.absolute(from)} (${failure instanceof Error ? failure.message : String(failure)})`);
    }
  }
  return left;
}
