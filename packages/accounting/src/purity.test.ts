import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

/** What would make an outcome depend on when and where it is computed, or money a float. */
const impure = /Date\.now|new Date\(\)|Temporal\.Now|performance\.now|Math\.random|parseFloat|\.toFixed\(|\bIntl\b|toLocale/;

const sources = globSync('**/*.ts', { cwd: import.meta.dirname }).filter((path) => !path.endsWith('.test.ts'));

test('no clock, no chance, no float and no locale is in what bills are computed with', () => {
  expect(sources.length).toBeGreaterThan(30);
  for (const path of sources)
    expect([path, impure.exec(readFileSync(join(import.meta.dirname, path), 'utf8'))?.[0]]).toEqual([path, undefined]);
});

test.each(['Date.now()', 'new Date()', 'Math.random()', 'value.toFixed(2)', 'parseFloat(text)', 'Temporal.Now.instant()'])(
  '%s would be found',
  (bad) => {
    expect(impure.test(`const a = ${bad};`)).toBe(true);
  },
);
