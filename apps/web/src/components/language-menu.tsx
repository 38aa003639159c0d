'use client';
import { Menu } from '@mantine/core';
import { useLocale } from 'next-intl';
import { locales } from '../i18n/locale.ts';
import { LanguageTarget, languageNames } from './language-target.tsx';
import { useChooseLanguage } from './use-choose-language.ts';

/** The languages, each by its own name. */
export function LanguageMenu() {
  const current = useLocale();
  const choose = useChooseLanguage();
  return (
    <Menu position="bottom-end" withinPortal defaultOpened>
      <Menu.Target>
        <LanguageTarget />
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
            {languageNames[locale]}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
