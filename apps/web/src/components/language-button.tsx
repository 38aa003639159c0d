'use client';
import { Button, Menu } from '@mantine/core';
import { IconLanguage } from '@tabler/icons-react';
import { useRouter } from 'next/navigation';
import { useLocale, useTranslations } from 'next-intl';
import { useCallback } from 'react';
import { type Locale, localeCookie, locales } from '../i18n/locale.ts';

/** Each language by its own name. */
const names: Record<Locale, string> = { en: 'English', zh: '简体中文' };

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

export function LanguageButton() {
  const t = useTranslations('shell');
  const current = useLocale();
  const choose = useChooseLanguage();
  return (
    <Menu position="bottom-end" withinPortal>
      <Menu.Target>
        <Button
          variant="subtle"
          color="gray"
          size="compact-sm"
          leftSection={<IconLanguage size={16} aria-hidden="true" />}
          aria-label={t('language', { name: names[current] })}
        >
          {names[current]}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {locales.map((locale) => (
          <Menu.Item
            key={locale}
            lang={locale}
            aria-current={locale === current}
            fw={locale === current ? 600 : undefined}
            onClick={() => choose(locale)}
          >
            {names[locale]}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
