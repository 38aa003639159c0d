import type { Namespace } from '@bulkhead/model';
import { expect, it } from 'vitest';
import { drawTree } from './tree.ts';

const make = (ino: number, type: Namespace['type'], facts: Partial<Namespace> & { processes?: number } = {}): Namespace => {
  const { processes = 1, ...more } = facts;
  return {
    key: `4-${ino}`,
    type,
    dev: '4',
    ino: String(ino),
    initial: false,
    maker: { runtime: 'plain', name: 'sleep' },
    holders: { processes, threads: 0, mounts: [], mountCount: 0, descriptors: [], descriptorCount: 0, children: 0 },
    firstSeenAt: '2026-01-01T00:00:00.000Z',
    ...more,
  };
};

it('puts each below its parent or owner, by type and number', () => {
  const drawn = drawTree([
    make(7, 'network', { owner: '4-5', maker: { runtime: 'podman', name: 'web' } }),
    make(8, 'pid', { owner: '4-5', parent: '4-2' }),
    make(9, 'pid', { owner: '4-5', parent: '4-8', processes: 0 }),
    make(5, 'user', { owner: '4-1', parent: '4-1', processes: 2 }),
    make(2, 'pid', { initial: true, owner: '4-1', processes: 90 }),
    make(1, 'user', { initial: true, processes: 90 }),
  ]);
  expect(drawn).toBe(`user 4-1  host, 90 processes
├─pid 4-2  host, 90 processes
└─user 4-5  plain sleep, 2 processes
  ├─pid 4-8  plain sleep, 1 process
  │ └─pid 4-9  plain sleep, no process
  └─network 4-7  podman web, 1 process
`);
});

it('keeps what has an owner that cannot be seen, and shows no terminal escapes', () => {
  expect(drawTree([make(7, 'uts', { owner: '4-99', maker: { runtime: 'plain', name: '\u001b[31mred' } })])).toBe(
    'uts 4-7  plain \\x1b[31mred, 1 process\n',
  );
});
