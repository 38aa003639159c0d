import { expect, it } from 'vitest';
import { CgroupTexts } from './cgroup-texts.ts';

it('reads once what all with one css_set share, and again where the address may be another one', () => {
  const reads: number[] = [];
  const texts = new CgroupTexts((pid) => {
    reads.push(pid);
    return pid === 99 ? '' : `text of ${pid}`;
  });
  texts.begin();
  expect(texts.of(1, 0xa0, 7)).toBe('text of 1');
  expect(texts.of(2, 0xa0, 7)).toBe('text of 1');
  // Gone before it could be read: nothing is remembered of it.
  expect(texts.of(99, 0xb0, 8)).toBe('');
  expect(texts.of(3, 0xb0, 8)).toBe('text of 3');
  texts.end();
  texts.begin();
  // Another cgroup at the same address.
  expect(texts.of(4, 0xa0, 9)).toBe('text of 4');
  texts.end();
  texts.begin();
  texts.end();
  texts.begin();
  // Nobody had it in a whole look.
  expect(texts.of(5, 0xa0, 9)).toBe('text of 5');
  expect(reads).toEqual([1, 99, 3, 4, 5]);
});
