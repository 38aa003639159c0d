import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { closePackages, linksToPackages } from './packages.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'bulkhead-packages-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const place = (name: string): string => `node_modules/.pnpm/${name.replace('/', '+')}@1/node_modules/${name}`;

/** A package as pnpm lays it out: its own directory, and links to what it needs beside it. */
function addPackage(name: string, manifest: object, needs: readonly string[] = []): void {
  const directory = join(root, place(name));
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, 'package.json'), JSON.stringify({ name, ...manifest }));
  for (const needed of needs) {
    const link = join(directory.slice(0, -name.length), needed);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(join(root, place(needed)), link);
  }
}

test('what is needed at run time is found over any number of steps, rings too', () => {
  addPackage('a', { dependencies: { b: '1' } }, ['b']);
  addPackage('b', { dependencies: { '@s/c': '1' } }, ['@s/c']);
  addPackage('@s/c', { dependencies: { a: '1' } }, ['a']);
  addPackage('d', {});
  expect(closePackages(root, [place('a')])).toEqual([place('@s/c'), place('a'), place('b')]);
});

test('optional packages are taken where they are installed; optional peers, compilers and types are not', () => {
  const needs = ['here', 'peer', 'maybe', '@types/node', 'typescript'];
  for (const name of needs) addPackage(name, {});
  addPackage(
    'a',
    {
      optionalDependencies: { here: '1', 'not-installed': '1' },
      peerDependencies: { peer: '1', maybe: '1', typescript: '1' },
      peerDependenciesMeta: { maybe: { optional: true } },
      dependencies: { '@types/node': '1' },
    },
    needs,
  );
  expect(closePackages(root, [place('a')])).toEqual([place('a'), place('here'), place('peer')]);
});

test('links to packages are found below scopes, others are not', () => {
  addPackage('a', {});
  addPackage('@s/c', {});
  addPackage('other', {});
  const app = join(root, 'apps/x/node_modules');
  mkdirSync(join(app, '@s'), { recursive: true });
  for (const name of ['a', '@s/c', 'other']) symlinkSync(join(root, place(name)), join(app, name));
  expect(linksToPackages(root, 'apps/x/node_modules', new Set([place('a'), place('@s/c')])).sort()).toEqual([
    'apps/x/node_modules/@s/c',
    'apps/x/node_modules/a',
  ]);
});
