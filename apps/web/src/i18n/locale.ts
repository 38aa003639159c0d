export const locales = ['en', 'zh'] as const;
export type Locale = (typeof locales)[number];
export const localeCookie = 'bulkhead-locale';

/** The chosen language, else the first of the browser's that is spoken here, else English. */
export function pickLocale(chosen: string | undefined, acceptLanguage: string | null): Locale {
  const wanted = [chosen ?? '', ...(acceptLanguage ?? '').split(',').map((part) => part.split(';')[0]?.trim().toLowerCase() ?? '')];
  for (const tag of wanted) {
    const found = locales.find((locale) => tag === locale || tag.startsWith(`${locale}-`));
    if (found !== undefined) return found;
  }
  return 'en';
}
