import type { Maker, Namespace, NamespaceType, Runtime, Workload } from '@bulkhead/model';
import { describe, expect, it } from 'vitest';
import { inhabitantsByNamespace, linksOf, neighbourhood, roomsOf as roomsOfInhabitants, searchTextOf } from '../rooms.ts';
import { type Box, defaultBudget, pathsTo, planBoxes, splitByPrefix } from './plan.ts';

const at = '2026-11-25T12:00:00.000Z';
const maker = (name: string, runtime: Runtime = 'docker'): Maker => ({ runtime, name });

function namespace(ino: number, facts: Partial<Namespace> & { maker: Maker; type?: NamespaceType }): Namespace {
  return {
    key: `4-${ino}`,
    type: 'network',
    dev: '4',
    ino: String(ino),
    initial: false,
    holders: { processes: 1, threads: 0, mounts: [], mountCount: 0, descriptors: [], descriptorCount: 0, children: 0 },
    firstSeenAt: at,
    ...facts,
  };
}

const workload = (name: string, keys: readonly (readonly [string, number])[], runtime: Runtime = 'docker'): Workload => ({
  id: name,
  maker: maker(name, runtime),
  cgroupPath: `/${name}`,
  processes: keys.reduce((sum, [, count]) => sum + count, 0) || 1,
  leader: { pid: 1, startTimeTicks: '1', command: name },
  startedAt: at,
  groups: keys.map(([key, processes]) => ({ namespaces: [key], processes, leader: { pid: 1, startTimeTicks: '1', command: name } })),
  groupCount: Math.max(1, keys.length),
});

const host = namespace(1, { maker: maker('host', 'kernel'), initial: true });
const crowd = (count: number, runtime: Runtime = 'docker') =>
  Array.from({ length: count }, (_, index) => namespace(1000 + index, { maker: maker(`api-${String(index).padStart(5, '0')}`, runtime) }));
const roomsOf = (namespaces: readonly Namespace[], workloads: readonly Workload[], type: NamespaceType) =>
  roomsOfInhabitants(namespaces, inhabitantsByNamespace(workloads), type);
const none = { collapsed: new Set<Runtime>(), open: [] as string[] };
const ids = (boxes: readonly Box[]): string[] => boxes.flatMap((box) => [box.id, ...ids(box.children)]);

describe('rooms', () => {
  it('know who lives in them, once each with all processes, most first', () => {
    const rooms = roomsOf(
      [host, namespace(2, { maker: maker('web') })],
      [
        workload('small', [['4-2', 1]]),
        workload('large', [
          ['4-2', 3],
          ['4-2', 2],
          ['4-1', 1],
        ]),
      ],
      'network',
    );
    expect(rooms.map(({ name }) => name)).toEqual(['host', 'web']);
    expect(rooms[1]?.inhabitants.map(({ workload: { id }, processes }) => [id, processes])).toEqual([
      ['large', 5],
      ['small', 1],
    ]);
  });

  it('say what holds them where nobody lives in them', () => {
    const empty = { processes: 0, threads: 0, mounts: [], mountCount: 0, descriptors: [], descriptorCount: 0, children: 0 };
    const rooms = roomsOf(
      [
        namespace(2, { maker: maker('a'), holders: { ...empty, descriptorCount: 1, mountCount: 1 } }),
        namespace(3, { maker: maker('b'), holders: { ...empty, mountCount: 2 } }),
        namespace(4, { maker: maker('c'), holders: { ...empty, threads: 1, descriptorCount: 1 } }),
        namespace(5, { maker: maker('d'), holders: { ...empty, children: 1 } }),
        namespace(6, { maker: maker('e'), holders: empty }),
      ],
      [],
      'network',
    );
    expect(rooms.map(({ heldBy }) => heldBy)).toEqual(['descriptor', 'mount', undefined, 'child', 'nothing']);
  });

  it('are neighbours where they share a workload or stand in one another', () => {
    const facts = { type: 'pid' as const };
    const rooms = roomsOf(
      [
        namespace(1, { ...facts, maker: maker('host', 'kernel'), initial: true }),
        namespace(2, { ...facts, maker: maker('a'), parent: '4-1' }),
        namespace(3, { ...facts, maker: maker('b'), parent: '4-2' }),
        namespace(4, { ...facts, maker: maker('c'), parent: '4-1' }),
        namespace(5, { ...facts, maker: maker('d'), parent: '4-1' }),
      ],
      [
        workload('shared', [
          ['4-2', 1],
          ['4-5', 1],
        ]),
      ],
      'pid',
    );
    expect([...neighbourhood(rooms, '4-2')].sort()).toEqual(['4-1', '4-2', '4-3', '4-5']);
    expect(linksOf(rooms, '4-2').map(({ to }) => to)).toEqual(['4-5']);
    expect(neighbourhood(rooms, 'gone').size).toBe(0);
  });

  it('are found by all that people know of them', () => {
    const text = searchTextOf(
      namespace(4026532841, {
        maker: { runtime: 'podman', name: 'shop', externalId: 'deadbeef' },
        leader: { pid: 4711, startTimeTicks: '1', command: 'nginx: master' },
      }),
    );
    for (const wanted of ['shop', 'podman', 'deadbeef', '4026532841', '4711', 'nginx', 'network']) expect(text).toContain(wanted);
  });
});

