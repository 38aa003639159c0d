import type { CgroupNode } from '@bulkhead/model';
import { describe, expect, it } from 'vitest';
import { TreeStore } from './tree-store.ts';

const gaps = { cgroups: 0, leftOut: 0, leftOutBelow: [], reasons: [] };
const node = (path: string, cpuMillis: number): CgroupNode => ({
  path,
  controllers: [],
  maker: { runtime: 'plain', name: path },
  limits: {},
  use: { cpuMillis },
});
const first = { type: 'snapshot' as const, at: '2026-11-25T12:00:00.000Z', cgroups: [node('/', 5), node('/a', 3)], gaps };

describe('the tree of a tab', () => {
  it('knows nothing before the first snapshot, which is not the same as nothing there', () => {
    expect(new TreeStore().view().cgroups).toBeUndefined();
  });

  it('takes new numbers without touching the tree', () => {
    const store = new TreeStore();
    store.apply(first);
    const before = store.view();
    store.apply({
      type: 'changed',
      at: '2026-11-25T12:00:01.000Z',
      cgroups: [],
      removed: [],
      use: [{ path: '/a', use: { cpuMillis: 9 } }],
      gaps,
    });
    expect(store.view()).toBe(before);
    expect([store.use('/a')?.cpuMillis, store.use('/')?.cpuMillis]).toEqual([9, 5]);
  });

  it('follows cgroups that come and go', () => {
    const store = new TreeStore();
    store.apply(first);
    store.apply({ type: 'changed', at: '2026-11-25T12:00:01.000Z', cgroups: [node('/b', 1)], removed: ['/a'], use: [], gaps });
    expect([...(store.view().cgroups?.keys() ?? [])]).toEqual(['/', '/b']);
    expect([store.use('/a'), store.use('/b')?.cpuMillis]).toEqual([undefined, 1]);
  });

  it('forgets what is used now while nobody tells, and keeps the tree', () => {
    const store = new TreeStore();
    store.apply(first);
    store.applyTrouble({ problem: 'unavailable', message: 'the agent is away', remedy: undefined, reference: undefined });
    expect(store.use('/')).toBeUndefined();
    expect(store.view().cgroups?.size).toBe(2);
  });

  it('tells every sample, so that a chart goes on where a value stays the same', () => {
    const store = new TreeStore();
    const rounds: number[] = [];
    store.onRound(({ atMsec }) => rounds.push(atMsec));
    store.apply(first);
    store.apply({ type: 'changed', at: '2026-11-25T12:00:01.000Z', cgroups: [], removed: [], use: [], gaps });
    expect(rounds).toHaveLength(2);
  });
});
