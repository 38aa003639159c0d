'use client';
import { useRouter } from 'next/navigation';
import { useCallback } from 'react';
import { type Locale, localeCookie } from '../i18n/locale.ts';

const yearSeconds = 365 * 24 * 3600;

/** Has the page rendered in another language, now and from now on. */
export function useChooseLanguage(): (locale: Locale) => void {
  const router = useRouter();
  return useCallback(
    (locale) => {
      // biome-ignore lint/suspicious/noDocumentCookie: a preference that the server reads at the next render; cookieStore is not in every browser
      document.cookie = `${localeCookie}=${locale}; path=/; max-age=${yearSeconds}; samesite=lax${window.location.protocol === 'https:' ? '; secure' : ''}`;
      router.refresh();
    },
    [router],
  );
}
