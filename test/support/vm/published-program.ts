import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { publishProgram } from '../../../apps/cli/src/up/program/publish.ts';
import { cacheDirectory } from './cache.ts';

/**
 * Publishes the program for a guest, which then finds it published: here that takes hard links, in there it would copy
 * nine thousand files.
 *
 * @returns the directory to be used as an instance's `programs`
 */
export function prepareProgram(root: string): string {
  const store = join(cacheDirectory, 'programs');
  mkdirSync(store, { recursive: true });
  const { id } = publishProgram(root, store);
  for (const name of readdirSync(store)) if (name !== id) rmSync(join(store, name), { recursive: true, force: true });
  return store;
}
