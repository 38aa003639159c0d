import { setTimeout as sleep } from 'node:timers/promises';
import type { CgroupTree } from '@bulkhead/api';
import { openHierarchies, TreeStructure } from '@bulkhead/cgroup';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { HostCgroups } from '../../apps/agent/src/cgroup/host-cgroups.ts';
import { HandCgroups } from '../support/hand-cgroups.ts';
import { describeNeeds } from '../support/needs.ts';

const perParent = 20;
const parts = 6;

describeNeeds({ root: true, cgroup: 'any' }, 'a host with more cgroups than are read', () => {
  let made: HandCgroups;
  beforeAll(() => {
    made = new HandCgroups(parts * perParent, perParent);
  });
  afterAll(() => made?.[Symbol.dispose]());

  /** The tree of an agent that reads so many, whose own containers are in the last part. */
  async function read(mostCgroups: number): Promise<CgroupTree> {
    using host = new HostCgroups({
      hostId: '00000000-0000-4000-8000-000000000000',
      liveSeconds: 60,
      journal: { note: async () => undefined },
      ownPath: `/${made.root}/part-${parts - 1}`,
      makerOf: (path) => ({ runtime: 'plain', name: path }),
      named: (maker) => maker,
      containerName: () => undefined,
      log: console as never,
      mostCgroups,
    });
    host.start();
    return await host.tree();
  }

  // Between the two looks others may make and remove groups of theirs.
  it('is told to be partial: how many are not there, and below which cgroups', { retry: 2 }, async () => {
    const whole = await read(20_000);
    expect(whole.gaps).toMatchObject({ leftOut: 0, leftOutBelow: [] });
    const most = whole.cgroups.length - 70;
    const { cgroups, gaps } = await read(most);
    const shown = new Set(cgroups.map(({ path }) => path));
    // Beyond the bound by our own at most, and those were never left out.
    expect(cgroups.length).toBeGreaterThanOrEqual(most);
    expect(cgroups.length).toBeLessThanOrEqual(most + perParent + 1);
    for (let index = (parts - 1) * perParent; index < parts * perParent; index += 1)
      expect(shown).toContain(`/${made.root}/part-${parts - 1}/group-${index}`);
    // Shown and left out are the whole; a group is counted once however many hierarchies it is in.
    expect(gaps.leftOut).toBe(whole.cgroups.length - cgroups.length);
    expect(gaps.leftOutBelow.length).toBeGreaterThan(0);
    for (const { path, count } of gaps.leftOutBelow) {
      expect(shown).toContain(path);
      const below = whole.cgroups.filter((node) => !shown.has(node.path) && node.path.startsWith(path === '/' ? '/' : `${path}/`));
      expect(below.length).toBeGreaterThanOrEqual(count);
    }
    expect(gaps.leftOutBelow.map(({ count }) => count)).toEqual(gaps.leftOutBelow.map(({ count }) => count).sort((a, b) => b - a));
    // Parents stand before what is below them, and none is missing.
    for (const path of shown) if (path !== '/') expect(shown).toContain(path.slice(0, path.lastIndexOf('/')) || '/');
  });

  it('where more come than can be watched, they are found all the same, and how late is told', async () => {
    using hierarchies = openHierarchies();
    const found = new Set<string>();
    const listener = {
      appeared: ({ path }: { path: string }) => void found.add(path),
      moved: () => undefined,
      gone: (path: string) => void found.delete(path),
      written: () => undefined,
    };
    using before = new TreeStructure({ hierarchies, limit: 20_000, listener });
    // So many watches are enough for what is there now, and for some more.
    using structure = new TreeStructure({ hierarchies, limit: 20_000, watches: before.watched + 40, listener });
    expect([structure.isWatched, structure.lateMsec]).toEqual([true, 0]);
    found.clear();
    using more = new HandCgroups(150, 50);
    const wanted = Array.from({ length: 150 }, (_, index) => `${more.root}/part-${Math.floor(index / 50)}/group-${index}`);
    for (const begin = performance.now(); !wanted.every((path) => structure.groups.has(path)); await sleep(100)) {
      structure.step();
      if (performance.now() - begin > 5000) throw new Error(`${wanted.filter((path) => !structure.groups.has(path)).length} are missing`);
    }
    expect(structure.isWatched).toBe(false);
    expect(structure.lateMsec).toBeGreaterThan(0);
  });
});
