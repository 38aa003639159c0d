import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Problem } from '@bulkhead/model';

function findProgramRoot(): string {
  let directory = import.meta.dirname;
  while (!existsSync(join(directory, 'pnpm-workspace.yaml'))) {
    if (directory === '/') throw new Problem('internal', `no checkout of bulkhead above ${import.meta.dirname}`);
    directory = dirname(directory);
  }
  return directory;
}

/** The checkout that this command line runs from. */
export const programRoot = findProgramRoot();
