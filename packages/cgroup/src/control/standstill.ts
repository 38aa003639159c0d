import { setTimeout as sleep } from 'node:timers/promises';
import { hasErrno, type Recorder, record, writeFileAt } from '@bulkhead/kernel';
import { cgroupProblem, cgroupText } from '@bulkhead/model';
import { parseFlatKeyed } from '../formats.ts';
import type { Hierarchy } from '../hierarchy.ts';
import { killAll } from '../kill.ts';
import type { Hierarchies } from '../tree/hierarchies.ts';
import { HeldGroup, noSuchGroup } from './held-group.ts';
import { processesOf } from './processes.ts';
import { explainRefusal, isGone } from './refusal.ts';
import type { ControlOptions } from './types.ts';

/** How long all processes of a group may take to stand still. */
const freezeTimeoutMsec = 5000;
const killTimeoutMsec = 10_000;

/** How one version freezes a group. */
interface Freezer {
  hierarchy: Hierarchy;
  file: string;
  frozen: string;
  thawed: string;
  /** What the kernel says of the group now. */
  state(group: HeldGroup): { isFrozen: boolean; isFromAbove: boolean };
}

function freezerOf(hierarchies: Hierarchies, group: HeldGroup): Freezer {
  const legacy = hierarchies.with('freezer');
  const { unified } = hierarchies;
  if (legacy !== undefined && group.has(legacy))
    return {
      hierarchy: legacy,
      file: 'freezer.state',
      frozen: 'FROZEN',
      thawed: 'THAWED',
      // Reading it makes the kernel look whether those that were FREEZING stand still.
      state: (held) => ({
        isFrozen: held.read(legacy, 'freezer.state') === 'FROZEN',
        isFromAbove: held.read(legacy, 'freezer.parent_freezing') === '1',
      }),
    };
  if (unified !== undefined && group.has(unified) && group.read(unified, 'cgroup.freeze') !== undefined)
    return {
      hierarchy: unified,
      file: 'cgroup.freeze',
      frozen: '1',
      thawed: '0',
      state(held) {
        const isFrozen = parseFlatKeyed(held.read(unified, 'cgroup.events') ?? '').get('frozen') === '1';
        return { isFrozen, isFromAbove: isFrozen && held.read(unified, 'cgroup.freeze') === '0' };
      },
    };
  throw cgroupProblem('unsupported', cgroupText('freeze.cannot', { path: `/${group.path}` }), {
    remedy: cgroupText('freeze.cannot.remedy'),
  });
}

function write(freezer: Freezer, group: HeldGroup, value: string, recorder: Recorder | undefined): void {
  const { hierarchy, file } = freezer;
  try {
    record(recorder, () => writeFileAt(group.directory(hierarchy), file, value));
  } catch (failure) {
    if (isGone(failure)) throw noSuchGroup(group.path);
    throw explainRefusal(failure, { file: `${hierarchy.absolute(group.path)}/${file}`, value, version: file === 'cgroup.freeze' ? 2 : 1 });
  }
}

/** Waits until the kernel says so. @returns false where the time is over */
async function waitFor(holds: () => boolean, timeoutMsec: number): Promise<boolean> {
  const deadline = performance.now() + timeoutMsec;
  for (let pauseMsec = 1; ; pauseMsec = Math.min(pauseMsec * 2, 50)) {
    if (holds()) return true;
    if (performance.now() > deadline) return false;
    await sleep(pauseMsec);
  }
}

/** Freezes a group and waits until all of it stands still; see CgroupControl.freeze. */
export async function freezeGroup(
  hierarchies: Hierarchies,
  path: string,
  { recorder, timeoutMsec = freezeTimeoutMsec }: ControlOptions = {},
): Promise<void> {
  using group = HeldGroup.open(hierarchies.all, path);
  const freezer = freezerOf(hierarchies, group);
  const elsewhere = processesOf(group.present, path, true);
  if (elsewhere.length > 0 && processesOf([freezer.hierarchy], path, true).length === 0)
    throw cgroupProblem(
      'conflict',
      cgroupText('freeze.elsewhere', { count: elsewhere.length, path: `/${path}`, freezer: freezer.hierarchy.absolute(path) }),
      { remedy: cgroupText('freeze.elsewhere.remedy') },
    );
  write(freezer, group, freezer.frozen, recorder);
  if (await waitFor(() => freezer.state(group).isFrozen, timeoutMsec)) return;
  const pids = processesOf([freezer.hierarchy], path, true);
  write(freezer, group, freezer.thawed, recorder);
  throw cgroupProblem(
    'unavailable',
    cgroupText('freeze.late', {
      path: `/${path}`,
      timeout: timeoutMsec,
      file: `${freezer.hierarchy.absolute(path)}/${freezer.file}`,
      pids: pids.slice(0, 10).join(', '),
    }),
    { remedy: cgroupText('freeze.late.remedy') },
  );
}

/** Lets a group go on, and waits until the kernel says so. */
export async function thawGroup(
  hierarchies: Hierarchies,
  path: string,
  { recorder, timeoutMsec = freezeTimeoutMsec }: ControlOptions = {},
): Promise<void> {
  using group = HeldGroup.open(hierarchies.all, path);
  const freezer = freezerOf(hierarchies, group);
  write(freezer, group, freezer.thawed, recorder);
  if (await waitFor(() => !freezer.state(group).isFrozen, freezer.state(group).isFromAbove ? 0 : timeoutMsec)) return;
  if (freezer.state(group).isFromAbove)
    throw cgroupProblem('conflict', cgroupText('thaw.above', { path: `/${path}` }), { remedy: cgroupText('thaw.above.remedy') });
  throw cgroupProblem('unavailable', cgroupText('thaw.late', { path: `/${path}`, timeout: timeoutMsec }));
}

/** Ends every process of a group and below it, in any hierarchy. @returns how many there were at first */
export async function killGroup(
  hierarchies: Hierarchies,
  path: string,
  { recorder, timeoutMsec = killTimeoutMsec }: ControlOptions = {},
): Promise<number> {
  using group = HeldGroup.open(hierarchies.all, path);
  const { unified } = hierarchies;
  const freezer = hierarchies.with('freezer');
  // What v1 froze takes no signal until it is thawed.
  const isFrozen = freezer !== undefined && group.has(freezer) && group.read(freezer, 'freezer.state') !== 'THAWED';
  const processes = (): number[] => processesOf(group.present, path, true);
  const before = processes().length;
  if (isFrozen) write(freezerOf(hierarchies, group), group, 'THAWED', recorder);
  await killAll(
    `/${path}`,
    {
      processes,
      killAtOnce() {
        // Where v1 is mounted, a process may be in this group of another hierarchy alone.
        if (unified === undefined || !group.has(unified) || hierarchies.legacy.length > 0) return false;
        try {
          record(recorder, () => writeFileAt(group.directory(unified), 'cgroup.kill', '1'));
          return true;
        } catch (failure) {
          // Before Linux 5.14 there is no such file; a threaded group refuses.
          if (hasErrno(failure, 'ENOENT', 'EOPNOTSUPP')) return false;
          throw failure;
        }
      },
      setFrozen(isToFreeze) {
        if (!group.has(freezer) && !group.has(unified)) return;
        const each = freezerOf(hierarchies, group);
        write(each, group, isToFreeze ? each.frozen : each.thawed, recorder);
      },
    },
    timeoutMsec,
    recorder,
  );
  return before;
}
