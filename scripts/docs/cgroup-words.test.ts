import { readFileSync } from 'node:fs';
import { cgroupSettings } from '@bulkhead/model';
import { expect, test } from 'vitest';
import { cgroupWordsFile, describeCgroupWords } from './cgroup-words.ts';

test('the page on words and formulas is what the registry says: node scripts/docs/cgroup-words.ts writes it anew', () => {
  expect(readFileSync(cgroupWordsFile, 'utf8')).toBe(describeCgroupWords());
});

test('it has every setting, every file of both versions, and every formula with its source', () => {
  const page = readFileSync(cgroupWordsFile, 'utf8');
  for (const { key, v1, v2, formulas } of cgroupSettings) {
    expect(page).toContain(`\`${key}\``);
    for (const { files } of [...v1, ...v2]) for (const { name } of files) expect(page).toContain(`\`${name}\``);
    for (const { formula, source } of formulas) expect(page).toContain(`${formula}. *${source}.*`);
  }
});
