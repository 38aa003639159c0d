import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { checkDocs, citedPaths } from './docs.ts';

test('paths in links and code spans are found, addresses and code blocks are not', () => {
  const text =
    'See [plan](docs/plan.md#top), [site](https://example.org) and `packages/db/src/a.ts:12`.\n```\n`apps/gone.ts`\n```\n`node:fs` `x/y`\n';
  expect(citedPaths(text).map(({ path, line }) => `${line} ${path}`)).toEqual(['1 docs/plan.md', '1 packages/db/src/a.ts']);
});

test('a path that is gone is named with file and line', () => {
  const root = mkdtempSync(join(tmpdir(), 'bulkhead-docs-'));
  try {
    mkdirSync(join(root, 'packages/db'), { recursive: true });
    writeFileSync(join(root, 'README.md'), 'Fine: `packages/db`.\nGone: `packages/cache/src`.\n[here](docs/x.md)\n');
    expect(checkDocs(root)).toEqual([
      'README.md:2: packages/cache/src does not exist: mend the path, or take the sentence out',
      'README.md:3: docs/x.md does not exist: mend the path, or take the sentence out',
    ]);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
});
