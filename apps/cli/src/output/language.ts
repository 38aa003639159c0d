/** Languages that the command line can tell some of its output in. */
export type Language = 'en' | 'zh';

/**
 * The language of a locale's name as locale(7) has it: `zh_CN.UTF-8`, `C`. Chinese only where its characters can be
 * shown: what is printed is UTF-8.
 */
export function languageOf(locale: string | undefined): Language {
  const [, language, codeset = 'utf8'] = /^([a-z]+)(?:_[A-Za-z]+)?(?:\.([^@]+))?/.exec(locale ?? '') ?? [];
  return language === 'zh' && /^utf-?8$/i.test(codeset) ? 'zh' : 'en';
}
