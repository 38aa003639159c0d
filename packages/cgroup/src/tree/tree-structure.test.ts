import { mkdirSync, mkdtempSync, rmdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AT_FDCWD, O_DIRECTORY, O_RDONLY, openat } from '@bulkhead/kernel';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Hierarchy } from '../hierarchy.ts';
import { TreeStructure } from './tree-structure.ts';

/** Directories stand in for hierarchies: inotify(7) tells of both alike. */
describe('which groups there are', () => {
  let place: string;
  let hierarchies: Hierarchy[];
  let told: string[];
  let structure: TreeStructure;

  beforeEach(() => {
    place = mkdtempSync(join(tmpdir(), 'bulkhead-tree-'));
    hierarchies = ['one', 'two'].map((name) => {
      mkdirSync(join(place, name));
      return new Hierarchy(join(place, name), openat(AT_FDCWD, join(place, name), O_RDONLY | O_DIRECTORY), [name]);
    });
    told = [];
    structure = new TreeStructure({
      hierarchies: { all: hierarchies },
      limit: 100,
      listener: {
        appeared: ({ path }) => told.push(`+${path}`),
        moved: ({ path, present }) => told.push(`${path}: ${present.length}`),
        gone: (path) => told.push(`-${path}`),
        written: () => undefined,
      },
    });
    told.length = 0;
  });

  afterEach(() => {
    structure[Symbol.dispose]();
    for (const hierarchy of hierarchies) hierarchy[Symbol.dispose]();
    rmSync(place, { recursive: true });
  });

  it('is heard at the next step, with what is below by then', () => {
    mkdirSync(join(place, 'one/a/b'), { recursive: true });
    expect(told).toEqual([]);
    structure.step();
    expect(told).toEqual(['+a', '+a/b']);
    mkdirSync(join(place, 'two/a'));
    mkdirSync(join(place, 'one/a/c'));
    structure.step();
    expect(told.slice(2)).toEqual(['a: 2', '+a/c']);
    rmdirSync(join(place, 'one/a/c'));
    structure.step();
    expect(told.at(-1)).toBe('-a/c');
  });

  it('leaves out what was gone before anybody looked, and does not watch it', () => {
    const watched = structure.watched;
    mkdirSync(join(place, 'one/short'));
    mkdirSync(join(place, 'two/short'));
    rmdirSync(join(place, 'one/short'));
    rmdirSync(join(place, 'two/short'));
    structure.step();
    expect(told).toEqual([]);
    expect(structure.watched).toBe(watched);
  });

  it('looks at once for a group that somebody asks for', () => {
    mkdirSync(join(place, 'two/asked'));
    structure.check('asked');
    expect(told).toEqual(['+asked']);
  });

  it('takes in what somebody knows of, after what is above it and before what is below', () => {
    mkdirSync(join(place, 'one/tenant/container/init'), { recursive: true });
    mkdirSync(join(place, 'two/tenant/container'), { recursive: true });
    structure.meet('tenant/container');
    expect(told).toEqual(['+tenant', 'tenant: 2', '+tenant/container', 'tenant/container: 2']);
    structure.meetSubtree('tenant/container');
    expect(told.slice(4)).toEqual(['+tenant/container/init']);
    structure.step();
    expect(told.filter((line) => line.startsWith('+'))).toHaveLength(3);
  });

  it('takes one that was made anew under its name for another', () => {
    mkdirSync(join(place, 'one/again'));
    structure.step();
    rmdirSync(join(place, 'one/again'));
    mkdirSync(join(place, 'one/again'));
    structure.step();
    expect(structure.groups.has('again')).toBe(true);
    expect(told).toContain('again: 1');
    mkdirSync(join(place, 'one/again/below'));
    structure.step();
    expect(told.at(-1)).toBe('+again/below');
  });
});
