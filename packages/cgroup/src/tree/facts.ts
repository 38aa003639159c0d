import { type CgroupController, type CgroupLimits, weightOfShares } from '@bulkhead/model';
import { FormatError, parseCounter, parseFlatKeyed, parseLimit, parseSpaceSeparated } from '../formats.ts';
import type { Hierarchy } from '../hierarchy.ts';
import { parseQuota } from '../v1/cpu.ts';
import { parseCpuMax } from '../v2/cpu.ts';
import { type Hierarchies, toController } from './hierarchies.ts';
import { readFile } from './open-file.ts';

/** What changes seldom of a cgroup. An absent field could not be read, or there is none of it at this group. */
export interface CgroupFacts {
  controllers: CgroupController[];
  /** Processes directly in it. */
  processes?: number;
  frozen?: boolean;
  limits: CgroupLimits;
  /** Files that the kernel refused or that held what nobody understands, with the reason. */
  unread: string[];
}

/** Lines of cgroup.procs: a process that the reader's pid namespace cannot see stands as `0`, and counts. */
export function parseProcessCount(text: string): number {
  let count = 0;
  for (let index = text.indexOf('\n'); index >= 0; index = text.indexOf('\n', index + 1)) count += 1;
  return count;
}

/** freezer.state: `THAWED`, `FREEZING` (not all stand still yet) or `FROZEN`. */
export function parseFreezerState(text: string): boolean {
  const state = text.trimEnd();
  if (state === 'FROZEN') return true;
  if (state === 'THAWED' || state === 'FREEZING') return false;
  throw new FormatError('THAWED, FREEZING or FROZEN', state);
}

/** `frozen` of cgroup.events (Linux 5.2); undefined where the kernel does not tell. */
export function parseFrozenEvent(text: string): boolean | undefined {
  const value = parseFlatKeyed(text).get('frozen');
  if (value === undefined) return undefined;
  if (value !== '0' && value !== '1') throw new FormatError('frozen 0 or 1', `frozen ${value}`);
  return value === '1';
}

type Attempt = <T>(hierarchy: Hierarchy | undefined, file: string, parse: (text: string) => T) => T | undefined;

/** Reads that do not end the others: what fails is named. */
function attemptAt(path: string, unread: string[]): Attempt {
  return (hierarchy, file, parse) => {
    if (hierarchy === undefined) return undefined;
    try {
      const text = readFile(hierarchy, path, file);
      return text === undefined ? undefined : parse(text);
    } catch (failure) {
      unread.push(failure instanceof FormatError ? failure.in(file).message : (failure as Error).message);
      return undefined;
    }
  };
}

const withoutAbsent = <T extends object>(values: { [Key in keyof T]: T[Key] | undefined }): T =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as T;

/** Each hierarchy of v1 has processes of its own; the one that counts CPU time is where runtimes put theirs. */
function holderOf({ with: of, unified }: Pick<Hierarchies, 'with' | 'unified'>, present: readonly Hierarchy[]): Hierarchy | undefined {
  return [of('cpuacct'), of('pids'), ...present.filter((hierarchy) => hierarchy !== unified), unified].find(
    (hierarchy) => hierarchy !== undefined && present.includes(hierarchy),
  );
}

/** Processes directly in a group; undefined where they cannot be told. */
export function readProcessCount(
  hierarchies: Pick<Hierarchies, 'with' | 'unified'>,
  path: string,
  present: readonly Hierarchy[],
): number | undefined {
  return attemptAt(path, [])(holderOf(hierarchies, present), 'cgroup.procs', parseProcessCount);
}

/** v1 quota and period stand in two files. */
function readQuota(cpu: Hierarchy | undefined, attempt: Attempt): number | 'max' | undefined {
  const period = cpu === undefined ? undefined : attempt(cpu, 'cpu.cfs_period_us', (text) => text);
  return period === undefined ? undefined : attempt(cpu, 'cpu.cfs_quota_us', (text) => parseQuota(text, period));
}

/**
 * Limits, state and processes of one group out of every hierarchy it is in. Version 1 comes first where both tell: its
 * controllers are the ones in force there.
 *
 * @param path relative to the mount points; '' is the root
 * @param present hierarchies in which the path is
 */
export function readFacts(hierarchies: Pick<Hierarchies, 'with' | 'unified'>, path: string, present: readonly Hierarchy[]): CgroupFacts {
  const unread: string[] = [];
  const attempt = attemptAt(path, unread);
  const has = (hierarchy: Hierarchy | undefined): Hierarchy | undefined =>
    hierarchy !== undefined && present.includes(hierarchy) ? hierarchy : undefined;
  const legacy = (controller: string): Hierarchy | undefined => has(hierarchies.with(controller));
  const unified = has(hierarchies.unified);
  const offered = unified === undefined ? [] : (attempt(unified, 'cgroup.controllers', parseSpaceSeparated) ?? []);
  const names = [...present.filter((each) => each !== unified).flatMap((each) => [...each.controllers]), ...offered];
  const controllers = [...new Set(names.map(toController).filter((name) => name !== undefined))];
  const processes = attempt(holderOf(hierarchies, present), 'cgroup.procs', parseProcessCount);
  const facts = { controllers, ...(processes === undefined ? {} : { processes }) };
  // The root of a hierarchy has neither limits nor a state.
  if (path === '') return { ...facts, limits: {}, unread };

  // A group of v2 has the files of those controllers that are enabled for it.
  const offering = (controller: string): Hierarchy | undefined => (offered.includes(controller) ? unified : undefined);
  const [cpu, memory, pids] = [legacy('cpu'), legacy('memory'), legacy('pids')];
  const frozen = attempt(legacy('freezer'), 'freezer.state', parseFreezerState) ?? attempt(unified, 'cgroup.events', parseFrozenEvent);
  const limits = withoutAbsent<CgroupLimits>({
    cpuMaxMillis: readQuota(cpu, attempt) ?? attempt(offering('cpu'), 'cpu.max', parseCpuMax),
    cpuWeight:
      attempt(cpu, 'cpu.shares', (text) => weightOfShares(Number(parseCounter(text)))) ??
      attempt(offering('cpu'), 'cpu.weight', (text) => Number(parseCounter(text))),
    memoryMaxBytes: attempt(memory, 'memory.limit_in_bytes', parseLimit) ?? attempt(offering('memory'), 'memory.max', parseLimit),
    memoryHighBytes: attempt(offering('memory'), 'memory.high', parseLimit),
    pidsMax: attempt(pids, 'pids.max', parseLimit) ?? attempt(offering('pids'), 'pids.max', parseLimit),
  });
  return { ...facts, ...(frozen === undefined ? {} : { frozen }), limits, unread };
}
