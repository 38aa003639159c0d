import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { nodePackage, nodeProgram } from '../node-program.ts';
import { publishProgram } from './publish.ts';

let place: string;
let root: string;
let store: string;
const write = (path: string, content: string): void => {
  mkdirSync(join(root, path, '..'), { recursive: true });
  writeFileSync(join(root, path), content);
};

beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), 'bulkhead-publish-'));
  root = join(place, 'checkout');
  store = join(place, 'programs');
  mkdirSync(store);
  write('apps/agent/dist/main.mjs', 'agent 1');
  write('apps/agent/dist/main.mjs.map', 'map');
  write('apps/agent/dist/main.packages.json', '["node_modules/.pnpm/p@1/node_modules/p"]');
  write('apps/web/.next/BUILD_ID', 'one');
  write('apps/web/.next/cache/big', 'for the next build');
  write('pnpm-lock.yaml', 'lock 1');
  write('node_modules/.pnpm/p@1/node_modules/p/package.json', '{"name":"p"}');
  write('node_modules/.pnpm/p@1/node_modules/p/index.js', 'p');
  write('node_modules/.pnpm/p@1/node_modules/p/index.d.ts', 'types');
  write('node_modules/.pnpm/node@26/node_modules/node/package.json', '{"name":"node"}');
  write('node_modules/.pnpm/node@26/node_modules/node/bin/node', 'node');
  write('node_modules/.pnpm/node@26/node_modules/node/include/node.h', 'header');
  chmodSync(join(root, 'node_modules/.pnpm/node@26/node_modules/node/bin/node'), 0o755);
  symlinkSync('.pnpm/node@26/node_modules/node', join(root, nodePackage));
});
afterEach(() => rmSync(place, { recursive: true, force: true }));

/** Files and links, these not followed. */
const files = (directory: string, below = ''): string[] =>
  readdirSync(join(directory, below), { withFileTypes: true })
    .flatMap((entry) => (entry.isDirectory() ? files(directory, join(below, entry.name)) : [join(below, entry.name)]))
    .sort();

test('a version holds what services need and nothing else: builds as copies, packages as links', () => {
  const { directory, isNew } = publishProgram(root, store);
  expect(isNew).toBe(true);
  expect(files(directory)).toEqual([
    'apps/agent/dist/main.mjs',
    'apps/agent/dist/main.packages.json',
    'apps/web/.next/BUILD_ID',
    'node_modules/.pnpm/node@26/node_modules/node/bin/node',
    'node_modules/.pnpm/node@26/node_modules/node/package.json',
    'node_modules/.pnpm/p@1/node_modules/p/index.js',
    'node_modules/.pnpm/p@1/node_modules/p/package.json',
    nodePackage,
    'pnpm-lock.yaml',
  ]);
  expect(readFileSync(nodeProgram(directory), 'utf8')).toBe('node');
  expect(statSync(nodeProgram(directory)).ino).toBe(statSync(nodeProgram(root)).ino);
  expect(statSync(join(directory, 'apps/agent/dist/main.mjs')).ino).not.toBe(statSync(join(root, 'apps/agent/dist/main.mjs')).ino);
});

test('the same bytes are the same version; a build that writes into its files changes no version and makes another', () => {
  const first = publishProgram(root, store);
  expect(publishProgram(root, store)).toEqual({ ...first, isNew: false });
  writeFileSync(join(root, 'apps/agent/dist/main.mjs'), 'agent 2');
  const second = publishProgram(root, store);
  expect(second.id).not.toBe(first.id);
  expect(readFileSync(join(first.directory, 'apps/agent/dist/main.mjs'), 'utf8')).toBe('agent 1');
  expect(readFileSync(join(second.directory, 'apps/agent/dist/main.mjs'), 'utf8')).toBe('agent 2');
  write('pnpm-lock.yaml', 'lock 2');
  expect(publishProgram(root, store).id).not.toBe(second.id);
});

test('a version that lost bytes in a power cut is made anew, and what an interrupted up left is no version', () => {
  const first = publishProgram(root, store);
  writeFileSync(join(first.directory, 'apps/agent/dist/main.mjs'), '');
  mkdirSync(join(store, `.new-${process.pid}`, 'apps'), { recursive: true });
  const again = publishProgram(root, store);
  expect(again).toEqual({ ...first, isNew: true });
  expect(readFileSync(join(again.directory, 'apps/agent/dist/main.mjs'), 'utf8')).toBe('agent 1');
  expect(readdirSync(store)).toEqual([again.id]);
});

test('files of a closed clone can be read by the services, and stay closed in the clone', () => {
  const packageFile = join(root, 'node_modules/.pnpm/p@1/node_modules/p/index.js');
  chmodSync(packageFile, 0o600);
  chmodSync(join(root, 'apps/agent/dist/main.mjs'), 0o600);
  chmodSync(nodeProgram(root), 0o700);
  const { directory } = publishProgram(root, store);
  const modeOf = (path: string): string => (statSync(path).mode & 0o7777).toString(8);
  expect(modeOf(join(directory, 'node_modules/.pnpm/p@1/node_modules/p/index.js'))).toBe('644');
  expect(modeOf(join(directory, 'apps/agent/dist/main.mjs'))).toBe('644');
  expect(modeOf(nodeProgram(directory))).toBe('755');
  expect(modeOf(packageFile)).toBe('600');
  expect(existsSync(join(directory, 'apps'))).toBe(true);
});
