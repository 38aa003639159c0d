import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { listInputs, StampFile } from './stamp.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'bulkhead-stamp-'));
  mkdirSync(join(root, 'src'));
  writeFileSync(join(root, 'src/a.ts'), '1');
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const stampOf = (salt = '') => new StampFile({ path: join(root, 'stamp.json'), root, files: listInputs([join(root, 'src')]), salt });

test('a step is current after it was recorded, and not before', () => {
  expect(stampOf().isCurrent()).toBe(false);
  stampOf().record(stampOf().snapshot());
  expect(stampOf().isCurrent()).toBe(true);
});

test('a changed, an added and a removed file make it stale; a touched one does not', () => {
  stampOf().record(stampOf().snapshot());
  utimesSync(join(root, 'src/a.ts'), new Date(), new Date(0));
  expect(stampOf().isCurrent()).toBe(true);
  writeFileSync(join(root, 'src/b.ts'), '2');
  expect(stampOf().isCurrent()).toBe(false);
  stampOf().record(stampOf().snapshot());
  rmSync(join(root, 'src/b.ts'));
  expect(stampOf().isCurrent()).toBe(false);
  stampOf().record(stampOf().snapshot());
  writeFileSync(join(root, 'src/a.ts'), '3');
  expect(stampOf().isCurrent()).toBe(false);
});

test('another version of a tool makes it stale', () => {
  stampOf('1').record(stampOf('1').snapshot());
  expect(stampOf('2').isCurrent()).toBe(false);
});

test('what a build writes and tests are no inputs', () => {
  mkdirSync(join(root, 'src/dist'));
  writeFileSync(join(root, 'src/dist/x.mjs'), '');
  writeFileSync(join(root, 'src/a.test.ts'), '');
  expect(listInputs([join(root, 'src')])).toEqual([join(root, 'src/a.ts')]);
});
