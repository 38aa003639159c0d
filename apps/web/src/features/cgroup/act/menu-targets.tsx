'use client';
import { Button, type ButtonProps } from '@mantine/core';
import { IconChevronDown, IconDots } from '@tabler/icons-react';
import { useTranslations } from 'next-intl';
import type { ComponentProps } from 'react';
import css from './act.module.css';

/** Opens the menu of a row. It looks alike before and after its menu was fetched. */
export function RowTarget({ name, ...props }: ComponentProps<'button'> & { name: string }) {
  const t = useTranslations('cgroupAct');
  return (
    <button type="button" tabIndex={-1} data-menu aria-label={t('menu', { name })} aria-haspopup="menu" {...props} className={css.menu}>
      <IconDots size={16} aria-hidden="true" />
    </button>
  );
}

/** Opens the further actions of a page. */
export function HeadTarget(props: ButtonProps & Omit<ComponentProps<'button'>, keyof ButtonProps>) {
  const t = useTranslations('cgroupAct');
  return (
    <Button size="xs" variant="default" aria-haspopup="menu" rightSection={<IconChevronDown size={14} aria-hidden="true" />} {...props}>
      {t('more')}
    </Button>
  );
}
