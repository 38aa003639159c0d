import { expect, test } from 'vitest';
import { languageOf } from './language.ts';

test.each([
  ['zh_CN.UTF-8', 'zh'],
  ['zh_CN.utf8', 'zh'],
  ['zh_TW', 'zh'],
  ['zh', 'zh'],
  ['zh_CN.UTF-8@pinyin', 'zh'],
  ['zh_CN.GB18030', 'en'],
  ['en_US.UTF-8', 'en'],
  ['de_DE', 'en'],
  ['C.UTF-8', 'en'],
  ['POSIX', 'en'],
  ['zha_CN', 'en'],
  ['', 'en'],
  [undefined, 'en'],
])('%s is told in %s', (locale, language) => {
  expect(languageOf(locale)).toBe(language);
});
