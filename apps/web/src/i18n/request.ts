import { cookies, headers } from 'next/headers';
import { getRequestConfig } from 'next-intl/server';
import en from '../../messages/en.json';
import zh from '../../messages/zh.json';
import { localeCookie, pickLocale } from './locale.ts';

const catalogues = { en, zh };

export default getRequestConfig(async () => {
  const locale = pickLocale((await cookies()).get(localeCookie)?.value, (await headers()).get('accept-language'));
  // Times are shown in the reader's zone, which only the browser knows; on the server none is formatted.
  return { locale, messages: catalogues[locale], timeZone: 'UTC' };
});