describe('a plan', () => {
  it('draws rooms one by one while they are few', () => {
    const plan = planBoxes(roomsOf([host, ...crowd(100)], [], 'network'), none);
    expect(plan.grouped).toBe(false);
    expect(ids(plan.boxes)).toHaveLength(101);
  });

  it('groups by runtime above the budget, and keeps the ground floor', () => {
    const plan = planBoxes(
      roomsOf([host, ...crowd(600), ...crowd(3, 'lxc').map((one, index) => ({ ...one, key: `5-${index}` }))], [], 'network'),
      none,
    );
    expect(plan.grouped).toBe(true);
    expect(ids(plan.boxes)).toEqual(['4-1', 'group :docker:', 'group :lxc:']);
  });

  it('opens a large group into smaller ones by name, down to the rooms', () => {
    const rooms = roomsOf([host, ...crowd(10_000)], [], 'network');
    const outer = planBoxes(rooms, { ...none, open: [':docker:'] });
    expect(outer.visible).toBeLessThanOrEqual(defaultBudget);
    expect(ids(outer.boxes)).toContain('group :docker:api-03');
    const inner = planBoxes(rooms, { ...none, open: [':docker:', ':docker:api-03', ':docker:api-031'] });
    expect(ids(inner.boxes).filter((id) => id.startsWith('4-'))).toHaveLength(101);
    expect(inner.visible).toBeLessThanOrEqual(defaultBudget);
  });

  it('closes what was opened first where all together would be too much', () => {
    const rooms = roomsOf([host, ...crowd(10_000)], [], 'network');
    const open = [':docker:', ...Array.from({ length: 8 }, (_, index) => [`:docker:api-0${index}`, `:docker:api-0${index}1`]).flat()];
    const plan = planBoxes(rooms, { ...none, open });
    expect(plan.visible).toBeLessThanOrEqual(defaultBudget);
    expect(plan.open).toContain(':docker:api-071');
    expect(plan.open).not.toContain(':docker:api-001');
    expect(ids(plan.boxes)).toContain('4-8100');
  });

  it('changes only the group that a new one belongs to', () => {
    const before = planBoxes(roomsOf([host, ...crowd(2_000)], [], 'network'), { ...none, open: [':docker:'] });
    const after = planBoxes(roomsOf([host, ...crowd(2_000), namespace(9, { maker: maker('api-00500x') })], [], 'network'), {
      ...none,
      open: [':docker:'],
    });
    expect(ids(after.boxes)).toEqual(ids(before.boxes));
  });

  it('tells equal names apart by their inode, so that any number can be divided', () => {
    const same = Array.from({ length: 300 }, (_, index) => namespace(100_000 + index, { maker: maker('unshare', 'plain') }));
    const parts = splitByPrefix(roomsOf(same, [], 'network'));
    expect(parts.size).toBeGreaterThan(1);
    expect([...parts.values()].flat()).toHaveLength(300);
  });

  it('collapses a runtime that one does not want to see one by one', () => {
    const rooms = roomsOf([host, ...crowd(5), namespace(2, { maker: maker('x', 'podman') })], [], 'network');
    expect(ids(planBoxes(rooms, { collapsed: new Set(['docker']), open: [] }).boxes)).toEqual(['4-1', 'group :docker:', '4-2']);
  });

  it('stands boxes in boxes where namespaces are nested, and survives a parent that is not known', () => {
    const facts = { type: 'user' as const };
    const rooms = roomsOf(
      [
        namespace(1, { ...facts, maker: maker('host', 'kernel'), initial: true }),
        namespace(2, { ...facts, maker: maker('a'), parent: '4-1' }),
        namespace(3, { ...facts, maker: maker('b'), parent: '4-2' }),
        namespace(4, { ...facts, maker: maker('c'), parent: '4-99' }),
      ],
      [],
      'user',
    );
    const { boxes } = planBoxes(rooms, none);
    expect(boxes.map(({ id }) => id)).toEqual(['4-1', '4-4']);
    expect(boxes[0]?.children[0]?.children[0]?.id).toBe('4-3');
  });

  it('knows the way to a room inside of closed groups', () => {
    const rooms = roomsOf([host, ...crowd(10_000)], [], 'network');
    const open: string[] = [];
    for (let step = 0; step < 5; step += 1) {
      const more = pathsTo(planBoxes(rooms, { ...none, open }).boxes, '4-4105');
      if (more.length === 0) break;
      open.push(...more);
    }
    expect(open).toEqual([':docker:', ':docker:api-03', ':docker:api-031']);
  });

  it('names some inhabitants of a room and counts the others', () => {
    const crowdOf = Array.from({ length: 9 }, (_, index) => workload(`w${index}`, [['4-2', 1]]));
    const [box] = planBoxes(roomsOf([namespace(2, { maker: maker('pod') })], crowdOf, 'network'), none).boxes;
    expect(box).toMatchObject({ kind: 'room', hidden: 5 });
  });
});
