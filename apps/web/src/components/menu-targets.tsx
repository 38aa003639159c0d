'use client';
import { ActionIcon, type ActionIconProps } from '@mantine/core';
import { IconDots, IconUserCircle } from '@tabler/icons-react';
import { useTranslations } from 'next-intl';
import type { ComponentProps } from 'react';
import css from './shell.module.css';

/** Opens what belongs to the account. It looks alike before and after its menu was fetched. */
export function AccountTarget(props: ActionIconProps & Omit<ComponentProps<'button'>, keyof ActionIconProps>) {
  const t = useTranslations('shell');
  return (
    <ActionIcon variant="subtle" color="gray" size={32} aria-label={t('account')} aria-haspopup="menu" {...props}>
      <IconUserCircle size={20} aria-hidden="true" />
    </ActionIcon>
  );
}

/** Opens the pages that have no place at the bottom of a narrow screen. */
export function MoreTarget(props: ComponentProps<'button'>) {
  const t = useTranslations('shell');
  return (
    <button type="button" aria-haspopup="menu" {...props} className={`${css.link} ${css.further}`}>
      <IconDots size={18} stroke={1.6} aria-hidden="true" />
      <span>{t('more')}</span>
    </button>
  );
}
