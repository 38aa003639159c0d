import { LabKind, labs, Problem } from '@bulkhead/model';
import { describe, expect, it } from 'vitest';
import { whyNot, wordsOf } from './offer.ts';

const everything = new Set(['cpu', 'memory', 'io', 'pids', 'cpuset', 'devices', 'freezer'] as const);
const without = (...names: string[]) => new Set([...everything].filter((name) => !names.includes(name)));
const nothing = {};

describe('a lab', () => {
  it('is offered where every controller it needs is there', () => {
    for (const kind of LabKind.options) expect(whyNot(kind, { setup: 'hybrid', controllers: everything }, nothing), kind).toBe(undefined);
  });

  it('is refused by the name of what is missing, as the version in force calls it', () => {
    const told = (kind: LabKind, setup: 'legacy' | 'unified', ...missing: string[]) =>
      whyNot(kind, { setup, controllers: without(...missing) }, nothing);
    expect(told('shares', 'legacy', 'cpuset')?.message).toBe(
      'this host has no control group controller cpuset, which the lab shares needs',
    );
    expect(told('shares', 'legacy', 'cpuset')?.remedy).toContain('mount -t cgroup -o cpuset');
    expect(told('io', 'legacy', 'io')?.message).toContain('controller blkio,');
    expect(told('io', 'unified', 'io')?.message).toContain('controller io,');
    expect(told('io', 'unified', 'io')?.remedy).toContain('cgroup.subtree_control');
    expect(told('freeze', 'legacy', 'freezer', 'cpu')?.message).toContain('controllers freezer and cpu,');
    for (const kind of LabKind.options)
      for (const controller of labs[kind].controllers)
        expect(told(kind, 'unified', controller)?.code, `${kind} ${controller}`).toBe('unsupported');
  });

  it('is refused by what a look finds, and only where that was foreseen', () => {
    const facts = { setup: 'hybrid', controllers: everything } as const;
    const found = new Problem('unsupported', 'no disk');
    expect(
      whyNot('io', facts, {
        io: () => {
          throw found;
        },
      }),
    ).toBe(found);
    expect(() =>
      whyNot('io', facts, {
        io: () => {
          throw new Error('a slip');
        },
      }),
    ).toThrow('a slip');
  });
});

describe('words', () => {
  it('of every setting a lab makes are in the registry, for both versions', () => {
    for (const kind of LabKind.options)
      for (const { setting, v1, v2 } of wordsOf(kind)) {
        expect(v1.length, `${kind} ${setting}`).toBeGreaterThan(0);
        expect(v2.length, `${kind} ${setting}`).toBeGreaterThan(0);
      }
    expect(wordsOf('shares')[0]).toMatchObject({ v1: ['cpu.shares'], v2: ['cpu.weight'] });
    expect(wordsOf('memory').map(({ v1, v2 }) => [v1, v2])).toEqual([
      [['memory.limit_in_bytes'], ['memory.max']],
      [['memory.memsw.limit_in_bytes'], ['memory.swap.max']],
    ]);
    expect(wordsOf('freeze')[0]).toMatchObject({ v1: ['freezer.state'], v2: ['cgroup.freeze'] });
    expect(wordsOf('quota')[0]?.v1).toEqual(['cpu.cfs_quota_us', 'cpu.cfs_period_us']);
    expect(wordsOf('shares')[0]?.formulas.join()).toContain('1024');
  });
});
