'use client';
import { Button, type ButtonProps } from '@mantine/core';
import { IconLanguage } from '@tabler/icons-react';
import { useLocale, useTranslations } from 'next-intl';
import type { ComponentProps } from 'react';
import type { Locale } from '../i18n/locale.ts';

/** Each language by its own name. */
export const languageNames: Record<Locale, string> = { en: 'English', zh: '简体中文' };

/** Opens the list of languages; it looks alike before and after the list was fetched. */
export function LanguageTarget(props: ButtonProps & Omit<ComponentProps<'button'>, keyof ButtonProps>) {
  const t = useTranslations('shell');
  const current = useLocale();
  return (
    <Button
      variant="subtle"
      color="gray"
      size="compact-sm"
      leftSection={<IconLanguage size={16} aria-hidden="true" />}
      aria-label={t('language', { name: languageNames[current] })}
      aria-haspopup="menu"
      {...props}
    >
      {languageNames[current]}
    </Button>
  );
}
