import type { CgroupNode } from '@bulkhead/model';
import { describe, expect, it } from 'vitest';
import { cgroupHref, isOpen, pathOfSegments, readView, toggle, writeView } from './cgroups-url.ts';
import { heatOf, ioOf, reasonFor, worstPressure } from './pressure.ts';
import { childrenOf, flatRowsOf, levelOf, nameOf, parentOf, rowsOf } from './rows.ts';

const node = (path: string, cpuMillis?: number): CgroupNode => ({
  path,
  controllers: ['cpu'],
  maker: { runtime: 'systemd', name: nameOf(path) },
  limits: {},
  use: cpuMillis === undefined ? {} : { cpuMillis },
});
const tree = (...nodes: CgroupNode[]) => childrenOf(new Map(nodes.map((one) => [one.path, one])));
const byPath = (a: CgroupNode, b: CgroupNode) => a.path.localeCompare(b.path);
const nodes = ['/', '/a', '/a/x', '/a/y', '/b', '/b/z', '/b/z/deep'].map((path) => node(path));
const all = { isOpen: () => true, matches: undefined, compare: byPath };

describe('rows of the tree', () => {
  it('come parents first, with their level and place among siblings', () => {
    const rows = rowsOf(tree(...nodes), all);
    expect(rows.map(({ node: { path }, level, position, siblings }) => [path, level, position, siblings])).toEqual([
      ['/', 1, 1, 1],
      ['/a', 2, 1, 2],
      ['/a/x', 3, 1, 2],
      ['/a/y', 3, 2, 2],
      ['/b', 2, 2, 2],
      ['/b/z', 3, 1, 1],
      ['/b/z/deep', 4, 1, 1],
    ]);
  });

  it('leave out what is below a closed one', () => {
    const rows = rowsOf(tree(...nodes), { ...all, isOpen: (path) => path !== '/b' });
    expect(rows.map(({ node: { path } }) => path)).toEqual(['/', '/a', '/a/x', '/a/y', '/b']);
    expect(rows.at(-1)).toMatchObject({ hasChildren: true, open: false });
  });

  it('are sorted among siblings only', () => {
    const rows = rowsOf(tree(node('/'), node('/a', 1), node('/a/low', 9), node('/a/high', 90), node('/b', 5)), {
      ...all,
      compare: (a, b) => (b.use.cpuMillis ?? -1) - (a.use.cpuMillis ?? -1),
    });
    expect(rows.map(({ node: { path } }) => path)).toEqual(['/', '/b', '/a', '/a/high', '/a/low']);
  });

  it('stand in one order over the whole host where they are a list, by their paths', () => {
    const cgroups = new Map([node('/'), node('/a', 1), node('/a/high', 90), node('/b', 5)].map((one) => [one.path, one]));
    const compare = (a: CgroupNode, b: CgroupNode) => (b.use.cpuMillis ?? -1) - (a.use.cpuMillis ?? -1);
    const rows = flatRowsOf(cgroups, { matches: ({ path }) => path !== '/', compare });
    expect(rows.map(({ name, level, position, siblings, hasChildren }) => [name, level, position, siblings, hasChildren])).toEqual([
      ['/a/high', 1, 1, 3, false],
      ['/b', 1, 2, 3, false],
      ['/a', 1, 3, 3, false],
    ]);
  });

  it('show what a search finds with everything above it, and say which is which', () => {
    const rows = rowsOf(tree(...nodes), { ...all, isOpen: () => false, matches: ({ path }) => path.includes('deep') });
    expect(rows.map(({ node: { path }, matches }) => [path, matches])).toEqual([
      ['/', false],
      ['/b', false],
      ['/b/z', false],
      ['/b/z/deep', true],
    ]);
  });

  it('stand at the top where their parent is not told of', () => {
    expect(rowsOf(tree(node('/a/x')), all)).toMatchObject([{ name: '/a/x', level: 1 }]);
  });

  it('come fast for 5,000 cgroups', () => {
    const many = Array.from({ length: 5_000 }, (_, index) => node(`/s${index % 50}/u${index}`));
    const parents = Array.from({ length: 50 }, (_, index) => node(`/s${index}`));
    const children = tree(node('/'), ...parents, ...many);
    const started = performance.now();
    expect(rowsOf(children, all)).toHaveLength(5_051);
    expect(performance.now() - started).toBeLessThan(250);
  });
});

describe('paths', () => {
  it('have names, parents and levels', () => {
    expect(['/', '/a', '/a/b'].map((path) => [nameOf(path), parentOf(path), levelOf(path)])).toEqual([
      ['/', undefined, 1],
      ['a', '/', 2],
      ['b', '/a', 3],
    ]);
  });

  it.each(['/', '/system.slice/ssh.service', '/system.slice/dev-disk\\x2dby.mount', '/a b/ü?#%/c', '/a/at'])(
    '%s makes an address and back',
    (path) => {
      const { pathname } = new URL(`http://host${cgroupHref(path)}`);
      const segments = pathname.split('/').slice(3);
      expect(pathOfSegments(segments)).toBe(path);
    },
  );
});

describe('the address of the tree', () => {
  const first = readView(new URLSearchParams());

  it('opens the root alone as long as nothing else was said', () => {
    expect([isOpen(first, '/', 1), isOpen(first, '/a', 2)]).toEqual([true, false]);
  });

  it('keeps what was opened and closed', () => {
    const opened = readView(new URLSearchParams(writeView(toggle(toggle(first, '/a'), '/'))));
    expect([isOpen(opened, '/', 1), isOpen(opened, '/a', 2), isOpen(opened, '/b', 2)]).toEqual([false, true, false]);
    expect(toggle(toggle(first, '/a'), '/a')).toEqual(first);
  });

  it('names the closed ones where all are open', () => {
    const view = readView(new URLSearchParams(writeView(toggle({ ...first, all: true }, '/a'))));
    expect([isOpen(view, '/', 1), isOpen(view, '/a', 2), isOpen(view, '/b', 2)]).toEqual([true, false, true]);
  });

  it('keeps search, order and whether it is a list', () => {
    const view = { ...first, search: 'ssh', flat: true, sort: { column: 'maker' as const, descending: true } };
    expect(readView(new URLSearchParams(writeView(view)))).toEqual(view);
  });
});

describe('pressure', () => {
  it('is the worst of what was measured, and nothing where nothing was', () => {
    expect(worstPressure({ cpuSome: 0.1, memoryFull: 0.3, ioSome: 0 })).toEqual({ resource: 'memory', kind: 'full', share: 0.3 });
    expect(worstPressure({})).toBeUndefined();
    expect(worstPressure(undefined)).toBeUndefined();
    expect(worstPressure({ cpuSome: 0 })?.share).toBe(0);
  });

  it('is drawn in five steps', () => {
    expect([0, 0.0005, 0.01, 0.1, 0.3, 0.9].map(heatOf)).toEqual([0, 0, 1, 2, 3, 4]);
  });

  it('gives the reason why it is not measured', () => {
    const gaps = { cgroups: 0, leftOut: 0, leftOutBelow: [] };
    expect(reasonFor({ ...gaps, reasons: ['memory-missing', 'pressure-unbuilt'] }, 'pressure')).toBe('pressure-unbuilt');
    expect(reasonFor({ ...gaps, reasons: ['memory-missing'] }, 'pressure')).toBeUndefined();
  });

  it('I/O that was not measured either way is not zero', () => {
    expect(ioOf({})).toBeUndefined();
    expect(ioOf({ ioReadBytesPerSecond: 5 })).toBe(5);
  });
});
