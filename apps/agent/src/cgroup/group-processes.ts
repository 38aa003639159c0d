import { readdirSync, readFileSync } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';
import { type Accounts, type Membership, membershipsOf, parseAccounts, toController } from '@bulkhead/cgroup';
import { readProcess } from '@bulkhead/container';
import { hasErrno } from '@bulkhead/kernel';
import type { CgroupController, CgroupProcess, Maker } from '@bulkhead/model';

/** Processes that are told of, at most, and so many that are read before others have their turn. */
const mostProcesses = 2000;
const atOnce = 50;
const longestCommand = 512;

/** Ids as the host has them. */
const sameIds = { containerId: 0, hostId: 0, size: 4_294_967_295 };

export interface GroupProcessesOptions {
  pidsOf(path: string, below: boolean): number[];
  makerOf(path: string): Maker;
}

/** Whose processes are nobody's: another hierarchy may tell more. */
const tellsNothing: ReadonlySet<Maker['runtime']> = new Set(['plain', 'kernel']);

const isBelow = (path: string, above: string): boolean => above === '/' || path === above || path.startsWith(`${above}/`);

/** The innermost group at a path or below it that a process is in, and the controllers that have it there; undefined where it has left. */
export function placeOf(
  memberships: readonly Membership[],
  asked: string,
  below: boolean,
): { path: string; controllers: CgroupController[] } | undefined {
  const places = memberships.map(({ controllers, path }) => ({ controllers, path: `/${path}` }));
  const inside = places.filter(({ path }) => (below ? isBelow(path, asked) : path === asked));
  const [deepest] = inside.toSorted((left, right) => right.path.length - left.path.length);
  if (deepest === undefined) return undefined;
  const controllers = inside
    .filter(({ path }) => path === deepest.path)
    .flatMap((each) => each.controllers.map(toController).filter((name) => name !== undefined));
  return { path: deepest.path, controllers: [...new Set(controllers)] };
}

/** What a process belongs to: what the first of its groups that belong to somebody says. */
function ownerOf(memberships: readonly Membership[], path: string, makerOf: GroupProcessesOptions['makerOf']): Maker {
  const makers = memberships.map((each) => makerOf(`/${each.path}`));
  return makers.find(({ runtime }) => !tellsNothing.has(runtime)) ?? makerOf(path);
}

function readAccounts(): Accounts {
  try {
    return parseAccounts({ passwd: readFileSync('/etc/passwd', 'utf8'), group: '' });
  } catch (failure) {
    // A host without it has users all the same, and no names for them.
    if (!hasErrno(failure, 'ENOENT')) throw failure;
    return parseAccounts({ passwd: '', group: '' });
  }
}

/**
 * Processes of a group, and with `below` of those below it, by their pids. One that ends while it is read is left out.
 *
 * @throws Problem('not-found') where there is no such group
 */
export async function readGroupProcesses(
  path: string,
  below: boolean,
  { pidsOf, makerOf }: GroupProcessesOptions,
): Promise<{ processes: CgroupProcess[]; count: number }> {
  // Below the root are all there are: that needs no walk over every group.
  const isAll = path === '/' && below;
  const pids = (isAll ? readdirSync('/proc').filter((name) => /^\d+$/.test(name)) : pidsOf(path, below)).map(Number);
  pids.sort((left, right) => left - right);
  const accounts = readAccounts();
  const processes: CgroupProcess[] = [];
  for (const [index, pid] of pids.slice(0, mostProcesses).entries()) {
    if (index % atOnce === atOnce - 1) await turn();
    const memberships = membershipsOf(pid);
    const place = memberships === undefined ? undefined : placeOf(memberships, path, below);
    const process = place === undefined ? undefined : readProcess(pid, sameIds);
    if (memberships === undefined || place === undefined || process === undefined) continue;
    const { parentPid, uid, state, command, threads, residentBytes, cpuUsec } = process;
    const user = accounts.userName(uid);
    processes.push({
      pid,
      parentPid,
      uid,
      ...(user === undefined ? {} : { user }),
      state,
      command: command.length > longestCommand ? `${command.slice(0, longestCommand - 1)}…` : command,
      threads,
      ...(residentBytes === undefined ? {} : { residentBytes }),
      ...(cpuUsec === undefined ? {} : { cpuUsec }),
      ...place,
      maker: ownerOf(memberships, place.path, makerOf),
    });
  }
  return { processes, count: pids.length > mostProcesses ? pids.length : processes.length };
}
